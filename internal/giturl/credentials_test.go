package giturl

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/event"

	"github.com/vxlite/vxlite/internal/testkit"
)

// collect returns the candidates for a URL, "USER PASSWORD (ORIGIN)" for each.
func collect(t *testing.T, c *Credentials, url string) []string {
	t.Helper()
	r, err := Parse(url)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for cred := range c.Candidates(t.Context(), r) {
		out = append(out, fmt.Sprintf("%s %s (%s)", cred.Username, string(cred.Password), cred.Origin))
	}
	return out
}

// TestCredentials has the order of the candidates.
func TestCredentials(t *testing.T) {
	testkit.NeedsUnix(t, "git is a script")
	home := t.TempDir()
	netrc := filepath.Join(home, ".netrc")
	testkit.WriteFile(t, netrc, "machine git.corp login ann password from-netrc\nmachine other.corp login bob password bobs\n")
	other := filepath.Join(home, "other-netrc")
	testkit.WriteFile(t, other, "machine git.corp login eve password from-other\n")
	git := testkit.FakeGit(t, "protocol=https\nhost=git.corp\nusername=helped\npassword=by=helper\n")
	creds := &Credentials{
		Env: testkit.Vars{"HOME": home, "PATH": git}.Env,
		Git: config.Git{
			Credentials: []config.Credential{
				{Host: "git.corp:8443", Username: "ported", Password: "p1"},
				{Host: "GIT.corp", Username: "ci", Password: "p2"},
				{Host: "git.corp", SSHKey: "/srv/key"},
				{Host: "git.corp:443", Username: "default-port", Password: "p3"},
			},
			Tokens: []config.Token{
				{Host: "git.corp", User: "oauth2", Token: "t1", Key: "gitlab.token"},
				{Host: "git.corp", User: "x-access-token", Token: "", Key: "github.token"},
				{Host: "github.com", User: "x-access-token", Token: "t2", Key: "github.token"},
			},
		},
	}
	const none, helper = "  (no credentials)", "helped by=helper (git's credential helper)"
	const ofConfig = " (git.credentials of the config)"
	fromNetrc := "ann from-netrc (" + netrc + ")"
	for _, tt := range []struct {
		url  string
		want []string
	}{
		{"https://git.corp/lib", []string{"ci p2" + ofConfig, "default-port p3" + ofConfig, "oauth2 t1 (gitlab.token of the config)", fromNetrc, none, helper}},
		{"https://ann:in-url@git.corp/lib", []string{"ann in-url (the URL's password)", "ci p2" + ofConfig, "default-port p3" + ofConfig, "oauth2 t1 (gitlab.token of the config)", fromNetrc, none, helper}},
		{"https://git.corp:8443/lib", []string{"ported p1" + ofConfig, "ci p2" + ofConfig, "oauth2 t1 (gitlab.token of the config)", fromNetrc, none, helper}},
		{"https://other.corp/lib", []string{"bob bobs (" + netrc + ")", none, helper}},
		{"https://eve@other.corp/lib", []string{"eve  (the URL's user)", none, helper}},
		{"https://ci@git.corp/lib", []string{"ci p2" + ofConfig, "default-port p3" + ofConfig, "oauth2 t1 (gitlab.token of the config)", none, helper}},
		{"https://github.com/lib", []string{"x-access-token t2 (github.token of the config)", none, helper}},
		{"https://github.com.evil.example/lib", []string{none, helper}},
		{"https://corp/lib", []string{none, helper}},
	} {
		if got := collect(t, creds, tt.url); !slices.Equal(got, tt.want) {
			t.Errorf("%s:\n%s\nwant:\n%s", tt.url, strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
		}
	}

	for _, tt := range []struct {
		name string
		env  testkit.Vars
		want []string
	}{
		{"NETRC", testkit.Vars{"HOME": home, "NETRC": other}, []string{"eve from-other (" + other + ")", none}},
		{"no netrc", testkit.Vars{"HOME": t.TempDir()}, []string{none}},
		{"nothing at all", testkit.Vars{}, []string{none}},
		{"a git in the working directory", testkit.Vars{"PATH": ".:bin"}, []string{none}},
	} {
		if got := collect(t, &Credentials{Env: tt.env.Env}, "https://git.corp/lib"); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// TestCredentialHelper has what git is asked, and that it is asked last and
// only where the rest does not do.
func TestCredentialHelper(t *testing.T) {
	testkit.NeedsUnix(t, "git is a script")
	const none, helped = "  (no credentials)", "helped s3cret (git's credential helper)"
	for _, tt := range []struct {
		url, stdin string
		want       []string
	}{
		{"https://git.corp/acme/lib.git", "protocol=https\nhost=git.corp\npath=acme/lib.git\n\n", []string{none, helped}},
		{"http://ann@git.corp:8080/lib", "protocol=http\nhost=git.corp:8080\npath=lib\nusername=ann\n\n", []string{"ann  (the URL's user)", none, helped}},
	} {
		git := testkit.FakeGit(t, "username=helped\r\npassword=s3cret\r\n")
		env := testkit.Vars{"HOME": "/home/ann", "PATH": git, "USER": "ann", "GIT_CONFIG_GLOBAL": "/srv/gitconfig", "GIT_ASKPASS": "/bin/ask",
			"GIT_DIR": "/srv/repo", "CORP_TOKEN": "secret"}
		var seen testkit.Events
		c := &Credentials{Env: env.Env, Sink: seen.Sink}
		if got := collect(t, c, tt.url); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.url, got, tt.want)
		}
		for name, want := range map[string]string{
			"argv":  "-c core.askPass= credential fill\n",
			"stdin": tt.stdin,
			// The shell adds PWD, and perhaps others of its own.
			"env": "GIT_ASKPASS=\nGIT_CONFIG_GLOBAL=/srv/gitconfig\nGIT_TERMINAL_PROMPT=0\nHOME=/home/ann\nPATH=" + git + "\nSSH_ASKPASS=\nUSER=ann\n",
		} {
			data, err := os.ReadFile(filepath.Join(git, name))
			if err != nil {
				t.Fatal(err)
			}
			got := string(data)
			if name == "env" {
				got = withoutShellVars(got)
			}
			if got != want {
				t.Errorf("%s: %s:\n%s\nwant:\n%s", tt.url, name, got, want)
			}
		}
		if n := seen.Count(event.Command); n != 1 {
			t.Errorf("%d commands were shown, want 1", n)
		}
		if text := fmt.Sprint(seen.All); strings.Contains(text, "s3cret") {
			t.Errorf("the password is in the events: %s", text)
		}
	}

	git := testkit.FakeGit(t, "username=helped\npassword=s3cret\n")
	c := &Credentials{Env: testkit.Vars{"PATH": git}.Env}
	r, err := Parse("https://git.corp/lib")
	if err != nil {
		t.Fatal(err)
	}
	for range c.Candidates(t.Context(), r) {
		break // anonymous will do
	}
	if _, err := os.Stat(filepath.Join(git, "argv")); err == nil {
		t.Error("git was run though nobody asked for its answer")
	}
}

// withoutShellVars drops what shells set by themselves.
func withoutShellVars(env string) string {
	var out strings.Builder
	for line := range strings.Lines(env) {
		name, _, _ := strings.Cut(line, "=")
		if !slices.Contains([]string{"PWD", "OLDPWD", "SHLVL", "_"}, name) {
			out.WriteString(line)
		}
	}
	return out.String()
}

// TestCredentialHelperFails has helpers that do not help.
func TestCredentialHelperFails(t *testing.T) {
	for name, script := range map[string]string{
		"fails":            "#!/bin/sh\necho username=a; echo password=b; exit 128\n",
		"without password": "#!/bin/sh\necho username=a\n",
		"without end":      "#!/bin/sh\nwhile :; do echo username=a; echo password=b; done\n",
		"rubbish":          "#!/bin/sh\necho ====; echo\n",
		"not a program":    "rubbish",
	} {
		dir := t.TempDir()
		testkit.WriteFile(t, filepath.Join(dir, "git"), script)
		if err := os.Chmod(filepath.Join(dir, "git"), 0o755); err != nil {
			t.Fatal(err)
		}
		c := &Credentials{Env: testkit.Vars{"PATH": dir}.Env}
		if got, want := collect(t, c, "https://git.corp/lib"), []string{"  (no credentials)"}; !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}
