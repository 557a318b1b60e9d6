package testkit

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// data is a directory below testdata as a file system.
func data(t *testing.T, name string) string {
	t.Helper()
	dir, err := Data(name)
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func readRepos(t *testing.T) []*Repo {
	t.Helper()
	repos, err := ReadRepos(os.DirFS(data(t, "git")))
	if err != nil {
		t.Fatal(err)
	}
	return repos
}

// repo is the one whose URL ends in name.
func repo(t *testing.T, repos []*Repo, name string) *Repo {
	t.Helper()
	for _, r := range repos {
		if strings.HasSuffix(r.URL, "/"+name) {
			return r
		}
	}
	t.Fatalf("no repository %s", name)
	return nil
}

// goEnv is an environment for the go command that knows nothing but a proxy.
func goEnv(t *testing.T, proxy string) []string {
	t.Helper()
	return append(os.Environ(),
		"GOENV=off",
		// Trimmed, what one test compiled is of use to the next, whose
		// directories have other names.
		"GOFLAGS=-modcacherw -trimpath",
		"GOMODCACHE="+t.TempDir(),
		"GONOPROXY=",
		"GOPRIVATE=",
		"GOPROXY="+proxy,
		"GOSUMDB=off",
		"GOTOOLCHAIN=local",
		"GOWORK=off",
	)
}

// command runs a program and returns what it printed.
func command(t *testing.T, dir string, env []string, name string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	cmd.Env = env
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// mustRun is command for what must not fail.
func mustRun(t *testing.T, dir string, env []string, name string, args ...string) string {
	t.Helper()
	out, err := command(t, dir, env, name, args...)
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return out
}

// startProxy serves the third-party modules and those of some repositories.
func startProxy(t *testing.T, repos ...*Repo) *Proxy {
	t.Helper()
	p, err := StartProxy(context.Background(), ProxyOptions{Archives: os.DirFS(data(t, "mod")), Repos: repos})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

func writeFile(t *testing.T, name, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(content), 0o666); err != nil {
		t.Fatal(err)
	}
}

// Both kinds of tests can use [Check].
var (
	_ T = testing.TB(nil)
	_ T = testscript.T(nil)
)
