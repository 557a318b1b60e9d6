package explain

import (
	"fmt"
	gover "go/version"
	"strings"

	"github.com/vxlite/vxlite/internal/gotool"
	"github.com/vxlite/vxlite/internal/plan"
)

// CheckGo refuses what the installed Go is too old for. Where GOTOOLCHAIN lets
// the go command fetch a newer one, it may.
func CheckGo(p *plan.Plan, t *gotool.Tool) error {
	m, need := p.NewestGo()
	if m == nil || gover.Compare(t.Version(), "go"+need) >= 0 || t.MayUpgrade() {
		return nil
	}
	return &GoTooOldError{Module: m.Path, Version: m.Version, Needs: need, Have: strings.TrimPrefix(t.Version(), "go")}
}

// GoTooOldError is a module that needs a newer Go than there is.
type GoTooOldError struct {
	Module, Version, Needs, Have string
}

// Error implements error.
func (e *GoTooOldError) Error() string {
	return fmt.Sprintf("%s %s needs Go %s, and the installed Go is %s", e.Module, e.Version, e.Needs, e.Have)
}

// Hints says how to get on.
func (e *GoTooOldError) Hints() []string {
	return []string{"install Go " + e.Needs + " or later, or set GOTOOLCHAIN=auto to let the go command fetch it"}
}
