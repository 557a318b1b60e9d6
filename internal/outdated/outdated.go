// Package outdated compares the versions that a config and its lock have with
// those that the repositories have now: begin at [Report]. It asks git servers
// alone, each repository for its list of refs, once. Files are only fetched of a
// module's newest version, for its go.mod says what is retracted or deprecated,
// and commits where there is a newer version, to count them.
package outdated

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/mod/semver"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/lock"
	"github.com/vxlite/vxlite/internal/plan"
	"github.com/vxlite/vxlite/internal/resolve"
	"github.com/vxlite/vxlite/internal/roadrunner"
	"github.com/vxlite/vxlite/internal/workspace"
)

// Result says how old a config's modules are.
type Result struct {
	// Release is the newest RoadRunner release, of whatever major: "v2025.1.15".
	// Empty where RoadRunner is a local directory without a version.
	Release string `json:"release,omitempty"`
	// Modules are RoadRunner, the plugins and the [[modules]] in the config's
	// order, and then others of the lock if these were asked for.
	Modules []Row `json:"modules"`
	// Outdated counts the rows that are.
	Outdated int `json:"outdated"`
}

// Row is one module.
type Row struct {
	// Name is the plugin's, "roadrunner", or the module path of what is neither.
	Name string `json:"name"`
	Path string `json:"module,omitempty"`
	// Ref is what the config asks for, or a requirement.
	Ref string `json:"ref,omitempty"`
	// Version, Commit and Time are of what is in use, as in the lock or else as
	// the ref leads to it now. Version is the ref where that leads to no version.
	Version string     `json:"version,omitempty"`
	Commit  string     `json:"commit,omitempty"`
	Time    *time.Time `json:"time,omitempty"`
	// Newest is the newest version with the same module path that is not retracted,
	// Major that of all majors where it has a higher one.
	Newest string `json:"newest,omitempty"`
	Major  string `json:"major,omitempty"`
	// Release is the version in the go.mod of the newest RoadRunner release. Where
	// Other is set, it is of another major, and so another module path.
	Release string `json:"release,omitempty"`
	Other   bool   `json:"other_major,omitempty"`
	// Commits is how many lie between Version and Newest; 0 where nothing is newer.
	// Apart says that the one is not in the history of the other.
	Commits int  `json:"commits,omitempty"`
	Apart   bool `json:"apart,omitempty"`
	// Retracted says that the author has withdrawn Version, RetractedWhy the reason.
	Retracted    bool   `json:"retracted,omitempty"`
	RetractedWhy string `json:"retracted_why,omitempty"`
	// Deprecated is what the newest go.mod says instead of the module's use.
	Deprecated string `json:"deprecated,omitempty"`
	// Moved says that the ref, a branch or a query, leads to another commit now.
	Moved bool `json:"moved,omitempty"`
	// Local is a directory in the place of a repository.
	Local bool `json:"local,omitempty"`
	// Required says that no line of the config names it: go.mod files require it.
	Required bool `json:"required,omitempty"`
	// Replaced says that an entry's own `replace` decides what is taken.
	Replaced bool `json:"replaced,omitempty"`
	// Failed says that the repository could not be asked.
	Failed bool `json:"failed,omitempty"`
	// Outdated says that there is something to do: upgrade would move it within its
	// major, update would move its ref, or it is retracted or deprecated.
	Outdated bool `json:"outdated,omitempty"`
}

// Ask says what is asked for.
type Ask struct {
	// Required adds the modules of the lock that only requirements bring.
	Required bool
	// VersionsOnly leaves out how old what is in use is, what lies between, and
	// RoadRunner's releases.
	VersionsOnly bool
	// Only are the indices of the rows that are asked about, RoadRunner being 0, the
	// plugins and then the [[modules]] the next; nil for all.
	Only []int
}

// Report asks the repositories. Where some of them cannot be asked, the rows of the
// others are returned with the error.
func Report(ctx context.Context, m workspace.Machine, p workspace.Project, a Ask) (*Result, error) {
	k, err := workspace.Open(ctx, m, p)
	if err != nil {
		return nil, err
	}
	client, err := k.Client(false)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	locked, err := lock.Read(lock.Name(k.Config.File))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	s := &survey{ask: a, client: client, written: k.Config.Written, locked: locked, sink: k.Sink}
	s.with = resolve.Options{Client: client, Store: k.Store, Private: k.Tool.Private(), Offline: k.Offline, HTTP: client.HTTP(), Jobs: k.Jobs, Lock: locked}
	remotes, own := resolve.Remotes(ctx, k.Config, s.with), 1+len(k.Config.Plugins)+len(k.Config.Modules)
	if !a.Required {
		remotes = remotes[:own]
	}
	result := &Result{}
	result.Modules, err = s.rows(ctx, remotes, resolve.Named(k.Config, locked))
	for i := own; i < len(remotes); i++ {
		result.Modules[i].Required = true
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if a.VersionsOnly {
		return result, err
	}
	r, relErr := s.releases(ctx, k.Config, result.Modules[0])
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	result.Release = r.newest.ref()
	for i := range result.Modules {
		row := &result.Modules[i]
		r.compare(row)
		if row.Outdated {
			result.Outdated++
		}
	}
	return result, errors.Join(err, relErr)
}

// rows asks about each module; those of one repository one after the other.
func (s *survey) rows(ctx context.Context, remotes []resolve.Remote, named map[string]string) ([]Row, error) {
	rows, errs := make([]Row, len(remotes)), make([]error, len(remotes))
	byURL := map[string][]int{}
	for i, r := range remotes {
		r.Path = cmp.Or(r.Path, named[r.Name])
		remotes[i] = r
		rows[i] = Row{Name: r.Name, Path: r.Path, Ref: r.Asks.Ref, Local: r.Dir != "", Replaced: r.Replaced}
		switch {
		case r.Err != nil:
			errs[i] = r.Err
		case r.Dir == "" && !r.Replaced && (s.ask.Only == nil || slices.Contains(s.ask.Only, i)):
			byURL[r.URL] = append(byURL[r.URL], i)
		}
	}
	var wait sync.WaitGroup
	for _, all := range byURL {
		wait.Go(func() {
			l := &listing{}
			for _, i := range all {
				errs[i] = s.look(ctx, l, remotes[i], &rows[i])
			}
		})
	}
	wait.Wait()
	for i, r := range remotes {
		if errs[i] != nil {
			rows[i].Failed = true
			errs[i] = &plan.ModuleError{Name: r.Name, Pos: r.Pos, Err: errs[i]}
		}
	}
	return rows, errors.Join(errs...)
}

// release is one of RoadRunner's, or nil for one that is not known.
type release struct{ *roadrunner.Release }

func (r release) ref() string {
	if r.Release == nil {
		return ""
	}
	return r.Release.Ref
}

// released are what modules are compared with: the newest release, and the newest
// of the major in use.
type released struct{ newest, within release }

// releases reads the go.mod of the newest RoadRunner releases. A local directory
// is its own.
func (s *survey) releases(ctx context.Context, cfg *config.Config, rr Row) (out released, err error) {
	if rr.Failed {
		return out, nil // which is an error by itself
	}
	read := func(ref string) (release, error) {
		with := *cfg
		with.RoadRunner.Ref = cmp.Or(ref, cfg.RoadRunner.Ref)
		rel, err := resolve.ReadRelease(ctx, &with, s.with)
		return release{rel}, err
	}
	if out.within, err = read(rr.Newest); err != nil {
		return out, err
	}
	out.newest = out.within
	if rr.Major != "" {
		out.newest, err = read(rr.Major)
	}
	return out, err
}

// compare says what the releases have of a module, and decides whether it is
// outdated.
func (r released) compare(row *Row) {
	row.Release, row.Other = r.newest.of(row)
	target := row.Newest
	if v, other := r.within.of(row); v != "" && !other {
		target = v
	}
	row.Outdated = newer(target, row.Version) && Exact(row.Ref) && !row.Required || row.Moved || row.Retracted || row.Deprecated != ""
}

// of is the version of a module that a release uses, and whether that has another
// module path.
func (r release) of(row *Row) (version string, other bool) {
	if r.Release == nil || row.Path == "" {
		return "", false
	}
	used := r.Uses(row.Path)
	return used.Version, used.Path != row.Path && used.Path != ""
}

// newer reports whether a version is higher than another; what is no version is
// neither.
func newer(v, than string) bool {
	return semver.IsValid(v) && semver.IsValid(than) && semver.Compare(v, than) > 0
}

// Exact reports whether a ref is a version's tag, so that it only moves by an edit
// of the config.
func Exact(ref string) bool {
	v := strings.TrimSuffix(ref[strings.LastIndex(ref, "/")+1:], "+incompatible")
	return semver.IsValid(v) && semver.Canonical(v) == v
}

// Error says that modules are outdated, for those who want that to be a failure.
type Error struct{ Outdated, Of int }

// Error implements error.
func (e *Error) Error() string {
	return fmt.Sprintf("%d of %d modules outdated", e.Outdated, e.Of)
}

// ExitStatus is that of a check that found a problem.
func (*Error) ExitStatus() int { return 3 }

// Hints says what to do.
func (*Error) Hints() []string {
	return []string{"look at what an upgrade would change: vxlite upgrade --dry-run"}
}

// Check returns an [*Error] where something is outdated.
func (r *Result) Check() error {
	if r.Outdated == 0 {
		return nil
	}
	return &Error{Outdated: r.Outdated, Of: len(r.Modules)}
}
