// Package watch tells of changes in directories: once for what an editor
// does in one go, however many files and events that makes.
package watch

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/vxlite/vxlite/internal/disk"
)

// Watcher watches directories with all that is below them, and single files.
type Watcher struct {
	fs   *fsnotify.Watcher
	seen chan seen // closed when nothing is watched any more

	mu      sync.Mutex
	files   map[string]string // the places of single files, watched by their directory, since editors replace them; and what the caller calls them
	dirs    []string
	also    func(name string) bool
	ignored map[string]bool // what changed and does not count, as far as is known; nil where nobody will ask

	// Quiet is how long nothing must happen until a change is over; at the most
	// Longest passes.
	Quiet, Longest time.Duration
}

// New watches dirs and files, all of them absolute. A file, or a link to one, need
// not be there; its directory does, or else it is not watched.
func New(dirs, files []string) (*Watcher, error) {
	n, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, err
	}
	w := &Watcher{fs: n, seen: make(chan seen), ignored: map[string]bool{}, Quiet: 20 * time.Millisecond, Longest: time.Second}
	go drain(n.Events, n.Errors, w.seen)
	if err := w.Watch(dirs, files); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return w, nil
}

// seen is an event, or why there is none.
type seen struct {
	event fsnotify.Event
	err   error
}

// drain hands on all that comes, however long nobody takes it, until either
// channel is closed. On Windows, fsnotify adds no directory while an event of
// its waits to be taken, and who takes events adds directories.
func drain(events <-chan fsnotify.Event, errs <-chan error, out chan<- seen) {
	defer close(out)
	var waiting []seen
	for {
		var to chan<- seen
		var first seen
		if len(waiting) > 0 {
			to, first = out, waiting[0]
		}
		select {
		case e, ok := <-events:
			if !ok {
				return
			}
			waiting = append(waiting, seen{event: e})
		case err, ok := <-errs:
			if !ok {
				return
			}
			waiting = append(waiting, seen{err: err})
		case to <- first:
			waiting = waiting[1:]
		}
	}
}

// Watch watches these from now on, in place of those before. No change to what
// is among both is lost.
func (w *Watcher) Watch(dirs, files []string) error {
	resolved := make([]string, len(dirs))
	for i, dir := range dirs {
		var err error
		if resolved[i], err = filepath.EvalSymlinks(dir); err != nil {
			return err
		}
	}
	single, wanted := map[string]string{}, map[string]bool{}
	for _, f := range files {
		for _, place := range places(f) {
			single[place], wanted[filepath.Dir(place)] = f, true
		}
	}
	w.mu.Lock()
	w.dirs, w.files = resolved, single // what follows waits for the system, and Next must not
	w.mu.Unlock()
	for _, dir := range resolved {
		if err := w.add(dir); err != nil {
			return err
		}
	}
	for dir := range wanted {
		if err := w.fs.Add(dir); err != nil {
			return err
		}
	}
	for _, dir := range w.fs.WatchList() {
		if !wanted[dir] && !below(resolved, dir) {
			_ = w.fs.Remove(dir) // it may be gone
		}
	}
	return nil
}

// places are where a file can change: in its directory, and where it is a link to,
// with the links to these directories followed, as events have them. There are
// none without its directory.
func places(file string) []string {
	dir, err := filepath.EvalSymlinks(filepath.Dir(file))
	if err != nil {
		return nil
	}
	out := []string{filepath.Join(dir, filepath.Base(file))}
	if target, err := filepath.EvalSymlinks(file); err == nil && target != out[0] {
		out = append(out, target)
	}
	return out
}

// Close ends the watching.
func (w *Watcher) Close() error {
	err := w.fs.Close()
	for range w.seen { // until drain has ended
	}
	return err
}

// add watches dir and what is below it. What goes away meanwhile is no error.
func (w *Watcher) add(dir string) error {
	return filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		if !d.IsDir() {
			return nil
		}
		if p != dir && hidden(d.Name()) {
			return filepath.SkipDir
		}
		return w.fs.Add(p)
	})
}

// Next waits for a change that is over and returns the files it concerns,
// sorted.
func (w *Watcher) Next(ctx context.Context) ([]string, error) {
	changed := map[string]bool{}
	var quiet, longest <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case s, ok := <-w.seen:
			if !ok {
				return nil, fsnotify.ErrClosed
			}
			if s.err != nil {
				return nil, s.err
			}
			name := w.counts(s.event)
			if name == "" {
				continue
			}
			changed[name] = true
			quiet = time.After(w.Quiet)
			if longest == nil {
				longest = time.After(w.Longest)
			}
			continue
		case <-quiet:
		case <-longest:
		}
		out := make([]string, 0, len(changed))
		for name := range changed {
			out = append(out, name)
		}
		sort.Strings(out)
		return out, nil
	}
}

// counts returns the name of what an event changes, or "" where that does not
// count. A new directory is watched from then on, with what was put into it before.
func (w *Watcher) counts(e fsnotify.Event) string {
	name := filepath.Base(e.Name)
	if e.Op == fsnotify.Chmod {
		return ""
	}
	w.mu.Lock()
	file, inside := w.files[e.Name], below(w.dirs, e.Name)
	w.mu.Unlock()
	if file != "" {
		return file
	}
	if hidden(name) || temporary(name) || !inside {
		return ""
	}
	fi, err := os.Lstat(e.Name)
	if err == nil && fi.IsDir() {
		if !e.Has(fsnotify.Create) {
			return ""
		}
		_ = w.add(e.Name)
		if found, _ := disk.List(e.Name, "", ".go"); len(found) == 0 {
			return ""
		}
		return e.Name
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.concerns(e.Name) {
		return ""
	}
	return e.Name
}

// concerns reports whether a file below the directories that changed counts by
// its name, and remembers one that does not.
func (w *Watcher) concerns(name string) bool {
	if source(filepath.Base(name)) || w.also != nil && w.also(name) {
		return true
	}
	if w.ignored != nil {
		w.ignored[name] = true
	}
	return false
}

// Also sets which files besides Go's own count, by their absolute names. What
// a server writes must not be among them. It returns those, sorted, that have
// changed since Remember and were ignored.
func (w *Watcher) Also(counts func(name string) bool) (late []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.also = counts
	for name := range w.ignored {
		if counts(name) {
			late = append(late, name)
		}
	}
	w.ignored = nil // a server may write ever more files
	sort.Strings(late)
	return late
}

// Remember keeps from now on which files change and are ignored, until Also asks
// for them. A new watcher does.
func (w *Watcher) Remember() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ignored = map[string]bool{}
}

// source reports whether the go command compiles a file of that name.
func source(name string) bool {
	switch filepath.Ext(name) {
	case ".go":
		return !strings.HasSuffix(name, "_test.go")
	case ".mod", ".sum", ".s", ".S", ".c", ".h", ".cc", ".cpp", ".cxx", ".hh", ".hpp", ".hxx", ".m", ".syso":
		return true
	}
	return false
}

// below reports whether a file is one of the directories, or below one.
func below(dirs []string, name string) bool {
	for _, dir := range dirs {
		if name == dir || strings.HasPrefix(name, dir+string(filepath.Separator)) {
			return true
		}
	}
	return false
}

func hidden(name string) bool { return strings.HasPrefix(name, ".") }

// temporary knows the files that editors put beside those that they write.
func temporary(name string) bool {
	return strings.HasSuffix(name, "~") || strings.HasPrefix(name, "#") || strings.HasSuffix(name, ".swp") ||
		strings.HasSuffix(name, ".tmp") || name == "4913" // vim tries whether it may write
}
