package workspace

import (
	"testing"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/gotool"
)

// TestInputs has a binary that was linked of what one program had compiled: it is
// not up to date for a config that names another program, or none.
func TestInputs(t *testing.T) {
	of := func(prog string) string {
		return Inputs("workspace", nil, &gotool.Tool{}, gotool.Compile{CacheProg: prog}, config.Check{})
	}
	if of("") == of("cacher --server http://cache.corp") || of("cacher") == of("other") {
		t.Error("who handed out the compiled packages makes no difference")
	}
}
