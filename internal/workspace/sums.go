package workspace

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"golang.org/x/mod/module"
	"golang.org/x/sync/errgroup"

	"github.com/vxlite/vxlite/internal/brief"
	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/gen"
	"github.com/vxlite/vxlite/internal/gosum"
	"github.com/vxlite/vxlite/internal/gotool"
	"github.com/vxlite/vxlite/internal/lock"
)

// Listing is what takes part in a target's build.
type Listing struct {
	Tool     *gotool.Tool // to compile it with
	Packages []gotool.Package
}

// listed asks the go command which packages take part with each of the
// settings, and which modules of theirs the lock has no checksum of:
// PATH@VERSION, sorted.
func (w *Workspace) listed(ctx context.Context, settings []gotool.Compile) (all []Listing, lacking []string, err error) {
	if err := w.Write(); err != nil {
		return nil, nil, err
	}
	for _, c := range settings {
		l, err := w.List(ctx, c)
		if err != nil {
			return nil, nil, w.Explain(ctx, w.Dir, c, err)
		}
		added, err := readSums(filepath.Join(w.Dir, gen.SumFile))
		if err != nil {
			return nil, nil, err
		}
		all = append(all, l)
		lacking = append(lacking, missingSums(l.Packages, w.Sums, string(w.Files.File(gen.SumFile)), added)...)
	}
	slices.Sort(lacking)
	return all, slices.Compact(lacking), nil
}

// missingSums lists what packages need and a lock has no checksum of: what the
// go command added to the workspace's checksums, and modules whose checksum only
// a go.sum had.
func missingSums(pkgs []gotool.Package, known []lock.Sum, before, after string) []string {
	var out []string
	had := sumLines(before)
	for m := range sumLines(after) {
		if had[m] == "" {
			out = append(out, m.Path+"@"+m.Version)
		}
	}
	have := map[module.Version]bool{}
	for _, s := range known {
		have[module.Version{Path: s.Path, Version: s.Version}] = s.H1 != ""
	}
	for _, p := range pkgs {
		if p.Source.Version != "" && !have[p.Source] {
			out = append(out, p.Source.Path+"@"+p.Source.Version)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// everywhere are the systems that RoadRunner is released for. A lock knows the
// checksums for all of them, so that it is the same wherever it is written.
var everywhere = []string{"darwin", "freebsd", "linux", "windows"}

// Checksums works out the Checksums that the go command needs to build the
// workspace, on the config's targets and everywhere. What is not known yet is
// downloaded, and the checksum database asked as the go command is set up.
func (w *Workspace) Checksums(ctx context.Context) ([]lock.Sum, error) {
	dir, remove, err := w.Store.TempDir()
	if err != nil {
		return nil, err
	}
	defer remove()
	if err := w.Files.Write(dir, false); err != nil {
		return nil, fmt.Errorf("workspace: %w", err)
	}
	need := needed{modules: map[module.Version]bool{}, packages: map[string]bool{}}
	seen, same := map[string]bool{}, false
	targets := w.Targets()
	for _, t := range targets {
		c, err := w.Settings(w.Plan, t)
		if err != nil {
			return nil, err
		}
		pkgs, err := w.Tool.Packages(ctx, dir, c)
		if err != nil {
			return nil, w.Explain(ctx, dir, c, err)
		}
		need.add(pkgs, nil)
		seen[c.OS], same = true, same || sameEverywhere(pkgs)
	}
	ours := needed{modules: maps.Clone(need.modules)} // what other systems lack is theirs
	if !same {
		if err := w.elsewhere(ctx, dir, targets[0], seen, need); err != nil {
			return nil, err
		}
	}
	after, err := readSums(filepath.Join(dir, gen.SumFile))
	if err != nil {
		return nil, err
	}
	sums := need.sums(w.Files.File(gen.SumFile), after, w.Sums, w.GoSums)
	if none := ours.without(sums); len(none) > 0 {
		return nil, &NoSumError{none}
	}
	return sums, nil
}

// sameEverywhere reports whether packages need the same modules on any system: what
// they import differs only where files are left out.
func sameEverywhere(pkgs []gotool.Package) bool {
	return !slices.ContainsFunc(pkgs, func(p gotool.Package) bool { return p.Excluded })
}

// elsewhere adds what is needed on the systems that are not built for.
func (w *Workspace) elsewhere(ctx context.Context, dir string, t config.Target, seen map[string]bool, need needed) error {
	var mu sync.Mutex // of need
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for _, system := range everywhere {
		if seen[system] {
			continue
		}
		t = config.Target{OS: system, Arch: "amd64"}
		c, err := w.Settings(w.Plan, t)
		if err != nil {
			return err
		}
		c.CGO, c.Race = false, false
		g.Go(func() error {
			pkgs, lack, err := w.Tool.Needs(ctx, dir, c)
			if err != nil {
				return w.Explain(ctx, dir, c, err)
			}
			mu.Lock()
			defer mu.Unlock()
			need.add(pkgs, lack)
			return nil
		})
	}
	return g.Wait()
}

// needed are the modules that packages come from.
type needed struct {
	modules  map[module.Version]bool
	packages map[string]bool
}

func (n needed) add(pkgs []gotool.Package, lack []module.Version) {
	for _, p := range pkgs {
		if p.Source.Version != "" {
			n.modules[p.Source] = true
		}
		n.packages[p.Path] = true
	}
	for _, m := range lack {
		n.modules[m] = true
	}
}

// within reports whether a needed package may lie in a module: then the go
// command looks whether it does.
func (n needed) within(modulePath string) bool {
	for p := range n.packages {
		if p == modulePath || strings.HasPrefix(p, modulePath+"/") {
			return true
		}
	}
	return false
}

// sums picks from the workspace's checksums: those of the needed modules, what
// the go command added, and of a former lock what it added then.
func (n needed) sums(before []byte, after string, former []lock.Sum, known *gosum.Sums) []lock.Sum {
	lines := sumLines(after)
	all := map[module.Version]*lock.Sum{}
	at := func(m module.Version) *lock.Sum {
		if all[m] == nil {
			all[m] = &lock.Sum{Path: m.Path, Version: m.Version}
		}
		return all[m]
	}
	for m := range n.modules {
		s := at(m)
		s.H1 = lines[m]
		s.GoMod = lines[module.Version{Path: m.Path, Version: m.Version + "/go.mod"}]
	}
	old := sumLines(string(before))
	for m, hash := range lines {
		if old[m] == "" {
			set(at, m, hash)
		}
	}
	for _, s := range former {
		for m, hash := range map[module.Version]string{{Path: s.Path, Version: s.Version}: s.H1, {Path: s.Path, Version: s.Version + "/go.mod"}: s.GoMod} {
			if hash != "" && !known.Knows(m) && n.within(s.Path) {
				set(at, m, hash)
			}
		}
	}
	var out []lock.Sum
	for _, s := range all {
		if s.H1 != "" || s.GoMod != "" {
			out = append(out, *s)
		}
	}
	return out // File.Sort has the last word
}

func set(at func(module.Version) *lock.Sum, m module.Version, hash string) {
	if v, ok := strings.CutSuffix(m.Version, "/go.mod"); ok {
		at(module.Version{Path: m.Path, Version: v}).GoMod = hash
	} else {
		at(m).H1 = hash
	}
}

// without lists the modules of packages of which there is no checksum, sorted.
func (n needed) without(sums []lock.Sum) []string {
	have := map[module.Version]bool{}
	for _, s := range sums {
		have[module.Version{Path: s.Path, Version: s.Version}] = s.H1 != ""
	}
	var out []string
	for m := range n.modules {
		if !have[m] {
			out = append(out, m.Path+"@"+m.Version)
		}
	}
	slices.Sort(out)
	return out
}

// readSums returns a file of checksums, and nothing for one that is not there.
func readSums(name string) (string, error) {
	data, err := disk.ReadText(name)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return string(data), err
}

// sumLines returns the first hash of each line of a file of checksums; a
// version ends in /go.mod as it stands there.
func sumLines(data string) map[module.Version]string {
	out := map[module.Version]string{}
	for line := range strings.Lines(data) {
		f := strings.Fields(line)
		if len(f) != 3 || !strings.HasPrefix(f[2], "h1:") {
			continue
		}
		if m := (module.Version{Path: f[0], Version: f[1]}); out[m] == "" {
			out[m] = f[2]
		}
	}
	return out
}

// NoSumError are modules that a build needs and the go command gives no checksum
// of.
type NoSumError struct{ Names []string }

// Error implements error.
func (e *NoSumError) Error() string {
	return "the go command gives no checksum of " + brief.List(e.Names, brief.Most)
}

// Hints says what it may be due to.
func (e *NoSumError) Hints() []string {
	return []string{"the module cache may be damaged: go clean -modcache empties it"}
}

// mismatch says where the checksum comes from that a third-party module does
// not have.
func (w *Workspace) mismatch(err *gotool.SumMismatchError) error {
	version, goMod := strings.CutSuffix(err.Version, "/go.mod")
	m := module.Version{Path: err.Path, Version: version}
	e := &gosum.SumError{Name: err.Path, Module: m, GoMod: goMod, Got: err.Got, From: "the module proxy", Proxied: true, Want: err.Want, By: err.By}
	if w.Offline {
		e.From = "the module cache"
	}
	for _, s := range w.Sums {
		if s.Path == m.Path && s.Version == version && (goMod && s.GoMod == err.Want || !goMod && s.H1 == err.Want) {
			e.By = w.Lock.Name
			return e
		}
	}
	if who, ok := w.GoSums.Who(module.Version{Path: err.Path, Version: err.Version}, err.Want); ok {
		e.By = "go.sum of " + who
	}
	return e
}

// Complete lists the packages that take part with each of the settings, and
// makes sure that the lock has a checksum of all that they need: a lock that
// lacks some is brought up to date, and the workspace generated by it.
func (w *Workspace) Complete(ctx context.Context, settings []gotool.Compile) (*Workspace, []Listing, error) {
	if w.Fits() || w.Plan.Overridden { // else the lock is another server's
		listings, lacking, err := w.listed(ctx, settings)
		switch {
		case err != nil || len(lacking) == 0 || w.Plan.Overridden:
			return w, listings, err
		case w.Locked:
			return w, nil, w.NotLocked(lacking)
		}
	}
	locked, err := w.updateLock(ctx)
	if err != nil {
		return w, nil, err
	}
	listings, _, err := locked.listed(ctx, settings)
	return locked, listings, err
}

// CompleteForTargets is Complete for the config's targets.
func (w *Workspace) CompleteForTargets(ctx context.Context) (*Workspace, error) {
	var all []gotool.Compile
	for _, t := range w.Targets() {
		c, err := w.Settings(w.Plan, t)
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	w, _, err := w.Complete(ctx, all)
	return w, err
}
