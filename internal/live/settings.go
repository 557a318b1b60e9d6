package live

import (
	"context"
	"errors"

	"github.com/vxlite/vxlite/internal/rrcheck"
	"github.com/vxlite/vxlite/internal/rryaml"
)

// looked is what was found in the server's settings.
type looked struct {
	// err is why they cannot be read, with which the server does not start either.
	err      error
	problems []error
}

// look checks the server's settings as `check --rr` does.
func (w *watching) look(ctx context.Context) looked {
	if w.serving == nil {
		return looked{}
	}
	conf, err := rryaml.ReadIn(w.serving.dir, w.serving.file, w.machine.Env, w.serving.set...)
	if err != nil {
		return looked{err: err}
	}
	var l looked
	if err := CheckPHP(w.project.Config, w.Server.Args, w.machine.Env); err != nil {
		l.problems = append(l.problems, err)
	}
	if g, keys, allow := w.session.Graph(ctx); g != nil {
		r := rrcheck.Check(conf, g, keys, allow)
		w.tell(r.Remarks)
		l.problems = append(l.problems, r.Problems...)
	}
	return l
}

// fresh are the problems that a server does not run with already, by their words:
// lines move.
func fresh(problems []error, known map[string]bool) []error {
	var out []error
	for _, p := range problems {
		if !known[words(p)] {
			out = append(out, p)
		}
	}
	return out
}

// words is what a problem says, without where.
func words(problem error) string {
	var at *rryaml.Error
	if errors.As(problem, &at) {
		return at.Text
	}
	return problem.Error()
}

// accept has a server run with these problems.
func (w *watching) accept(problems []error) {
	w.known = map[string]bool{}
	for _, p := range problems {
		w.known[words(p)] = true
	}
}
