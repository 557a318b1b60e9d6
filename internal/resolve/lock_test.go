package resolve

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vxlite/vxlite/internal/lock"
	"github.com/vxlite/vxlite/internal/plan"
)

// lockOf is a plan's lock.
func lockOf(p *plan.Plan) *lock.File { return &lock.File{Go: "go1.26", Modules: p.Lock()} }

// withLock resolves with a lock and compares the outcome with another.
func (w *world) withLock(text string, f, want *lock.File) *plan.Plan {
	w.t.Helper()
	p, err := w.resolveWith(text, Options{Lock: f, Locked: true})
	if err != nil {
		w.t.Fatal(err)
	}
	if d := lock.Compare(want, lockOf(p)); len(d) > 0 {
		w.t.Errorf("%v", d)
	}
	return p
}

const movingPlugin = `
url github.com/acme/moving
branch main
add 1
commit 2026-01-05T09:00:00Z One
tag v1.0.0
add 2
commit 2026-01-06T09:00:00Z Two
-- 1/go.mod --
module github.com/acme/moving

go 1.25
-- 2/two.go --
package moving
`

// TestLockAnswers has a lock with an older commit than the branch's.
func TestLockAnswers(t *testing.T) {
	w := newWorld(t, movingPlugin)
	const text = "[plugins.moving]\nurl = \"https://github.com/acme/moving\"\nref = \"main\"\n"
	now := w.mustResolve(text)
	f := lockOf(now)
	if got := f.Lookup("github.com/acme/moving"); got.Version != "v1.0.1-0.20260106090000-"+got.Commit[:12] || got.Ref != "main" {
		t.Errorf("%+v", got)
	}
	w.fresh(t).withLock(text, f, f)
	old := lockOf(w.mustResolve(strings.Replace(text, "main", "v1.0.0", 1)))
	old.Lookup("github.com/acme/moving").Ref = "main"
	p := w.fresh(t).withLock(text, old, old)
	if m := p.Lookup("github.com/acme/moving"); m.Commit != w.commit("acme/moving", "v1.0.0") || m.Version != "v1.0.0" {
		t.Errorf("%s %s", m.Version, m.Commit)
	}
	// Another ref is not what the lock answers.
	p, err := w.resolveWith(strings.Replace(text, "main", "v1", 1), Options{Lock: f})
	if err != nil || p.Lookup("github.com/acme/moving").Version != "v1.0.0" {
		t.Errorf("another ref: %v", err)
	}
}

// TestLockClosure has versions on the way to the closure that a repository no
// longer has: with the lock they are not needed.
func TestLockClosure(t *testing.T) {
	base := "url github.com/acme/base\nbranch main\nadd 1\ncommit 2026-01-05T09:00:00Z One\n%tag v1.1.0\n-- 1/go.mod --\nmodule github.com/acme/base\n\ngo 1.25\n"
	archives := []string{

		release("top", "v1.0.0", requires("github.com/acme/base", "v1.0.0")+requires("github.com/acme/mid", "v1.0.0")),
		release("mid", "v1.0.0", requires("github.com/acme/base", "v1.1.0")),
	}
	const text = "[git]\nmodules = [\"github.com/acme/*\"]\n[plugins.top]\nmodule_name = \"github.com/acme/top\"\nref = \"v1.0.0\"\n"
	w := newWorld(t, append(archives, strings.Replace(base, "%", "tag v1.0.0\n", 1))...)
	f := lockOf(w.mustResolve(text))
	if m := f.Lookup("github.com/acme/base"); m == nil || m.Version != "v1.1.0" {
		t.Fatalf("%+v", f.Modules)
	}
	w = newWorld(t, append(archives, strings.Replace(base, "%", "", 1))...)
	if _, err := w.resolve(text); err == nil {
		t.Error("v1.0.0 is not there, and was not missed")
	}
	w.withLock(text, f, f)
	// A lock with more than anybody requires is not believed.
	f.Lookup("github.com/acme/base").Version = "v1.2.0"
	f.Lookup("github.com/acme/base").Ref = "v1.2.0"
	w = newWorld(t, append(archives, strings.Replace(base, "%", "tag v1.0.0\ntag v1.2.0\n", 1))...)
	p, err := w.resolveWith(text, Options{Lock: f})
	if err != nil || p.Lookup("github.com/acme/base").Version != "v1.1.0" {
		t.Errorf("%v", err)
	}
}

// TestLockReplaced has a plugin whose files are a fork's: the lock names both,
// and with it the plugin's own repository is not needed.
func TestLockReplaced(t *testing.T) {
	fork := strings.Replace(release("fork", "v1.5.0", ""), "module github.com/acme/fork", "module github.com/acme/own", 1)
	w := newWorld(t, release("own", "v1.2.0", ""), fork)
	const text = "[plugins.own]\nmodule_name = \"github.com/acme/own\"\nref = \"v1.2.0\"\nreplace = \"github.com/acme/fork@v1.5.0\"\n"
	f := lockOf(w.mustResolve(text))
	e := f.Lookup("github.com/acme/own")
	if e.Version != "v1.2.0" || e.URL != "https://github.com/acme/fork" || e.ReplacedBy != "github.com/acme/fork@v1.5.0" || e.InsteadOf != "https://github.com/acme/own v1.2.0" {
		t.Errorf("%+v", e)
	}
	if err := os.RemoveAll(filepath.Join(w.dir, "acme", "own.git")); err != nil {
		t.Fatal(err)
	}
	w.fresh(t).withLock(text, f, f)
	if _, err := w.fresh(t).resolve(text); err == nil {
		t.Error("the plugin's own repository is not there, and was not missed")
	}
}

// TestUnlocked tells what is not in the lock, where it cannot be had.
func TestUnlocked(t *testing.T) {
	w := newWorld(t, movingPlugin)
	const text = "[plugins.moving]\nurl = \"https://github.com/acme/moving\"\nref = \"v1.0.0\"\n"
	f := lockOf(w.mustResolve(text))
	_, err := w.resolveWith(strings.Replace(text, "v1.0.0", "v1.0.9", 1), Options{Lock: f, Locked: true})
	wantError(t, err, "not in the lock: moving v1.0.9", "did you mean v1.0.0?")
}

// TestNamed finds the modules that names of a config have in a lock.
func TestNamed(t *testing.T) {
	w := newWorld(t, movingPlugin)
	const text = "[plugins.moving]\nurl = \"https://github.com/acme/moving\"\nref = \"main\"\n"
	f := lockOf(w.mustResolve(text))
	for _, ref := range []string{"main", "v1.0.0"} { // the lock's and another
		got := Named(w.config(strings.Replace(text, "main", ref, 1)), f)
		if got["moving"] != "github.com/acme/moving" || got["roadrunner"] != "github.com/roadrunner-server/roadrunner/v2025" || len(got) != 2 {
			t.Errorf("%s: %v", ref, got)
		}
	}
}
