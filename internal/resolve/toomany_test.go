package resolve

import (
	"fmt"
	"strings"
	"testing"
)

// TestTooMany has repositories that each require the next, a module that requires
// a later version of itself over and over, one that requires very many, and one
// that replaces very many by its own folder. None is followed beyond the limit.
func TestTooMany(t *testing.T) {
	const last = 110
	var chain []string
	for n := range last {
		chain = append(chain, release(fmt.Sprintf("a%d", n), "v1.0.0", requires(fmt.Sprintf("github.com/acme/a%d", n+1), "v1.0.0")))
	}
	var climb, climbFiles strings.Builder
	climb.WriteString("url github.com/acme/climb\nbranch main\n")
	for n := range 20 {
		fmt.Fprintf(&climb, "add %d\ncommit 2026-01-05T09:00:00Z One\ntag v1.0.%d\n", n, n)
		fmt.Fprintf(&climbFiles, "-- %d/go.mod --\nmodule github.com/acme/climb\n\ngo 1.25\n%s", n, requires("github.com/acme/climb", fmt.Sprintf("v1.0.%d", n+1)))
	}
	var many, replaced strings.Builder
	for n := range 1000 {
		many.WriteString(requires(fmt.Sprintf("github.com/acme/b%d", n), "v1.0.0"))
	}
	for n := range 1000 {
		fmt.Fprintf(&replaced, "\nreplace example.com/b%d => ./sub\n", n)
	}
	w := newWorld(t, append(chain, climb.String()+climbFiles.String(),
		release("start", "v1.0.0", requires("github.com/acme/climb", "v1.0.0")),
		release("many", "v1.0.0", many.String()),
		release("folders", "v1.0.0", replaced.String()+"-- 1/sub/go.mod --\nmodule example.com/sub\n"))...)
	const git = "[git]\nmodules = [\"github.com/acme/*\"]\n"
	for _, tt := range []struct {
		plugin, limit, want string
		now                 int
	}{
		{"a0", "[limits]\nmodules = 100\n", "more than 100 modules would come from git: a0 v1.0.0 requires github.com/acme/a1 v1.0.0 requires github.com/acme/a2 v1.0.0 requires … 94 more … " +
			"requires github.com/acme/a97 v1.0.0 requires github.com/acme/a98 v1.0.0 requires github.com/acme/a99 v1.0.0", 100},
		{"a0", "[limits]\nmodules = 4\n", "more than 4 modules would come from git: a0 v1.0.0 requires github.com/acme/a1 v1.0.0 requires github.com/acme/a2 v1.0.0 requires github.com/acme/a3 v1.0.0", 4},
		{"start", "[limits]\nmodules = 5\n", "more than 5 modules would come from git: start v1.0.0 requires github.com/acme/climb v1.0.0 requires github.com/acme/climb v1.0.1 requires github.com/acme/climb v1.0.2 requires github.com/acme/climb v1.0.3", 5},
		{"many", "", "more than 500 modules would come from git: many v1.0.0 requires github.com/acme/b547 v1.0.0", 500},
		{"folders", "", "more than 500 modules would come from git: folders v1.0.0 requires example.com/b498 v0.0.0-20260105090000-" + w.commit("acme/folders", "v1.0.0")[:12], 500},
	} {
		_, err := w.resolve(fmt.Sprintf("[plugins.%s]\nmodule_name = \"github.com/acme/%s\"\nref = \"v1.0.0\"\n", tt.plugin, tt.plugin) + git + tt.limit)
		wantError(t, err, tt.want, fmt.Sprintf("if it needs that many, raise the limit, now %d:\n  [limits]\n  modules = %d", tt.now, 2*tt.now),
			"or take fewer modules from git, by GOPRIVATE or [git] modules")
	}
}
