package source

import (
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/vxlite/vxlite/internal/gitpack"
	"github.com/vxlite/vxlite/internal/testkit"
)

// TestRefNames has names that git allows, and names that it does not, as it says
// itself where it is installed.
func TestRefNames(t *testing.T) {
	git, _ := exec.LookPath("git")
	for name, want := range map[string]bool{
		"refs/heads/main": true, "refs/tags/v1.0.0": true, "refs/tags/sub/v1.0.0+meta": true, "refs/heads/-x": true, "refs/heads/größe": true, "refs/heads/a@b": true, "refs/heads/@": true,
		"HEAD": false, "refs/heads/": false, "refs/heads//x": false, "refs/heads/../x": false, "refs/heads/.x": false, "refs/heads/x.lock": false, "refs/heads/x.lock/y": false,
		"refs/heads/x.": false, "refs/heads/a b": false, "refs/heads/a\nb": false, "refs/heads/\x1b[m": false, "refs/heads/a~1": false, "refs/heads/a^{}": false, "refs/heads/a:b": false,
		"refs/heads/a?": false, "refs/heads/*": false, "refs/heads/a[b": false, `refs/heads/a\b`: false, "refs/heads/a@{1}": false, "refs/heads/x\x7f": false,
	} {
		if got := gitpack.IsRefName(name); got != want {
			t.Errorf("%q: %v, want %v", name, got, want)
		}
		if git == "" || name == "HEAD" { // which git allows, for itself
			continue
		}
		if err := exec.CommandContext(t.Context(), git, "check-ref-format", name).Run(); (err == nil) != want {
			t.Errorf("git check-ref-format %q: %v", name, err)
		}
	}
}

// TestPull takes the head of a pull request, which is neither a tag nor a branch,
// over every transport.
func TestPull(t *testing.T) {
	r, unnamed := testkit.Lib(t)
	dir := testkit.WriteRepos(t, r)
	testkit.WriteFile(t, filepath.Join(dir, r.Path(), "refs", "pull", "1", "head"), unnamed+"\n")
	for _, w := range ways(t, dir, r.Path()) {
		found := mustFind(t, newClient(t, Options{Env: w.env.Env}), Request{URL: w.url, Ref: "refs/pull/1/head", Choose: func(refs *Refs) (Ref, error) {
			ref, ok := refs.Lookup("refs/pull/1/head")
			if !ok {
				t.Errorf("%s: there is no such ref", w.name)
			}
			return ref, nil
		}}, unnamed)
		if found.Tag != "" {
			t.Errorf("%s: tag %s", w.name, found.Tag)
		}
	}
}
