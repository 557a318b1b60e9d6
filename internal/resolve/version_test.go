package resolve

import (
	"testing"
)

// TestVersionOfOthers has two configs take one commit from two mirrors, one of
// which says that it bears a high version's tag: the other config calls it what
// its own mirror's tags make of it.
func TestVersionOfOthers(t *testing.T) {
	const lib = "url github.com/acme/lib\nbranch main\nadd 1\ncommit 2026-01-05T09:00:00Z One\n"
	const files = "-- 1/go.mod --\nmodule github.com/acme/lib\n\ngo 1.25\n"
	w := newWorld(t, lib+files)
	evil := newWorld(t, lib+"tag v1.9.9\n"+files)
	evil.store = w.store
	text := "[plugins.lib]\nmodule_name = \"github.com/acme/lib\"\nref = \"" + w.commit("acme/lib", "main") + "\"\n"
	if got, want := modules(evil.mustResolve(text)), "github.com/acme/lib v1.9.9"; got != want {
		t.Errorf("the hostile mirror makes it %s, want %s", got, want)
	}
	if got, want := modules(w.mustResolve(text)), "github.com/acme/lib v0.0.0-20260105090000-"+w.commit("acme/lib", "main")[:12]; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
