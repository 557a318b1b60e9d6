package resolve

import (
	"slices"
	"testing"

	"github.com/vxlite/vxlite/internal/plan"
	"github.com/vxlite/vxlite/internal/roadrunner"
)

// TestBundled has plugins that belong to every server, unless they are listed.
func TestBundled(t *testing.T) {
	const informer, resetter = "github.com/roadrunner-server/informer/v5", "github.com/roadrunner-server/resetter/v5"
	src := &roadrunner.Source{Bundled: []roadrunner.Struct{{Import: informer, Symbol: "Plugin"}, {Import: resetter, Symbol: "Reset"}}}
	want := []plan.Plugin{{Name: "resetter", Import: resetter, Symbol: "Reset", Module: resetter, Bundled: true}}
	if got := bundled(src, []plan.Plugin{{Import: informer}, {Import: "github.com/acme/alpha"}}); !slices.Equal(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}
