package pipeline

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sort"

	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/event"
)

// OutputError is a place that no binary can be put in.
type OutputError struct {
	Path, Reason, Hint string
}

// Error implements error.
func (e *OutputError) Error() string { return fmt.Sprintf("output %s: %s", e.Path, e.Reason) }

// Hints says what to do.
func (e *OutputError) Hints() []string {
	if e.Hint == "" {
		return nil
	}
	return []string{e.Hint}
}

// checkWritable makes the output's directories and tries to write to them, so
// that a build does not end in finding out. inputs are files that no binary
// may replace.
func checkWritable(outputs []output, inputs ...string) error {
	for _, o := range outputs {
		dir := filepath.Dir(o.file)
		if err := replaceable(o.file, inputs); err != nil {
			return err
		}
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return &OutputError{Path: dir, Reason: reason(err), Hint: "name another place with -o"}
		}
		disk.Sweep(o.file)
		f, err := disk.CreateTemp(o.file)
		if err != nil {
			return &OutputError{Path: dir, Reason: reason(err), Hint: "name another place with -o"}
		}
		f.Close()
		if err := os.Remove(f.Name()); err != nil {
			return &OutputError{Path: dir, Reason: reason(err)}
		}
		if isDir(o.file) {
			return &OutputError{Path: o.file, Reason: "is a directory", Hint: "name another binary with [build] name"}
		}
	}
	return nil
}

// replaceable refuses what must not make way for a binary: a device or a pipe,
// which a rename would turn into a file, and what the build reads.
func replaceable(file string, inputs []string) error {
	fi, err := os.Stat(file)
	if err != nil || fi.IsDir() {
		return nil // there is nothing to replace, or checkWritable tells of it
	}
	if !fi.Mode().IsRegular() {
		return &OutputError{Path: file, Reason: "is no regular file", Hint: "name another place with -o"}
	}
	for _, input := range inputs {
		if in, err := os.Stat(input); err == nil && os.SameFile(fi, in) {
			return &OutputError{Path: file, Reason: "is what the build reads", Hint: "name another place with -o"}
		}
	}
	return nil
}

// reason is an error without the path that the message has already.
func reason(err error) string {
	var pe *os.PathError
	if errors.As(err, &pe) {
		return pe.Err.Error()
	}
	return err.Error()
}

func isDir(p string) bool {
	fi, err := os.Stat(p)
	return err == nil && fi.IsDir()
}

// place moves a finished binary to its file. Between file systems it is copied
// beside it first, so that the last step is a rename in any case.
func place(built, file string) error {
	if err := disk.Replace(built, file); err == nil {
		return nil
	}
	tmp, err := disk.CreateTemp(file)
	if err != nil {
		return &OutputError{Path: filepath.Dir(file), Reason: reason(err)}
	}
	defer os.Remove(tmp.Name()) // in vain once it is renamed
	in, err := os.Open(built)
	if err != nil {
		tmp.Close()
		return err
	}
	defer in.Close()
	_, err = io.Copy(tmp, in)
	if err := errors.Join(err, tmp.Chmod(0o755), tmp.Close()); err != nil {
		return &OutputError{Path: file, Reason: reason(err)}
	}
	if err := disk.Replace(tmp.Name(), file); err != nil {
		return &OutputError{Path: file, Reason: reason(err)}
	}
	return nil
}

// hashFile returns a file's size in bytes and its SHA-256 in hex.
func hashFile(name string) (int64, string, error) {
	f, err := os.Open(name)
	if err != nil {
		return 0, "", err
	}
	defer f.Close()
	h := sha256.New()
	n, err := io.Copy(h, f)
	return n, hex.EncodeToString(h.Sum(nil)), err
}

func sortByName(ms []event.Module) {
	sort.Slice(ms, func(i, j int) bool { return ms[i].Name < ms[j].Name })
}
