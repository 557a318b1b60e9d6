package mirrordir

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

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
	a.state.tellIncomplete(o.Sink)
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

// unread is a bundle's file that was not read because of err.
func (a *applying) unread(name string, err error) error {
	if newer, ok := errors.AsType[*NewerError](err); ok {
		return newer.in(a.file + ": " + name)
	}
	return a.bad("%s: %v", name, err)
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
	if err := a.checkAge(out.Repositories); err != nil {
		return nil, err
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
		return State{}, a.unread(bundleFile, err)
	}
	if data, err = form.ReadWhole(a.dir, StateFile); err != nil {
		return State{}, err
	}
	carried, err := ParseState(data)
	if err != nil {
		return State{}, a.unread(StateFile, err)
	}
	carries := carried.carries()
	for _, name := range list.Names() {
		if name != bundleFile && name != StateFile && !carries(name) {
			return State{}, a.bad("%q is no file that a bundle has", brief.Name(name))
		}
	}
	return carried, nil
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
