package plan

import (
	"fmt"

	"github.com/vxlite/vxlite/internal/brief"
	"github.com/vxlite/vxlite/internal/config"
)

// ModuleError puts a module's name and place in the config before what went
// wrong with it.
type ModuleError struct {
	Name string
	Pos  config.Position
	// By says whose requirement it is, where no config names the module.
	By  string
	Err error
	// Others are the modules that failed for the very same reason.
	Others []string
	// More are hints that are said after the cause's own.
	More []string
}

// Error implements error.
func (e *ModuleError) Error() string {
	s := e.Name + ": " + e.Err.Error()
	if e.By != "" {
		s = e.Name + " (required by " + e.By + "): " + e.Err.Error()
	}
	if e.Pos.File != "" {
		s = At(e.Pos) + ": " + s
	}
	if len(e.Others) > 0 {
		const most = 10
		s += fmt.Sprintf(" (the same for %s)", brief.List(e.Others, most))
	}
	return s
}

// Unwrap returns what went wrong.
func (e *ModuleError) Unwrap() error { return e.Err }

// Hints says how to get along without what is missing.
func (e *ModuleError) Hints() []string { return e.More }

// At words a place in the config.
func At(p config.Position) string {
	if p.File == "" {
		return "command line"
	}
	return fmt.Sprintf("%s:%d", p.File, p.Line)
}
