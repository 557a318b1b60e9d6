package resolve

import (
	"context"
	"fmt"
	"strings"
	"unicode"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"

	"github.com/vxlite/vxlite/internal/plan"
	"github.com/vxlite/vxlite/internal/query"
	"github.com/vxlite/vxlite/internal/source"
)

// retractions are the versions of a module that its author has withdrawn. The
// go.mod of its highest version names them: see go.dev/ref/mod#go-mod-file-retract.
// They are read when they are first asked for. Nil has none.
type retractions struct {
	r    *resolver
	want wanted
	url  string
	// folder is the module's.
	folder string
	// tags are the repository's, as the server had them; none where the store
	// answered instead.
	tags []source.Ref
	// own is the go.mod of the version that was found.
	own  *modfile.File
	list []*modfile.Retract
	done bool
}

// setFound notes the go.mod that was found first, and its folder.
func (x *retractions) setFound(mod *modfile.File, folder string) {
	if x != nil && x.own == nil {
		x.own, x.folder = mod, folder
	}
}

// ready reads what of looks into, where that would be too late.
func (x *retractions) ready(ctx context.Context, q query.Query) {
	if x != nil && !x.done {
		x.done = true
		x.list = x.load(ctx, q)
	}
}

// of reports whether a version is retracted, and why. q has the module's major.
func (x *retractions) of(ctx context.Context, q query.Query, version string) (why string, yes bool) {
	if x == nil {
		return "", false
	}
	x.ready(ctx, q)
	return Withdrawn(x.list, version)
}

// Withdrawn reports whether directives retract a version, and why, on one line;
// empty where no reason is given.
func Withdrawn(list []*modfile.Retract, version string) (why string, yes bool) {
	for _, r := range list {
		if semver.Compare(r.Low, version) <= 0 && semver.Compare(version, r.High) <= 0 {
			return Reason(r.Rationale), true
		}
	}
	return "", false
}

// load reads the highest version's go.mod. What cannot be had retracts nothing,
// as for the go command.
func (x *retractions) load(ctx context.Context, q query.Query) []*modfile.Retract {
	mod := x.own
	if high, ok := q.Newest(x.tags, ""); ok {
		found, err := x.r.client.Find(ctx, source.Request{Module: x.want.name, URL: x.url, Ref: high.Short(), Tags: []string{high.Short()}, Why: "retractions",
			Choose: func(*source.Refs) (source.Ref, error) { return high, nil }})
		if err != nil {
			return nil
		}
		if _, mod, err = x.r.goMod(ctx, found, x.folder); err != nil {
			return nil
		}
	}
	if mod == nil {
		return nil
	}
	return mod.Retract
}

// Reason is what an author gives for a retraction or a deprecation, as it can be
// shown on a line.
func Reason(rationale string) string {
	const most = 200
	line, _, _ := strings.Cut(rationale, "\n")
	line = strings.TrimSpace(line)
	if strings.ContainsFunc(line, func(c rune) bool { return !unicode.IsGraphic(c) }) {
		return ""
	}
	if r := []rune(line); len(r) > most {
		line = string(r[:most]) + "…"
	}
	return line
}

func because(why string) string {
	if why == "" {
		return ""
	}
	return fmt.Sprintf(": %q", why)
}

// query takes the module that a ref means. A version that is retracted is taken
// where it is named, with a note, and not where any would do.
func (r *resolver) query(ctx context.Context, w wanted, q query.Query, req source.Request, folder string) (*plan.Module, error) {
	x := &retractions{r: r, want: w, url: req.URL}
	req.Choose = func(refs *source.Refs) (source.Ref, error) {
		x.tags = refs.Tags()
		return q.Choose(refs)
	}
	m, err := r.findAndRead(ctx, w, q, req, folder, x)
	if err != nil {
		return nil, err
	}
	asked := q.AsksNewest(m.Tag)
	if asked && m.NoGoMod && q.NoGoMod && q.Ref == "latest" {
		if other := r.incompatible(ctx, w, q, req, x.tags); other != nil {
			return other, nil
		}
	}
	q.Folder, q.AnyMajor, q.NoGoMod, q.Incompatible = m.Folder, false, false, m.NoGoMod
	_, q.Major, _ = module.SplitPathVersion(m.Path)
	why, retracted := x.of(ctx, q, m.Version)
	if !retracted {
		return m, nil
	}
	if !asked {
		m.Tell(fmt.Sprintf("%s: %s is retracted by its author%s", w.name, m.Version, because(why)))
		return m, nil
	}
	return r.requery(ctx, w, q, req, folder, x, why)
}

// requery takes the newest version that is not retracted. Where all are, latest
// is the default branch, unless that is retracted as well.
func (r *resolver) requery(ctx context.Context, w wanted, q query.Query, req source.Request, folder string, x *retractions, why string) (*plan.Module, error) {
	none := &RetractedError{Ref: q.Ref, Why: why}
	q.Retracted = func(v string) bool {
		_, yes := x.of(ctx, q, v)
		return yes
	}
	req.Choose = func(refs *source.Refs) (source.Ref, error) {
		if ref, ok := q.Newest(refs.Tags(), q.Begin()); ok {
			return ref, nil
		}
		if head := refs.Head(); head.Commit != "" && q.Ref == "latest" {
			return head, nil
		}
		return source.Ref{}, none
	}
	m, err := r.findAndRead(ctx, w, q, req, folder, x)
	if err == nil && q.Retracted(m.Version) {
		return nil, none
	}
	return m, err
}

// incompatible takes the newest version of a higher major, where that has no
// go.mod either; else nil.
func (r *resolver) incompatible(ctx context.Context, w wanted, q query.Query, req source.Request, tags []source.Ref) *plan.Module {
	q.Incompatible = true
	ref, ok := q.Newest(tags, "")
	if !ok {
		return nil
	}
	req.Choose = func(*source.Refs) (source.Ref, error) { return ref, nil }
	m, err := r.findAndRead(ctx, w, q, req, "", nil)
	if err != nil || !m.NoGoMod {
		return nil
	}
	return m
}

// RetractedError is a query that only retracted versions would answer.
type RetractedError struct{ Ref, Why string }

// Error implements error.
func (e *RetractedError) Error() string {
	return fmt.Sprintf("all versions that match %s are retracted by their author%s", e.Ref, because(e.Why))
}

// Hints says how to take one.
func (e *RetractedError) Hints() []string {
	return []string{"to use one anyway, name it, or a branch: ref = \"VERSION or BRANCH\""}
}
