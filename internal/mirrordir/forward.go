package mirrordir

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/event"
	"github.com/vxlite/vxlite/internal/gitpack"
)

// readyDir is what a bundle is to change, all of it checked: the files that are to
// be moved, as they will lie in the mirror, and the state that it will have.
// Whoever finds it moves what is left.
const (
	readyDir   = ".apply"
	readyFiles = "files"
)

// ready makes a stage that has readyFiles the next thing to happen to the mirror.
func (m *Mirror) ready(stage string, s State) error {
	data, err := s.format()
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(stage, StateFile), data, 0o644); err != nil {
		return err
	}
	return disk.Rename(stage, filepath.Join(m.Dir, readyDir))
}

// rollForward moves what is ready, if there is any, to its place.
func (m *Mirror) rollForward(ctx context.Context) error {
	ready := filepath.Join(m.Dir, readyDir)
	state, err := readState(filepath.Join(ready, StateFile))
	if errors.Is(err, fs.ErrNotExist) {
		return disk.RemoveAll(ready) // all was moved, and some of it is removed
	}
	if err != nil {
		return err
	}
	if err := m.Begin(); err != nil {
		return err
	}
	names, err := toMove(filepath.Join(ready, readyFiles))
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := m.moveFrom(filepath.Join(ready, readyFiles), name); err != nil {
			return fmt.Errorf("%s: %w", m.Path(name), err)
		}
	}
	if err := m.Finish(ctx, state); err != nil {
		return err
	}
	return disk.RemoveAll(ready)
}

// moveFrom moves a file. A repository that is new becomes one to git before
// anything is in it.
func (m *Mirror) moveFrom(dir, name string) error {
	if of := ofRepository.FindStringSubmatch(name); of != nil && !disk.Exists(filepath.Join(m.Path(of[1]), "HEAD")) {
		if err := gitpack.InitBare(m.Path(of[1])); err != nil {
			return err
		}
	}
	to := m.Path(name)
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return disk.Rename(filepath.Join(dir, filepath.FromSlash(name)), to)
}

// toMove lists the files below a directory that are to be moved, in the order in which
// others may see them: what names something comes behind it.
func toMove(dir string) ([]string, error) {
	var names []string
	for _, top := range []string{GitDir, ProxyDir, ReleasesDir} {
		err := filepath.WalkDir(filepath.Join(dir, top), func(p string, d fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err != nil || d.IsDir() {
				return err
			}
			rel, err := filepath.Rel(dir, p)
			names = append(names, filepath.ToSlash(rel))
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(names, func(a, b string) int { return order(a) - order(b) })
	return names, nil
}

// order is where a file stands among those that are moved.
func order(name string) int {
	base := path.Base(name)
	switch {
	case path.Ext(name) == ".pack":
		return 0
	case path.Ext(name) == ".idx":
		return 1
	case base == "list" || base == "latest" || base == "@latest" || base == refsFile:
		return 4
	case strings.Contains(name, "/lookup/"):
		return 3 // which its tiles prove
	}
	return 2
}

// complete moves what a run that was killed had made ready.
func (m *Mirror) complete(ctx context.Context, sink event.Sink) error {
	if !disk.Exists(filepath.Join(m.Dir, readyDir)) {
		return nil
	}
	if err := m.rollForward(ctx); err != nil {
		return err
	}
	if n := len(m.State.Bundles); n > 0 {
		last := m.State.Bundles[n-1]
		sink.Send(event.Event{Kind: event.Note, Text: fmt.Sprintf("%s (bundle %d) is applied: the run that did was interrupted", last.Name, last.Number)})
	}
	return nil
}
