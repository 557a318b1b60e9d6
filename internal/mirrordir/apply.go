package mirrordir

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"golang.org/x/mod/semver"
	"golang.org/x/sync/errgroup"

	"github.com/vxlite/vxlite/internal/brief"
	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/event"
	"github.com/vxlite/vxlite/internal/gitpack"
	"github.com/vxlite/vxlite/internal/signature"
)

// ApplyOptions say how a bundle is to be applied.
type ApplyOptions struct {
	// SignedBy are files of keys, one of which must have signed the bundle, or nil.
	SignedBy []string
	// Limits are for its packs.
	Limits config.Limits
	Sink   event.Sink
}

// Applied is what a bundle brought.
type Applied struct {
	Bundle Bundle `json:"bundle"`
	// Signer is the key that signed it, where that was asked for.
	Signer string `json:"signer,omitempty"`
	// Already says that the mirror had it before: it has Now.
	Already bool    `json:"already,omitempty"`
	Now     *Bundle `json:"now,omitempty"`
	// Repositories are those with something new, sorted by URL.
	Repositories []AppliedRepository `json:"repositories,omitempty"`
	// Files counts those of the proxy tree.
	Files int `json:"files"`
}

// AppliedRepository is what a bundle brought of a repository.
type AppliedRepository struct {
	Repository
	// New are refs that were not there, Changed branches that were elsewhere; whole
	// names, sorted.
	New     []string `json:"new,omitempty"`
	Changed []string `json:"changed,omitempty"`
	// Moved are tags that the mirror had at another commit.
	Moved []MovedTag `json:"moved,omitempty"`
	// Bytes is the size of its packs.
	Bytes int64 `json:"bytes"`
}

// MovedTag is a tag that is not any more what it was.
type MovedTag struct {
	Name string `json:"name"`
	// From and To are objects, 40 hex digits.
	From string `json:"from"`
	To   string `json:"to"`
}

// Apply applies a bundle to the mirror at dir, which may be a new one. Until all of
// it is known to be good, nothing is changed.
func Apply(ctx context.Context, dir, file string, o ApplyOptions) (*Applied, error) {
	var keys *signature.Keys
	var err error
	if len(o.SignedBy) > 0 {
		if keys, err = signature.ReadKeys(o.SignedBy); err != nil {
			return nil, err
		}
	}
	in, err := disk.OpenNamed(file)
	if err != nil {
		return nil, form.Not(file, disk.Reason(err))
	}
	defer in.Close()
	m, err := Open(ctx, dir, Make, o.Sink)
	if err != nil {
		return nil, err
	}
	defer m.Close()
	stage, remove, err := m.Stage()
	if err != nil {
		return nil, err
	}
	a := &applying{m: m, file: file, dir: filepath.Join(stage, readyFiles), limits: o.Limits}
	out, err := a.prepare(ctx, in, keys)
	if err == nil && !out.Already {
		err = m.ready(stage, a.state)
	}
	if err := cmp.Or(ifFull("mirror "+m.Dir, err), remove()); err != nil || out.Already {
		return out, err
	}
	return out, m.rollForward(ctx)
}

// FullError is a disk without room for what was to be written. What is there has not
// changed.
type FullError struct {
	Place string
	Err   error
}

// ifFull makes an error one that names the place and not what was written beside it,
// if it says that a disk is full.
func ifFull(place string, err error) error {
	if err != nil && disk.IsFull(err) {
		return &FullError{place, err}
	}
	return err
}

// Error implements error.
func (e *FullError) Error() string { return e.Place + ": " + disk.Reason(e.Err) }

// Unwrap returns the cause.
func (e *FullError) Unwrap() error { return e.Err }

// applying is a bundle that is unpacked and not yet in its place.
type applying struct {
	m      *Mirror
	file   string // as it was named
	dir    string // where it is unpacked: its files lie there as they will in the mirror
	limits config.Limits

	record *Record
	state  State // of the mirror, with the bundle
	// links are where packs lead to beyond themselves, by repository.
	links map[string][]gitpack.Link
}

func (a *applying) path(name string) string { return filepath.Join(a.dir, filepath.FromSlash(name)) }

// bad is a bundle that vxlite did not write.
func (a *applying) bad(format string, args ...any) error {
	return form.Not(a.file, fmt.Sprintf(format, args...))
}

// prepare unpacks a bundle, checks it, and makes of it what the mirror is to have.
func (a *applying) prepare(ctx context.Context, in io.Reader, keys *signature.Keys) (*Applied, error) {
	if err := os.Mkdir(a.dir, 0o755); err != nil {
		return nil, err
	}
	c, err := form.Unpack(ctx, a.file, in, a.dir, keys)
	if err != nil {
		return nil, err
	}
	carried, err := a.read(c.Sums)
	if err != nil {
		return nil, err
	}
	have := a.m.State.Bundles
	out := &Applied{Bundle: a.record.Bundle, Signer: c.Signer}
	already, wrong := a.record.follows(have)
	if wrong != nil {
		wrong.File, wrong.Dir = a.file, a.m.Dir
		return nil, wrong
	}
	if already {
		out.Already, out.Now = true, &have[len(have)-1]
		return out, nil
	}
	if own := a.m.State.Layout; own != "" && carried.Layout != "" && own != carried.Layout {
		return nil, &LayoutError{Dir: a.m.Dir, Own: own, File: a.file, Bundle: carried.Layout}
	}
	a.state = merge(a.m.State, carried, a.record)
	if err := a.checkPlaces(c.Sums); err != nil {
		return nil, err
	}
	if err := a.index(ctx, c.Sums); err != nil {
		return nil, err
	}
	for _, r := range carried.Repositories {
		row, err := a.repository(r, c.Sums)
		if err != nil {
			return nil, err
		}
		if row != nil {
			out.Repositories = append(out.Repositories, *row)
		}
	}
	out.Files, err = a.proxy(c.Sums)
	return out, err
}

// read reads what the bundle says of itself and of the mirror it comes from, and
// refuses files that no bundle has.
func (a *applying) read(list List) (State, error) {
	data, err := form.ReadWhole(a.dir, bundleFile)
	if errors.Is(err, fs.ErrNotExist) {
		return State{}, a.bad("is not a bundle of a mirror: it has no %s", bundleFile)
	}
	if err != nil {
		return State{}, err
	}
	if a.record, err = ParseRecord(data); err != nil {
		return State{}, a.bad("%s: %v", bundleFile, err)
	}
	if data, err = form.ReadWhole(a.dir, StateFile); err != nil {
		return State{}, err
	}
	carried, err := ParseState(data)
	if err != nil {
		return State{}, a.bad("%s: %v", StateFile, err)
	}
	carries := carried.carries()
	for _, name := range list.Names() {
		if name != bundleFile && name != StateFile && !carries(name) {
			return State{}, a.bad("%q is no file that a bundle has", brief.Name(name))
		}
	}
	return carried, nil
}

// follows reports whether a mirror that has these bundles has this one already. If
// not, it is the next one where nothing is wrong.
func (r *Record) follows(have []Bundle) (already bool, wrong *OrderError) {
	same := func(b Bundle) func(Bundle) bool { return func(other Bundle) bool { return other.ID == b.ID } }
	if slices.ContainsFunc(have, same(r.Bundle)) {
		return true, nil
	}
	if len(r.Before) == 0 {
		return false, nil // a whole one is for any mirror
	}
	e := &OrderError{Bundle: r.Bundle, After: r.Before[len(r.Before)-1], Missing: r.Before}
	if len(have) == 0 {
		return false, e
	}
	last := have[len(have)-1]
	if last.ID == e.After.ID {
		return false, nil
	}
	e.Has = &last
	if i := slices.IndexFunc(r.Before, same(last)); i >= 0 {
		e.Missing = r.Before[i+1:]
	} else if slices.ContainsFunc(have, same(e.After)) {
		e.Missing = nil // it has that one, and another that followed it
	} else {
		e.Other = true
	}
	return false, e
}

// OrderError is a bundle for another state of a mirror than the one that it is in.
type OrderError struct {
	File, Dir string
	Bundle    Bundle
	// After is the bundle before it.
	After Bundle
	// Missing have to be applied first, in order; empty where the mirror is ahead of
	// After.
	Missing []Bundle
	// Has is the last that the mirror has, or nil; Other says that it is none of
	// those before this one.
	Has   *Bundle
	Other bool
}

// Error implements error.
func (e *OrderError) Error() string {
	has := "no bundle"
	if e.Has != nil {
		has = fmt.Sprintf("bundle %d (%s)", e.Has.Number, e.Has.Name)
	}
	if e.Other {
		has += ", which is none of them"
	}
	if len(e.Missing) == 0 {
		return fmt.Sprintf("%s is for a mirror with bundle %d (%s), and %s has %s", e.File, e.After.Number, e.After.Name, e.Dir, has)
	}
	names := make([]string, 0, len(e.Missing))
	for _, b := range e.Missing {
		names = append(names, fmt.Sprintf("%s (bundle %d)", b.Name, b.Number))
	}
	need := " has to be applied first"
	if len(names) > 1 {
		need = " have to be applied first, in this order"
	}
	return fmt.Sprintf("%s is bundle %d: %s%s; %s has %s", e.File, e.Bundle.Number, strings.Join(names, ", "), need, e.Dir, has)
}

// ExitStatus is that of a check that found a problem.
func (*OrderError) ExitStatus() int { return 3 }

// Hints says what to do.
func (e *OrderError) Hints() []string {
	if len(e.Missing) == 0 {
		return []string{fmt.Sprintf("write one with --since-bundle %s, or a whole one, without --since-bundle", recordName(e.Has.Name))}
	}
	return []string{"apply what is missing, or write a whole bundle, without --since-bundle"}
}

// merge is the state of a mirror after a bundle.
func merge(own, carried State, record *Record) State {
	out := State{Version: stateVersion, Layout: cmp.Or(own.Layout, carried.Layout), Bundles: record.all()}
	repositories := map[string]Repository{}
	for _, r := range append(slices.Clone(own.Repositories), carried.Repositories...) {
		repositories[r.URL] = r
	}
	needs := map[string]Needs{}
	for _, n := range append(slices.Clone(own.Needs), carried.Needs...) {
		needs[n.Config] = n
	}
	for _, url := range slices.Sorted(maps.Keys(repositories)) {
		out.Repositories = append(out.Repositories, repositories[url])
	}
	for _, config := range slices.Sorted(maps.Keys(needs)) {
		out.Needs = append(out.Needs, needs[config])
	}
	return out
}

// LayoutError is a bundle of a mirror in which repositories lie elsewhere.
type LayoutError struct {
	Dir    string
	Own    Layout
	File   string
	Bundle Layout
}

// Error implements error.
func (e *LayoutError) Error() string {
	return fmt.Sprintf("%s has the layout %s, and %s has %s", e.Dir, e.Own, e.File, e.Bundle)
}

// ExitStatus is that of wrong usage.
func (*LayoutError) ExitStatus() int { return 2 }

// Hints says what to do.
func (e *LayoutError) Hints() []string {
	return []string{"apply it to another directory, or write a bundle of a mirror that was filled with --layout '" + string(e.Own) + "'"}
}

// checkPlaces looks for what is in the way in the mirror: what could not be moved
// there later, and a module's files that are others.
func (a *applying) checkPlaces(list List) error {
	own, err := a.m.ReadList()
	if err != nil {
		return err
	}
	dirs := map[string]bool{".": true}
	for _, name := range list.Names() {
		if name == bundleFile || name == StateFile {
			continue
		}
		for dir := path.Dir(name); !dirs[dir]; dir = path.Dir(dir) {
			dirs[dir] = true
			if fi, err := os.Lstat(a.m.Path(dir)); err == nil && !fi.IsDir() {
				return &InTheWayError{a.m.Path(dir), "is not a directory"}
			}
		}
		if fi, err := os.Lstat(a.m.Path(name)); err == nil && !fi.Mode().IsRegular() {
			return &InTheWayError{a.m.Path(name), "is not a regular file"}
		}
		if sum := own[name]; slices.Contains([]string{".mod", ".zip"}, path.Ext(name)) && sum != "" && sum != list[name] {
			return &InTheWayError{a.m.Path(name), "is another than in " + a.file}
		}
	}
	return nil
}

// InTheWayError is what a mirror has where a bundle has something else.
type InTheWayError struct{ Path, Reason string }

// Error implements error.
func (e *InTheWayError) Error() string { return e.Path + " " + e.Reason }

// ExitStatus is that of a check that found a problem.
func (*InTheWayError) ExitStatus() int { return 3 }

// Hints says what to do.
func (*InTheWayError) Hints() []string {
	return []string{"find out which of the two is right, and remove it if it is the bundle's; or apply the bundle to another directory"}
}

// index indexes all packs, several at once, which checks each of their objects.
func (a *applying) index(ctx context.Context, list List) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	var mu sync.Mutex
	a.links = map[string][]gitpack.Link{}
	for _, name := range list.Names() {
		of := ofRepository.FindStringSubmatch(name)
		if path.Ext(name) != ".pack" || of == nil {
			continue
		}
		g.Go(func() error {
			links, err := gitpack.IndexPack(ctx, a.path(name), a.limits)
			if err != nil && ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if err != nil {
				return fmt.Errorf("%s: %s: %w", a.file, name, err)
			}
			mu.Lock()
			defer mu.Unlock()
			a.links[of[1]] = append(a.links[of[1]], links...)
			return nil
		})
	}
	return g.Wait()
}

// checkLinks checks that what a bundle's commits are based on is there. Where it is
// not, the mirror lacks what it had with the bundle before.
func (a *applying) checkLinks(repository string) error {
	staged, ours := a.path(repository), a.m.Path(repository)
	at := ours
	if disk.Exists(filepath.Join(staged, shallowFile)) {
		at = staged
	}
	cut, err := gitpack.ReadShallow(at, a.limits)
	if err != nil {
		return err
	}
	missing, err := gitpack.MissingLinks(a.links[repository], cut, filepath.Join(staged, packDir), filepath.Join(ours, packDir))
	if err != nil || len(missing) == 0 {
		return err
	}
	first := slices.MinFunc(missing, func(a, b gitpack.Link) int { return strings.Compare(a.To.String(), b.To.String()) })
	return &BaseError{File: a.file, Repository: ours, Missing: first.To.String(), Of: first.From.String()}
}

// BaseError is a mirror that does not have what a bundle builds on.
type BaseError struct {
	File, Repository string
	// Missing is an object that Of leads to, which the bundle has; 40 hex digits.
	Missing, Of string
}

// Error implements error.
func (e *BaseError) Error() string {
	return fmt.Sprintf("%s: %s lacks %s, which %s in the bundle is based on", e.File, e.Repository, e.Missing, e.Of)
}

// ExitStatus is that of a check that found a problem.
func (*BaseError) ExitStatus() int { return 3 }

// Hints says what to do.
func (*BaseError) Hints() []string {
	return []string{"the mirror was pruned after the bundle before was applied, or is damaged: write a whole bundle, without --since-bundle"}
}

// repository checks the refs of a repository, and adds those that only the mirror
// has. It returns nil where the bundle has nothing of it.
func (a *applying) repository(r Repository, list List) (*AppliedRepository, error) {
	row := &AppliedRepository{Repository: r}
	any := false
	for name := range list {
		if m := ofRepository.FindStringSubmatch(name); m != nil && m[1] == r.Path {
			any = true
			if fi, err := os.Stat(a.path(name)); err == nil && path.Ext(name) == ".pack" {
				row.Bytes += fi.Size()
			}
		}
	}
	if !any {
		return nil, nil
	}
	if _, ok := list[r.Path+"/HEAD"]; ok && gitpack.ReadHead(a.path(r.Path)) == "" {
		return nil, a.bad("%s/HEAD is not that of a repository", r.Path)
	}
	if _, ok := list[path.Join(r.Path, shallowFile)]; ok {
		if err := a.shallow(r.Path); err != nil {
			return nil, err
		}
	}
	if err := a.checkLinks(r.Path); err != nil {
		return nil, err
	}
	if _, ok := list[path.Join(r.Path, refsFile)]; ok {
		if err := a.refs(row); err != nil {
			return nil, err
		}
	}
	return row, nil
}

// refs checks that a repository's refs name objects that are there, and writes the
// packed-refs that the mirror is to have.
func (a *applying) refs(row *AppliedRepository) error {
	staged, ours := a.path(row.Path), a.m.Path(row.Path)
	carried, err := gitpack.ReadPackedRefs(staged, a.limits)
	if err != nil {
		return a.bad("%s: %v", row.Path, err)
	}
	own, err := gitpack.ReadPackedRefs(ours, a.limits)
	if err != nil {
		return fmt.Errorf("%s: %w", ours, err)
	}
	missing, err := gitpack.MissingObjects(carried, filepath.Join(staged, packDir), filepath.Join(ours, packDir))
	if err != nil {
		return err
	}
	if len(missing) > 0 {
		r := missing[0]
		return a.bad("%s: neither the bundle nor the mirror has the object of %s, %s", row.Path, brief.Name(r.Name), r.Hash)
	}
	refs := map[string]gitpack.PackedRef{}
	for _, r := range slices.Concat(own, carried) {
		refs[r.Name] = r
	}
	row.compare(own, carried)
	return gitpack.WritePackedRefs(staged, slices.Collect(maps.Values(refs)))
}

const (
	packDir  = "objects/pack"
	refsFile = "packed-refs"
)

// compare notes what is new among refs.
func (row *AppliedRepository) compare(own, carried []gitpack.PackedRef) {
	had := map[string]gitpack.PackedRef{}
	for _, r := range own {
		had[r.Name] = r
	}
	for _, r := range carried {
		switch old, ok := had[r.Name]; {
		case !ok:
			row.New = append(row.New, r.Name)
		case old.Hash == r.Hash:
		case strings.HasPrefix(r.Name, "refs/tags/"):
			row.Moved = append(row.Moved, MovedTag{r.Name, old.Hash.String(), r.Hash.String()})
		default:
			row.Changed = append(row.Changed, r.Name)
		}
	}
	slices.Sort(row.New)
	slices.Sort(row.Changed)
	slices.SortFunc(row.Moved, func(a, b MovedTag) int { return strings.Compare(a.Name, b.Name) })
}

// shallow makes a repository end at the commits at which it did before too: that
// one is named in vain hides history, that one is not breaks it. Where the bundle
// is the next one, it has all of them.
func (a *applying) shallow(repository string) error {
	name := filepath.Join(a.path(repository), shallowFile)
	data, err := disk.ReadRegular(name, a.limits.Refs)
	if err != nil {
		return err
	}
	if a.record.Bundle.Number == 1 {
		own, err := disk.ReadRegular(filepath.Join(a.m.Path(repository), shallowFile), a.limits.Refs)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		data = append(data, own...)
	}
	commits := lines(data)
	if slices.ContainsFunc(commits, func(c string) bool { return len(c) != 40 || !isHex(c) }) {
		return a.bad("%s/%s is not a list of commits", repository, shallowFile)
	}
	return os.WriteFile(name, joined(commits), 0o644)
}

const shallowFile = "shallow"

// lines are those of a file, sorted, each once.
func lines(data []byte) []string {
	all := strings.Fields(string(data))
	slices.Sort(all)
	return slices.Compact(all)
}

func joined(lines []string) []byte {
	var b bytes.Buffer
	for _, line := range lines {
		b.WriteString(line + "\n")
	}
	return b.Bytes()
}

// proxy adds to each list of a module's versions those that only the mirror has. It
// counts the files of the proxy tree.
func (a *applying) proxy(list List) (n int, err error) {
	for _, name := range list.Names() {
		if !strings.HasPrefix(name, ProxyDir+"/") {
			continue
		}
		n++
		if !strings.HasSuffix(name, "/@v/list") {
			continue
		}
		carried, err := disk.ReadText(a.path(name))
		if err != nil {
			return 0, err
		}
		own, err := disk.ReadText(a.m.Path(name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return 0, err
		}
		versions := lines(append(carried, own...))
		semver.Sort(versions)
		if err := os.WriteFile(a.path(name), joined(versions), 0o644); err != nil {
			return 0, err
		}
	}
	return n, nil
}
