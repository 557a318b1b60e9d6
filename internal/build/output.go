package build

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"

	"github.com/vxlite/vxlite/internal/config"
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

// output is a target and the file that its binary becomes.
type output struct {
	target config.Target
	file   string // absolute
}

// outputs decides the files at a place: NAME in a directory for one target, and
// NAME-OS-ARCH for several.
func (p Project) outputs(place string) ([]output, error) {
	targets := p.Targets()
	own := []string{"rr", p.Config.Build.Name}
	for _, t := range targets {
		own = append(own, strings.TrimSuffix(p.binaryName(t, true), ".exe"))
	}
	dir, file, err := splitOutput(place, func(name string) bool { return slices.Contains(own, strings.TrimSuffix(name, ".exe")) })
	if err != nil {
		return nil, err
	}
	if file != "" && len(targets) > 1 {
		return nil, &OutputError{Path: place, Reason: fmt.Sprintf("is a file, and there are %d targets", len(targets)),
			Hint: "name a directory, with a slash at its end"}
	}
	var out []output
	for _, t := range targets {
		name := file
		if name == "" {
			name = p.binaryName(t, len(targets) > 1)
		}
		out = append(out, output{target: t, file: filepath.Join(dir, name)})
	}
	return out, nil
}

// binaryName is what a binary is called, as one of several or as the only one.
func (p Project) binaryName(t config.Target, several bool) string {
	name := p.Config.Build.Name
	if several {
		name += "-" + strings.ReplaceAll(t.String(), "/", "-")
	}
	if t.OS == "windows" {
		name += ".exe"
	}
	return name
}

// splitOutput tells a directory from a file. A new name is a directory, which is
// made, unless it is one that the product itself has; so is what is a directory
// already, or ends in a separator, or is empty. Then file is empty.
func splitOutput(o string, own func(name string) bool) (dir, file string, err error) {
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

// product is what a command puts in a place: it may take that of another of
// its kind, and of no other file.
type product struct {
	name  string
	input string // what to say of a file that it is made from
	// another says what to do about a directory in its place.
	another string
	// is reports whether a file is one.
	is func(file string) bool
}

var program = product{name: "a program", input: "is an input of the build", another: "name another binary with [build] name", is: isProgram}

// checkWritable makes the output's directories and tries to write to them, so
// that a build does not end in finding out. inputs are files that the product
// may not replace.
func checkWritable(outputs []output, what product, inputs ...string) error {
	for _, o := range outputs {
		dir := filepath.Dir(o.file)
		if err := what.replaceable(o.file, inputs); err != nil {
			return err
		}
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return &OutputError{Path: dir, Reason: disk.Reason(err), Hint: "name another place with -o"}
		}
		disk.Sweep(o.file)
		f, err := disk.CreateTemp(o.file)
		if err != nil {
			return &OutputError{Path: dir, Reason: disk.Reason(err), Hint: "name another place with -o"}
		}
		f.Close()
		if err := os.Remove(f.Name()); err != nil {
			return &OutputError{Path: dir, Reason: disk.Reason(err)}
		}
		if disk.IsDir(o.file) {
			return &OutputError{Path: o.file, Reason: "is a directory", Hint: what.another}
		}
	}
	return nil
}

// replaceable refuses what must not make way: a device or a pipe, which a
// rename would turn into a file, what is read, and what is no such product and
// so may be all that somebody has of it. A symbolic link stands for its target
// here, as with the go command; what is replaced is the link, as there too
// where it can rename.
func (p product) replaceable(file string, inputs []string) error {
	fi, err := os.Stat(file)
	if err != nil || fi.IsDir() {
		return nil // there is nothing to replace, or checkWritable tells of it
	}
	refuse := func(reason string) error {
		return &OutputError{Path: file, Reason: reason, Hint: "name another place with -o"}
	}
	if !fi.Mode().IsRegular() {
		return refuse("is not a regular file")
	}
	for _, input := range inputs {
		if in, err := os.Stat(input); err == nil && os.SameFile(fi, in) {
			return refuse(p.input)
		}
	}
	if fi.Size() > 0 && !p.is(file) {
		return refuse("exists and is not " + p.name)
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
	f, err := os.Open(file)
	if err != nil {
		return false
	}
	defer f.Close()
	head := make([]byte, 8)
	n, _ := io.ReadFull(f, head)
	return slices.ContainsFunc(programs, func(magic []byte) bool { return bytes.HasPrefix(head[:n], magic) })
}

// place moves a finished binary to its file. Between file systems it is copied
// beside it first, so that the last step is a rename in any case.
func place(built, file string) error {
	if err := disk.Replace(built, file); err == nil {
		return nil
	}
	tmp, err := disk.CreateTemp(file)
	if err != nil {
		return &OutputError{Path: filepath.Dir(file), Reason: disk.Reason(err)}
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
		return &OutputError{Path: file, Reason: disk.Reason(err)}
	}
	if err := disk.Replace(tmp.Name(), file); err != nil {
		return &OutputError{Path: file, Reason: disk.Reason(err)}
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
