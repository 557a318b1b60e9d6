package source

import (
	"os/exec"
	"testing"
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
		if got := isRefName(name); got != want {
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
