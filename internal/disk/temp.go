package disk

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// tempPattern names what stands beside a file or folder until it is renamed to it.
func tempPattern(name string) string { return "." + filepath.Base(name) + ".*.tmp" }

// CreateTemp makes a file beside name, to be renamed to it, which [Sweep] finds
// where this run cannot remove it.
func CreateTemp(name string) (*os.File, error) {
	f, err := os.CreateTemp(filepath.Dir(name), tempPattern(name))
	return f, of(name, err)
}

// MkdirTemp is CreateTemp for a directory: see [MkdirHeld].
func MkdirTemp(name string) (dir string, remove func() error, err error) {
	dir, remove, err = MkdirHeld(filepath.Dir(name), tempPattern(name))
	return dir, remove, of(name, err)
}

// of makes an error that of the file or directory that is in the making: the
// name of what stands beside it says nothing to anybody.
func of(name string, err error) error {
	var pe *fs.PathError
	var le *os.LinkError
	switch {
	case errors.As(err, &pe):
		return &fs.PathError{Op: pe.Op, Path: name, Err: pe.Err}
	case errors.As(err, &le):
		return &fs.PathError{Op: "replace", Path: name, Err: le.Err}
	}
	return err
}

// lockSuffix ends the name of the file that stands beside a directory and is
// locked by the process that uses it. It holds the name of its machine, since
// not every shared file system shares its locks.
const lockSuffix = ".lock"

// MkdirHeld makes a directory for this process, by a pattern as os.MkdirTemp has
// it. Where the process ends before it calls remove, [SweepHeld] removes it.
func MkdirHeld(parent, pattern string) (dir string, remove func() error, err error) {
	l, err := lockTemp(parent, pattern)
	if err != nil {
		return "", nil, err
	}
	if l == nil {
		dir, err = os.MkdirTemp(parent, pattern)
		return dir, func() error { return RemoveAll(dir) }, err
	}
	dir = strings.TrimSuffix(l.Path(), lockSuffix)
	remove = func() error { return removeHeld(dir, l) }
	if err := os.Mkdir(dir, 0o700); err != nil {
		return "", nil, errors.Join(err, remove())
	}
	return dir, remove, nil
}

// lockTemp makes a file and locks it. It returns nil where the file system has
// no locks.
func lockTemp(parent, pattern string) (*flock.Flock, error) {
	host, err := os.Hostname()
	if err != nil {
		return nil, err
	}
	for {
		f, err := os.CreateTemp(parent, pattern+lockSuffix)
		if err != nil {
			return nil, err
		}
		_, err = f.WriteString(host)
		if err := errors.Join(err, f.Close()); err != nil {
			return nil, errors.Join(err, os.Remove(f.Name()))
		}
		l := openLock(f.Name())
		locked, err := l.TryLock()
		switch {
		case locked && Exists(f.Name()):
			return l, nil
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			return nil, os.Remove(f.Name())
		}
		_ = l.Unlock() // another run has swept it before it was locked
	}
}

// openLock does not wait for what may be a pipe, and makes no file.
func openLock(name string) *flock.Flock { return flock.New(name, flock.SetFlag(os.O_RDWR|nonblock)) }

// removeHeld removes a directory, and then its lock. Windows removes no file
// that is open.
func removeHeld(dir string, l *flock.Flock) error {
	if err := RemoveAll(dir); err != nil {
		return errors.Join(err, l.Unlock())
	}
	_ = os.Remove(l.Path())
	err := l.Unlock()
	_ = os.Remove(l.Path()) // no other file ever has this name
	return err
}

// SweepHeld removes the directories that [MkdirHeld] made in parent by a pattern
// for processes that have ended.
func SweepHeld(parent, pattern string) {
	host, err := os.Hostname()
	if err != nil {
		return
	}
	for _, lock := range temps(parent, pattern+lockSuffix) {
		dir := strings.TrimSuffix(lock, lockSuffix)
		if fi, err := os.Lstat(lock); err != nil || !fi.Mode().IsRegular() || !isOwn(lock) || !isOwn(dir) {
			continue // everybody may write to a directory for temporary files
		}
		by, err := ReadRegular(lock, 1<<10)
		if err != nil || string(by) != host && !isOld(lock) {
			continue
		}
		l := openLock(lock)
		if locked, _ := l.TryLock(); locked {
			_ = removeHeld(dir, l)
		}
	}
}

// leftFor is after how long what nobody can hold is taken for that of a run
// that was killed.
const leftFor = 24 * time.Hour

func isOld(name string) bool {
	fi, err := os.Lstat(name)
	return err == nil && time.Since(fi.ModTime()) > leftFor
}

// Sweep removes what killed runs have left beside name. What cannot be removed
// stays: it is in nobody's way.
func Sweep(name string) { SweepTemp(filepath.Dir(name), tempPattern(name)) }

// SweepTemp removes from a directory what killed runs have made by a pattern:
// what is held, and what is a day old.
func SweepTemp(dir, pattern string) {
	SweepHeld(dir, pattern)
	for _, p := range temps(dir, pattern) {
		if !Exists(p+lockSuffix) && isOld(p) {
			_ = RemoveAll(p)
		}
	}
}

// temps returns the paths of what has a name that was made by a pattern.
func temps(dir, pattern string) (out []string) {
	before, after, _ := strings.Cut(pattern, "*")
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	for _, e := range entries {
		random, ok := strings.CutPrefix(e.Name(), before)
		random, made := strings.CutSuffix(random, after)
		if ok && made && random != "" && strings.Trim(random, "0123456789") == "" {
			out = append(out, filepath.Join(dir, e.Name()))
		}
	}
	return out
}
