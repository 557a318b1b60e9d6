package resolve

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/mod/module"

	"github.com/vxlite/vxlite/internal/config"
)

// count bounds how many modules are taken from git: a repository can require
// another, which requires a third, and so on without end. n more are about to
// be; last is one of them, and by the module that asks for it.
func (r *resolver) count(n int, last module.Version, by *Module) error {
	r.counted += n
	most := r.cfg.Limits.OrDefault().Modules
	if int64(r.counted) <= most {
		return nil
	}
	e := &TooManyError{Most: most, Chain: []string{last.Path + " " + last.Version}}
	for m := by; m != nil; m = r.askedBy[module.Version{Path: m.Path, Version: m.Version}] {
		e.Chain = append(e.Chain, m.Label()+" "+m.Version)
	}
	slices.Reverse(e.Chain)
	return e
}

// asked remembers who was the first to ask for a version.
func (r *resolver) asked(mod module.Version, by *Module) {
	if _, ok := r.askedBy[mod]; !ok {
		r.askedBy[mod] = by
	}
}

// TooManyError is more modules from git than the config allows.
type TooManyError struct {
	Most int64
	// Chain leads from what the config names to one module too many, each NAME
	// VERSION.
	Chain []string
}

// Error implements error.
func (e *TooManyError) Error() string {
	const ends = 3 // that are named of a long chain
	chain := e.Chain
	if more := len(chain) - 2*ends; more > 0 {
		chain = slices.Concat(chain[:ends], []string{fmt.Sprintf("… %d more …", more)}, chain[len(chain)-ends:])
	}
	return fmt.Sprintf("more than %d modules would come from git: %s", e.Most, strings.Join(chain, " requires "))
}

// Hints names the key, and who may stop it.
func (e *TooManyError) Hints() []string {
	return []string{
		config.Snippet(fmt.Sprintf("if it needs that many, raise the limit, now %d", e.Most), "[limits]", config.Setting{Key: config.ModulesLimit, Value: 2 * e.Most}),
		"or take fewer modules from git, by GOPRIVATE or [git] modules",
	}
}
