package resolve

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vxlite/vxlite/internal/testkit"
)

// history is the archive of github.com/acme/NAME with a commit for each step:
// a tag, or empty, and the go.mod below the module line; "none" is without.
func history(name string, steps ...[2]string) string {
	var script, files strings.Builder
	fmt.Fprintf(&script, "url github.com/acme/%s\nbranch main\n", name)
	for i, s := range steps {
		fmt.Fprintf(&script, "add %d\n", i)
		if s[1] == "none" {
			if i > 0 && steps[i-1][1] != "none" {
				script.WriteString("rm go.mod\n")
			}
		} else {
			mod := s[1]
			if !strings.HasPrefix(mod, "module ") {
				mod = "module github.com/acme/" + name + "\n\ngo 1.25\n\n" + mod
			}
			fmt.Fprintf(&files, "-- %d/go.mod --\n%s\n", i, mod)
		}
		fmt.Fprintf(&files, "-- %d/file%d.go --\npackage %s\n", i, i, name)
		fmt.Fprintf(&script, "commit 2026-01-%02dT09:00:00Z Step\n", i+1)
		if s[0] != "" {
			fmt.Fprintf(&script, "tag %s\n", s[0])
		}
	}
	return script.String() + files.String()
}

// TestQueriesAsGo compares the version that a ref leads to with the go command's,
// where versions are retracted or have no go.mod.
func TestQueriesAsGo(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		testkit.Check(t, &testkit.MissingError{Program: "git", Install: "git", Err: err})
	}
	for _, tt := range []struct {
		name    string
		steps   [][2]string
		queries string
	}{
		{"single", [][2]string{{"v1.0.0", ""}, {"v1.1.0", ""}, {"v1.2.0", "retract v1.1.0 // broken"}}, "latest v1 v1.0 v1.1 v1.2 v1.1.0 main"},
		{"itself", [][2]string{{"v1.0.0", ""}, {"v1.1.0", ""}, {"v1.2.0", "retract v1.2.0"}}, "latest v1 v1.2 v1.2.0 main"},
		{"span", [][2]string{{"v1.0.0", ""}, {"v1.0.1", ""}, {"v1.1.0", ""}, {"v1.2.0", "retract (\n\t[v1.0.1, v1.1.9] // bad\n\tv1.2.0\n)"}, {"v1.3.0-rc.1", ""}, {"", ""}}, "latest v1 v1.0 v1.1 main"},
		{"lower", [][2]string{{"v1.0.0", ""}, {"v1.1.0", "retract v1.0.0"}, {"v1.2.0", ""}}, "latest v1.0 v1.0.0"}, // the highest has the word
		{"everything", [][2]string{{"v1.0.0", ""}, {"v1.0.1", "retract [v0.0.0, v1.0.1]"}, {"", ""}}, "latest v1 v1.0.0 main"},
		{"head", [][2]string{{"v1.0.0", ""}, {"v1.0.1", "retract [v0.0.0-0, v1.0.1]"}, {"", ""}}, "latest main"},
		{"prerelease", [][2]string{{"v1.0.0-rc.1", ""}, {"v1.0.0-rc.2", "retract v1.0.0-rc.2"}}, "latest"},
		{"bare", [][2]string{{"v1.3.0", "none"}, {"", "none"}}, "latest v1 v1.3.0 main"},
		{"untagged", [][2]string{{"", "none"}}, "latest main"},
		{"incompatible", [][2]string{{"v1.3.0", "none"}, {"v2.3.0", "none"}, {"", "none"}}, "latest v1 v1.3.0 v2 v2.3 v2.3.0 main"},
		{"onlytwo", [][2]string{{"v2.3.0", "none"}, {"v2.4.0", "none"}}, "latest v2 v2.3.0 main"},
		{"converted", [][2]string{{"v1.3.0", "none"}, {"v2.0.0", "module github.com/acme/converted/v2"}}, "latest v1 v1.3.0"},
		{"backwards", [][2]string{{"v1.3.0", ""}, {"v2.0.0", "none"}}, "latest v1"},
	} {
		w := newWorld(t, history(tt.name, tt.steps...), release("plug", "v1.0.0", ""))
		path := "github.com/acme/" + tt.name
		queries := strings.Fields(tt.queries)
		for i, want := range goDownload(t, w.dir, path, queries) {
			q := queries[i]
			var got downloaded
			p, err := w.fresh(t).resolve(fmt.Sprintf("[plugins.plug]\nmodule_name = \"github.com/acme/plug\"\nref = \"v1.0.0\"\n[[modules]]\nmodule = %q\nref = %q\n", path, q))
			if _, none := errors.AsType[*RetractedError](err); err != nil && !none {
				t.Errorf("%s: %v", q, err)
				continue
			}
			if err == nil {
				m := p.Lookup(path)
				got = downloaded{m.Version, m.H1, m.GoModH1}
			}
			if got != want {
				t.Errorf("%s: %s: %v, and the go command has %v", tt.name, q, got, want)
			}
		}
	}
}

// downloaded is what the go command has of a module; zero for no such version.
type downloaded struct{ Version, Sum, GoModSum string }

// goDownload is what the go command makes of each query for a module.
func goDownload(t *testing.T, dir, path string, queries []string) (all []downloaded) {
	t.Helper()
	config := filepath.Join(t.TempDir(), "gitconfig")
	text := fmt.Sprintf("[url %q]\n\tinsteadOf = https://github.com/\n[safe]\n\tdirectory = *\n", "file://"+filepath.ToSlash(dir)+"/")
	if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	args := []string{"mod", "download", "-json"}
	for _, q := range queries {
		args = append(args, path+"@"+q)
	}
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), "GOPROXY=direct", "GOSUMDB=off", "GOPRIVATE=", "GOVCS=*:all", "GOFLAGS=-modcacherw", "GOWORK=off", "GO111MODULE=on",
		"GOMODCACHE="+t.TempDir(), "GIT_CONFIG_GLOBAL="+config, "GIT_CONFIG_NOSYSTEM=1", "GIT_ALLOW_PROTOCOL=file:https", "XDG_CONFIG_HOME="+filepath.Join(testkit.TempHome(t), ".config"))
	out, failed := cmd.Output()
	none := 0
	for answers := json.NewDecoder(bytes.NewReader(out)); answers.More(); { // in the order of the queries
		var a struct {
			downloaded
			Error string
		}
		if err := answers.Decode(&a); err != nil {
			t.Fatalf("go %s: %v\n%s", args, err, out)
		}
		if strings.Contains(a.Error, "no matching versions") {
			a.downloaded, a.Error = downloaded{}, ""
			none++
		}
		if a.Error != "" {
			t.Fatalf("go %s: %s", args, a.Error)
		}
		all = append(all, a.downloaded)
	}
	if len(all) != len(queries) || (failed != nil) != (none > 0) {
		t.Fatalf("go %s: %v\n%s", args, failed, out)
	}
	return all
}
