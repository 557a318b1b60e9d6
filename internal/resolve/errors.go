package resolve

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/gitconn"
	"github.com/vxlite/vxlite/internal/plan"
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

// wrap says which module an error concerns.
func (w wanted) wrap(err error) error {
	e := &plan.ModuleError{Name: w.name, Pos: w.posOf(err), By: w.by, Err: err}
	var none *query.RefError
	if w.requirement != "" && errors.As(err, &none) {
		e.More = []string{config.Snippet("pin a version that exists", "[[modules]]", config.Setting{Key: "module", Value: w.path}, config.Setting{Key: "ref", Value: "TAG or BRANCH"})}
	}
	return e
}

// oncePerCause drops the errors that have the same cause as an earlier one:
// where a host is down or lets nobody in, one line says so, with the others that
// are there, and not one a plugin.
func oncePerCause(errs []error) []error {
	var out []error
	first := map[string]*plan.ModuleError{}
	for _, err := range errs {
		var e *plan.ModuleError
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
