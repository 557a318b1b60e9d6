package watch

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Listing is what directories and single files held at a time.
type Listing struct {
	at    time.Time
	of    []string // what was listed, links followed
	files map[string]stamp
}

// stamp changes with a file, nearly always.
type stamp struct{ size, modified int64 }

func stampOf(fi fs.FileInfo) stamp { return stamp{fi.Size(), fi.ModTime().UnixNano()} }

// List takes a listing of dirs, with all that is below them, and of files, all
// of them absolute. It leaves out what it cannot read.
func List(dirs, files []string) Listing {
	l := Listing{at: time.Now(), files: map[string]stamp{}}
	for _, dir := range dirs {
		if dir, err := filepath.EvalSymlinks(dir); err == nil && l.add(dir) == nil {
			l.of = append(l.of, dir)
		}
	}
	for _, f := range files {
		for _, place := range places(f) {
			l.addFile(place)
			l.of = append(l.of, place)
		}
	}
	return l
}

// add lists what is below a directory, but for what never counts.
func (l Listing) add(dir string) error {
	return filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			return err
		case d.IsDir() && p != dir && hidden(d.Name()):
			return filepath.SkipDir
		case d.IsDir() || hidden(d.Name()) || temporary(d.Name()):
			return nil
		}
		if fi, err := d.Info(); err == nil { // it may be gone
			l.files[p] = stampOf(fi)
		}
		return nil
	})
}

func (l Listing) addFile(name string) {
	if fi, err := os.Stat(name); err == nil {
		l.files[name] = stampOf(fi)
	}
}

// tick is how far the clock of a file system may be behind.
const tick = 10 * time.Millisecond

// Since returns the files that count and were written, made or removed after a
// listing, sorted: what happened before they were watched. Others that were are
// ignored, as by Next.
//
// A write is lost that leaves size and time as they were, so one within the
// same tick of the file system's clock as the write before it. What is in none
// of the listing's directories goes by its time alone: there, a removal is lost
// too, and what came with an old time, as by mv and cp -p.
func (w *Watcher) Since(before Listing) ([]string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := Listing{files: map[string]stamp{}}
	for name := range w.files {
		now.addFile(name)
	}
	for _, dir := range w.dirs {
		if err := now.add(dir); err != nil {
			return nil, err
		}
	}
	var out []string
	for name, is := range now.files {
		was, listed := before.files[name]
		changed := !listed || is != was
		if !below(before.of, name) {
			changed = is.modified >= before.at.Add(-tick).UnixNano()
		}
		if changed && (w.files[name] != "" || w.concerns(name)) {
			out = append(out, cmp.Or(w.files[name], name))
		}
	}
	for name := range before.files {
		if _, there := now.files[name]; !there && (w.files[name] != "" || below(w.dirs, name) && w.concerns(name)) {
			out = append(out, cmp.Or(w.files[name], name))
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}
