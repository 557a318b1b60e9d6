package source

import (
	"io"
	"os/exec"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/vxlite/vxlite/internal/gitpack"
	"github.com/vxlite/vxlite/internal/testkit"
)

// TestObjectFormat has a repository by SHA-256 that git itself made and serves,
// and one by SHA-1 that says so.
func TestObjectFormat(t *testing.T) {
	git, err := exec.LookPath("git")
	if err != nil {
		testkit.Check(t, &testkit.MissingError{Program: "git", Install: "git", Err: err})
	}
	dir := t.TempDir()
	run := func(args ...string) {
		t.Helper()
		cmd := exec.Command(git, args...)
		cmd.Dir = dir
		cmd.Env = append(cmd.Environ(), "GIT_CONFIG_GLOBAL=/none", "GIT_CONFIG_NOSYSTEM=1", "GIT_AUTHOR_NAME=ann", "GIT_AUTHOR_EMAIL=ann@example.com",
			"GIT_COMMITTER_NAME=ann", "GIT_COMMITTER_EMAIL=ann@example.com")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	for _, format := range []string{"sha256", "sha1"} {
		run("init", "-q", "--object-format="+format, format+"-work")
		run("-C", format+"-work", "commit", "-q", "--allow-empty", "-m", "One")
		run("-C", format+"-work", "tag", "v1.0.0")
		run("clone", "-q", "--bare", format+"-work", format+".git")
	}
	web := testkit.ServeHTTP(t, testkit.HTTPBackendOptions{Repos: dir})
	shell := testkit.ServeSSH(t, testkit.SSHDOptions{Repos: dir})
	c := newClient(t, Options{Env: testkit.Home(t, shell, "").Env})
	for _, place := range []string{dir + "/", web.URL + "/", shell.URL("")} {
		_, err := c.Find(t.Context(), Request{URL: place + "sha256.git", Choose: refuse(t)})
		testkit.WantError(t, err, place+"sha256.git is a repository with the object format sha256, which is not supported",
			"clone from a copy of it whose object format is sha1, git's default")
		if _, err := c.Find(t.Context(), Request{URL: place + "sha1.git", Choose: tag("v1.0.0")}); err != nil {
			t.Error(err)
		}
	}
}

// TestSHA1Refs has the capability in pieces, and where it is none.
func TestSHA1Refs(t *testing.T) {
	for text, want := range map[string]string{
		"x HEAD\x00a object-format=sha256 b\nrest":  "sha256",
		"x HEAD\x00object-format=sha256\n":          "sha256",
		"x HEAD\x00a object-format=sha1 b\nrest":    "",
		"x HEAD\x00a xobject-format=sha256\n":       "",
		"x refs/heads/ object-format=sha256\x00a\n": "",
		"x HEAD\x00a\nx object-format=sha256\n":     "",
		"object-format=sha256":                      "",
	} {
		for name, r := range map[string]io.Reader{"whole": strings.NewReader(text), "in bytes": iotest.OneByteReader(strings.NewReader(text))} {
			out, err := io.ReadAll(&sha1Refs{r: r})
			e, _ := err.(*gitpack.ObjectFormatError)
			if want == "" && (err != nil || string(out) != text) || want != "" && (e == nil || e.Format != want) {
				t.Errorf("%q, %s: %q, %v", text, name, out, err)
			}
		}
	}
}
