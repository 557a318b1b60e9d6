package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
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
	"github.com/vxlite/vxlite/internal/event"
	"github.com/vxlite/vxlite/internal/gen"
	"github.com/vxlite/vxlite/internal/gotool"
	"github.com/vxlite/vxlite/internal/lock"
	"github.com/vxlite/vxlite/internal/resolve"
)

// locking is what a run knows of the lock.
type locking struct {
	file string     // its name
	old  *lock.File // as it was found; nil for none
	// oracle is what of it answers requests; update takes entries out.
	oracle *lock.File
	// goSums are the plan's.
	goSums *resolve.GoSums
	// differences are those between old and the plan; without old all of it.
	differences []lock.Difference
	// sums are the third-party modules' as they are known so far.
	sums []lock.Sum
	// renew makes the lock anew: what it says of Go is not kept.
	renew bool
	// quiet leaves the telling of differences to the result.
	quiet bool
	// optional lets a run go on that cannot write the lock.
	optional bool
	// written says that the file changed.
	written bool
}

// fits reports whether the lock is what the plan would give.
func (l *locking) fits() bool { return l.old != nil && len(l.differences) == 0 }

// readLock reads the lock beside the config.
func (b *builder) readLock() error {
	b.lock.file = cmp.Or(b.LockFile, lock.Name(b.Config.File))
	name := b.lock.file
	if b.Vendored != nil {
		b.lock.file, name = b.Vendored.LockName(), b.Vendored.Lock()
	}
	old, err := lock.Read(name)
	switch {
	case errors.Is(err, fs.ErrNotExist) && (b.Locked || b.edit != nil):
		return &NoLockError{File: b.lock.file, Config: b.Config.File}
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	}
	b.lock.old, b.lock.oracle, b.lock.sums = old, old, old.Sums
	if b.edit != nil {
		b.lock.oracle, err = b.edit(old)
	}
	return err
}

// compareLock finds out whether the plan is the lock's, and that every module
// has the bytes that the lock and the go.sum files know.
func (b *builder) compareLock(plan *resolve.Plan) error {
	var err error
	if b.lock.goSums, err = plan.GoSums(); err != nil {
		return err
	}
	if err := plan.CheckSums(b.lock.goSums, b.lock.old, b.lock.file); err != nil {
		return err
	}
	now := plan.Lock()
	old := b.lock.old
	if old == nil || plan.Overridden { // the lock is the config's, without the flags
		return nil
	}
	b.lock.differences = lock.Compare(&lock.File{Modules: old.Modules}, &lock.File{Modules: now})
	if b.Locked && len(b.lock.differences) > 0 {
		return b.doesNotFit(b.lock.differences)
	}
	if v := b.tool.Version(); old.Go != v && !b.lock.renew {
		b.note("%s was made with %s, and this is %s: the binary may differ", b.lock.file, old.Go, v)
	}
	return nil
}

func (b *builder) note(format string, args ...any) {
	b.Sink.Send(event.Event{Kind: event.Note, Text: fmt.Sprintf(format, args...)})
}

// settle makes the lock what the plan is, and the workspace with it. Where the
// lock fits there is nothing to do, unless it turned out to lack checksums.
func (w *workspace) settle(ctx context.Context, incomplete bool) error {
	if w.lock.fits() && !incomplete {
		return nil
	}
	sums, err := w.thirdParty(ctx)
	if err != nil {
		return err
	}
	now := &lock.File{Go: w.tool.Version(), Modules: w.plan.Lock(), Sums: sums}
	if w.lock.old != nil {
		now.Toolchains = w.lock.old.Toolchains
	}
	if w.lock.old != nil && !w.lock.renew {
		now.Go = w.lock.old.Go
	}
	now.Sort()
	if w.lock.old != nil && !w.lock.quiet {
		w.tellDifferences(lock.Compare(w.lock.old, now))
	}
	if err := w.writeLock(now); err != nil {
		return err
	}
	w.lock.old, w.lock.sums, w.lock.differences = now, now.Sums, nil
	return w.generate()
}

// writeLock puts the lock in its place. A folder that is read-only, as in a
// container, is no reason not to build.
func (w *workspace) writeLock(now *lock.File) error {
	wrote, err := now.Write(w.lock.file)
	if w.lock.optional && disk.Unwritable(err) {
		w.note("%v; the build goes on without", err)
		return nil
	}
	if w.lock.written = wrote; wrote {
		w.Sink.Send(event.Event{Kind: event.Debug, Text: "wrote " + w.lock.file})
	}
	return err
}

// tellDifferences notes the modules that a lock did not have as they are.
func (w *workspace) tellDifferences(all []lock.Difference) {
	var lines []string
	sums := 0
	for _, d := range all {
		if d.Sum {
			sums++
		} else {
			lines = append(lines, "  "+w.describe(d))
		}
	}
	switch {
	case len(lines) > 0:
		w.note("%s did not fit, and is brought up to date:\n%s", w.lock.file, strings.Join(lines, "\n"))
	case sums == 1:
		w.note("%s: 1 checksum of a third-party module changed", w.lock.file)
	case sums > 1:
		w.note("%s: %d checksums of third-party modules changed", w.lock.file, sums)
	}
}

// describe words a difference, with the module's name in the config.
func (b *builder) describe(d lock.Difference) string {
	if d.Key == "" && d.New != "" {
		return fmt.Sprintf("%s: not in the lock", d.Path)
	}
	return d.String()
}

// doesNotFit is the error of --locked.
func (b *builder) doesNotFit(all []lock.Difference) error {
	e := &LockedError{File: b.lock.file, Config: b.Config.File, Vendored: b.Vendored != nil}
	for _, d := range all {
		e.Entries = append(e.Entries, b.describe(d))
	}
	return e
}

// unlocked makes the error of --locked of what the resolver could not find in
// the lock.
func (b *builder) unlocked(err error) error {
	u, ok := errors.AsType[*resolve.UnlockedError](err)
	if !ok {
		return err
	}
	e := &LockedError{File: b.lock.file, Config: b.Config.File, Vendored: b.Vendored != nil}
	for _, r := range u.Requests {
		e.Entries = append(e.Entries, r+": not in the lock")
	}
	return e
}

// everywhere are the systems that RoadRunner is released for. A lock knows the
// checksums for all of them, so that it is the same wherever it is written.
var everywhere = []string{"darwin", "freebsd", "linux", "windows"}

// thirdParty works out the checksums that the go command needs to build the
// workspace, on the config's targets and everywhere. What is not known yet is
// downloaded, and the checksum database asked as the go command is set up.
func (w *workspace) thirdParty(ctx context.Context) ([]lock.Sum, error) {
	outputs, err := w.outputs()
	if err != nil {
		return nil, err
	}
	dir, err := w.store.TempDir()
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if err := w.files.Write(dir, false); err != nil {
		return nil, fmt.Errorf("workspace: %w", err)
	}
	need := needed{modules: map[module.Version]bool{}, packages: map[string]bool{}}
	seen := map[string]bool{}
	for _, o := range outputs {
		c, err := w.settings(o)
		if err != nil {
			return nil, err
		}
		pkgs, err := w.tool.Packages(ctx, dir, c)
		if err != nil {
			return nil, w.explain(ctx, dir, c, err)
		}
		need.add(pkgs, nil)
		seen[c.OS] = true
	}
	if err := w.elsewhere(ctx, dir, outputs[0], seen, need); err != nil {
		return nil, err
	}
	before, after := w.files.File(gen.SumFile), readSums(filepath.Join(dir, gen.SumFile))
	return need.sums(before, after, w.lock.sums, w.lock.goSums), nil
}

// elsewhere adds what is needed on the systems that are not built for.
func (w *workspace) elsewhere(ctx context.Context, dir string, o output, seen map[string]bool, need needed) error {
	var mu sync.Mutex // of need
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for _, system := range everywhere {
		if seen[system] {
			continue
		}
		o.target = config.Target{OS: system, Arch: "amd64"}
		c, err := w.settings(o)
		if err != nil {
			return err
		}
		c.CGO, c.Race = false, false
		g.Go(func() error {
			pkgs, lack, err := w.tool.Needs(ctx, dir, c)
			if err != nil {
				return w.explain(ctx, dir, c, err)
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
func (n needed) sums(before []byte, after string, former []lock.Sum, known *resolve.GoSums) []lock.Sum {
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

// readSums returns a file of checksums, and nothing for one that is not there.
func readSums(name string) string {
	data, err := os.ReadFile(name)
	if err != nil {
		return ""
	}
	return string(data)
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

// lacking lists what a build needs and the lock has no checksum of, sorted:
// what the go command added to the workspace's, and modules whose checksum
// only a go.sum had.
func (w *workspace) lacking(pkgs []gotool.Package) []string {
	var out []string
	before := sumLines(string(w.files.File(gen.SumFile)))
	for m := range sumLines(readSums(filepath.Join(w.dir, gen.SumFile))) {
		if before[m] == "" {
			out = append(out, m.Path+"@"+m.Version)
		}
	}
	have := map[module.Version]bool{}
	for _, s := range w.lock.sums {
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

// restoreSums takes back what the go command added to the workspace's
// checksums, and nobody has looked at.
func (w *workspace) restoreSums() error {
	name := filepath.Join(w.dir, gen.SumFile)
	data := w.files.File(gen.SumFile)
	if readSums(name) == string(data) {
		return nil
	}
	if data == nil {
		return os.Remove(name)
	}
	return os.WriteFile(name, data, 0o644)
}

// NoLockError is --locked without a lock.
type NoLockError struct{ File, Config string }

// Error implements error.
func (e *NoLockError) Error() string { return fmt.Sprintf("there is no %s", e.File) }

// Hints says how to get one.
func (e *NoLockError) Hints() []string {
	return []string{fmt.Sprintf("write it and keep it under version control: vxlite lock -c %s", e.Config)}
}

// ExitStatus is that of a check that found a problem.
func (e *NoLockError) ExitStatus() int { return 3 }

// LockedError is a lock that does not fit the config, where --locked wants it
// to.
type LockedError struct {
	File, Config string
	// Entries say what differs, one by one.
	Entries []string
	// Vendored says that the lock is a vendor folder's.
	Vendored bool
	// Hint is set where something else would make it fit than elsewhere.
	Hint string
}

// Error implements error.
func (e *LockedError) Error() string {
	return fmt.Sprintf("%s does not fit %s:\n  %s", e.File, e.Config, strings.Join(brief.First(e.Entries, mostListed), "\n  "))
}

// Hints says how to make it fit.
func (e *LockedError) Hints() []string {
	if e.Hint != "" {
		return []string{e.Hint}
	}
	if e.Vendored {
		return []string{fmt.Sprintf("what was vendored is another config's: vendor this one with vxlite vendor -c %s, or leave out -c", e.Config)}
	}
	return []string{fmt.Sprintf("bring it up to date and look at what changes: vxlite lock -c %s", e.Config)}
}

// ExitStatus is that of a check that found a problem.
func (e *LockedError) ExitStatus() int { return 3 }

// sumsMissing are modules that a build needs and the lock has no checksum of.
// Build completes the lock then; a user meets it where that did not help.
type sumsMissing struct{ names []string }

// Error implements error.
func (e *sumsMissing) Error() string {
	return "the go command gives no checksum of " + brief.List(e.names, mostListed)
}

// Hints says what it may be due to.
func (e *sumsMissing) Hints() []string {
	return []string{"the module cache may be damaged: go clean -modcache empties it"}
}

// sumsMissing is an error for the user with --locked. Without, it tells Build
// to complete the lock.
func (w *workspace) sumsMissing(names []string) error {
	if err := w.restoreSums(); err != nil {
		return err
	}
	if !w.Locked {
		return &sumsMissing{names}
	}
	e := &LockedError{File: w.lock.file, Config: w.Config.File, Vendored: w.Vendored != nil}
	for _, n := range names {
		e.Entries = append(e.Entries, n+": its checksum is not in the lock")
	}
	return e
}

// mismatch says where the checksum comes from that a third-party module does
// not have.
func (w *workspace) mismatch(err *gotool.SumMismatchError) error {
	version, goMod := strings.CutSuffix(err.Version, "/go.mod")
	m := module.Version{Path: err.Path, Version: version}
	e := &resolve.SumError{Name: err.Path, Module: m, GoMod: goMod, Got: err.Got, From: "the module proxy", Proxied: true, Want: err.Want, By: err.By}
	if w.Offline {
		e.From = "the module cache"
	}
	for _, s := range w.lock.sums {
		if s.Path == m.Path && s.Version == version && (goMod && s.GoMod == err.Want || !goMod && s.H1 == err.Want) {
			e.By = w.lock.file
			return e
		}
	}
	if who, ok := w.lock.goSums.Who(module.Version{Path: err.Path, Version: err.Version}, err.Want); ok {
		e.By = "go.sum of " + who
	}
	return e
}
