package resolve

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/vxlite/vxlite/internal/brief"
	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/gitconn"
	"github.com/vxlite/vxlite/internal/query"
)

// PathError is a module whose go.mod declares another path than the config.
type PathError struct {
	Name, Want, Got, URL, Ref string
}

// Error implements error.
func (e *PathError) Error() string {
	where := e.URL
	if e.Ref != "" {
		where += " at " + e.Ref
	}
	return fmt.Sprintf("the module path in go.mod of %s is %s, not %s", where, e.Got, e.Want)
}

// Hints says how to take what is there.
func (e *PathError) Hints() []string {
	return []string{fmt.Sprintf("if this is the module you mean, name it by its own path: %s", e.Got)}
}

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
	// hints are said after the cause's own.
	hints []string
}

// Error implements error.
func (e *ModuleError) Error() string {
	s := e.Name + ": " + e.Err.Error()
	if e.By != "" {
		s = e.Name + " (required by " + e.By + "): " + e.Err.Error()
	}
	if e.Pos.File != "" {
		s = at(e.Pos) + ": " + s
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
func (e *ModuleError) Hints() []string { return e.hints }

// wrap says which module an error concerns.
func (w wanted) wrap(err error) error {
	e := &ModuleError{Name: w.name, Pos: w.pos, By: w.by, Err: err}
	var none *query.RefError
	if w.requirement != "" && errors.As(err, &none) {
		e.hints = []string{config.Snippet("pin a version that exists", "[[modules]]", config.Setting{Key: "module", Value: w.path}, config.Setting{Key: "ref", Value: "TAG or BRANCH"})}
	}
	return e
}

// oncePerCause drops the errors that have the same cause as an earlier one:
// where a host is down or lets nobody in, one line says so, with the others that
// are there, and not one a plugin.
func oncePerCause(errs []error) []error {
	var out []error
	first := map[string]*ModuleError{}
	for _, err := range errs {
		var e *ModuleError
		if !errors.As(err, &e) {
			out = append(out, err)
			continue
		}
		why := cmp.Or(gitconn.Cause(e.Err), e.Err.Error())
		if same := first[why]; same != nil {
			same.Others = append(same.Others, e.Name)
			continue
		}
		first[why] = e
		out = append(out, err)
	}
	return out
}
