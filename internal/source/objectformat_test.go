package source

import (
	"os/exec"
	"testing"

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
