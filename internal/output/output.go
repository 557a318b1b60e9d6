// Package output puts what a command makes in its place, and refuses to replace
// what may be somebody's only copy of something else.
package output

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/vxlite/vxlite/internal/disk"
)

// Error is a place that nothing can be put in.
type Error struct {
	Path, Reason string
	Hint         string // empty where another place is all there is to name
}

// Error implements error.
func (e *Error) Error() string { return fmt.Sprintf("output %s: %s", e.Path, e.Reason) }

// Hints says what to do.
func (e *Error) Hints() []string {
	return []string{cmp.Or(e.Hint, "name another place with -o")}
}

// Split tells a directory from a file. A new name is a directory, which is
// made, unless it is one that the product itself has; so is what is a directory
// already, or ends in a separator, or is empty. Then file is empty.
func Split(o string, own func(name string) bool) (dir, file string, err error) {
	abs, err := filepath.Abs(o)
	if err != nil {
		return "", "", err
	}
	if o == "" || strings.HasSuffix(o, "/") || strings.HasSuffix(o, string(filepath.Separator)) {
		return abs, "", nil
	}
	if fi, err := os.Stat(abs); err == nil && fi.IsDir() || err != nil && !own(filepath.Base(abs)) {
		return abs, "", nil
	}
	return filepath.Dir(abs), filepath.Base(abs), nil
}

// Product is what a command puts in a place: it may take that of another of
// its kind, and of no other file.
type Product struct {
	Name  string
	Input string // what to say of a file that it is made from
	// Another says what to do about a directory in its place.
	Another string
	// Is reports whether a file is one.
	Is func(file string) bool
}

// Program is a binary.
var Program = Product{Name: "a program", Input: "is an input of the build", Another: "name another binary with [build] name", Is: isProgram}

// CheckWritable makes the output's directories and tries to write to them, so
// that a build does not end in finding out. inputs are files that the product
// may not replace.
func CheckWritable(files []string, what Product, inputs ...string) error {
	for _, file := range files {
		dir := filepath.Dir(file)
		if err := what.replaceable(file, inputs); err != nil {
			return err
		}
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return &Error{Path: dir, Reason: disk.Reason(err)}
		}
		disk.Sweep(file)
		f, err := disk.CreateTemp(file)
		if err != nil {
			return &Error{Path: dir, Reason: disk.Reason(err)}
		}
		f.Close()
		if err := os.Remove(f.Name()); err != nil {
			return &Error{Path: dir, Reason: disk.Reason(err)}
		}
		if disk.IsDir(file) {
			return &Error{Path: file, Reason: "is a directory", Hint: what.Another}
		}
	}
	return nil
}

// replaceable refuses what must not make way: a device or a pipe, which a
// rename would turn into a file, what is read, and what is no such product and
// so may be all that somebody has of it. A symbolic link stands for its target
// here, as with the go command; what is replaced is the link, as there too
// where it can rename.
func (p Product) replaceable(file string, inputs []string) error {
	fi, err := os.Stat(file)
	if err != nil || fi.IsDir() {
		return nil // there is nothing to replace, or CheckWritable tells of it
	}
	refuse := func(reason string) error {
		return &Error{Path: file, Reason: reason}
	}
	if !fi.Mode().IsRegular() {
		return refuse("is not a regular file")
	}
	for _, input := range inputs {
		if in, err := os.Stat(input); err == nil && os.SameFile(fi, in) {
			return refuse(p.Input)
		}
	}
	if fi.Size() > 0 && !p.Is(file) {
		return refuse("exists and is not " + p.Name)
	}
	return nil
}

// programs are how the programs of each platform begin, as the go command tells
// them from files that its -o may not replace.
var programs = [][]byte{
	[]byte("\x7fELF"),
	{0xfe, 0xed, 0xfa, 0xce}, {0xfe, 0xed, 0xfa, 0xcf}, {0xce, 0xfa, 0xed, 0xfe}, {0xcf, 0xfa, 0xed, 0xfe}, // Mach-O
	{'M', 'Z', 0x90, 0, 3, 0}, {'M', 'Z', 0x78, 0, 1, 0}, // PE
	{0, 0, 0x01, 0xeb}, {0, 0, 0x8a, 0x97}, {0, 0, 0x06, 0x47}, // Plan 9
	[]byte("\x00asm"),
	{0x01, 0xdf}, {0x01, 0xf7}, // XCOFF
}

// isProgram reports whether a file begins as some platform's programs do.
func isProgram(file string) bool {
	f, err := disk.Open(file)
	if err != nil {
		return false
	}
	defer f.Close()
	head := make([]byte, 8)
	n, _ := io.ReadFull(f, head)
	return slices.ContainsFunc(programs, func(magic []byte) bool { return bytes.HasPrefix(head[:n], magic) })
}

// Place moves a finished binary to its file. Between file systems it is copied
// beside it first, so that the last step is a rename in any case.
func Place(built, file string) error {
	if err := disk.Replace(built, file); err == nil {
		return nil
	}
	tmp, err := disk.CreateTemp(file)
	if err != nil {
		return &Error{Path: filepath.Dir(file), Reason: disk.Reason(err)}
	}
	defer os.Remove(tmp.Name()) // in vain once it is renamed
	in, err := disk.Open(built)
	if err != nil {
		tmp.Close()
		return err
	}
	defer in.Close()
	_, err = io.Copy(tmp, in)
	if err := errors.Join(err, tmp.Chmod(0o755), tmp.Close()); err != nil {
		return &Error{Path: file, Reason: disk.Reason(err)}
	}
	if err := disk.Replace(tmp.Name(), file); err != nil {
		return &Error{Path: file, Reason: disk.Reason(err)}
	}
	return nil
}

// Hash returns a file's size in bytes and its SHA-256 in hex.
func Hash(name string) (int64, string, error) {
	f, err := disk.Open(name)
	if err != nil {
		return 0, "", err
	}
	defer f.Close()
	h := sha256.New()
	n, err := io.Copy(h, f)
	return n, hex.EncodeToString(h.Sum(nil)), err
}

// Write writes a file in one step.
func Write(name string, data []byte) error {
	if err := disk.Write(name, data, 0o644); err != nil {
		return &Error{Path: name, Reason: disk.Reason(err)}
	}
	return nil
}
