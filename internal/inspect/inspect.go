// Package inspect reads out of a finished binary what went into it, and says
// what differs between two. No binary is run, and any of Go's platforms will
// do.
package inspect

import (
	"cmp"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/manifest"
)

// Binary is what a binary says of itself.
type Binary struct {
	File string `json:"file"` // as it was given
	Size int64  `json:"size"` // in bytes
	// SHA256 is 64 hex digits.
	SHA256 string `json:"sha256"`
	// Target is OS/ARCH or OS/ARCH/VARIANT; Go the toolchain, such as go1.26.4.
	Target string `json:"target"`
	Go     string `json:"go"`
	// Manifest is nil where vxlite did not build it.
	Manifest *manifest.Manifest `json:"manifest,omitempty"`
	// Main is the main package's path.
	Main string `json:"main"`
	// Settings are what the go command records besides, sorted: KEY=VALUE.
	Settings []string `json:"settings"`
	// ThirdParty are the modules that are linked and are none of the manifest's,
	// sorted by path.
	ThirdParty []Module `json:"third_party"`
}

// Module is a module that the go command took from a proxy or, by a replace
// directive, from a folder.
type Module struct {
	Path    string `json:"module"`
	Version string `json:"version"`
	// Sum is the hash of the module's zip, as in go.sum; empty for a folder.
	Sum string `json:"h1,omitempty"`
	// ReplacedBy is the module in its place, PATH@VERSION, or the folder.
	ReplacedBy string `json:"replaced_by,omitempty"`
}

// Folder is what Module.ReplacedBy says of a folder, whose path is somebody's
// own.
const Folder = "(a folder)"

// ForeignError is a program that was not built by vxlite, or carries no whole
// manifest any more.
type ForeignError struct {
	File string
	Err  error
	// Shown says that what is known of the binary is shown all the same.
	Shown bool
}

// Error implements error.
func (e *ForeignError) Error() string { return fmt.Sprintf("%s: %v", e.File, e.Err) }

// Unwrap returns what was wrong with the manifest.
func (e *ForeignError) Unwrap() error { return e.Err }

// Hints says how that can come about.
func (e *ForeignError) Hints() []string {
	if errors.Is(e.Err, manifest.ErrDamaged) {
		return []string{"the file was changed after it was built, or is truncated"}
	}
	hint := "it was built by another tool, or packed since"
	if e.Shown {
		hint += "; what the go command recorded in it is shown"
	}
	return []string{hint}
}

// NoProgramError is a file that is no program of Go's.
type NoProgramError struct {
	File string
	Err  error
}

// Error implements error.
func (e *NoProgramError) Error() string { return fmt.Sprintf("%s: %v", e.File, e.Err) }

// Unwrap returns why it could not be read as one.
func (e *NoProgramError) Unwrap() error { return e.Err }

// Hints says what is wanted.
func (e *NoProgramError) Hints() []string {
	return []string{"name a binary that vxlite built, for any platform"}
}

// Read reads a binary. Together with a *ForeignError it returns what is known
// of the binary all the same.
func Read(file string) (*Binary, error) {
	f, err := disk.Open(file)
	if err != nil {
		return nil, &NoProgramError{File: file, Err: withoutPath(err)}
	}
	defer f.Close()
	b := &Binary{File: file}
	h := sha256.New()
	if b.Size, err = io.Copy(h, f); err != nil {
		return nil, &NoProgramError{File: file, Err: withoutPath(err)}
	}
	b.SHA256 = hex.EncodeToString(h.Sum(nil))
	info, err := buildinfo.Read(f)
	if err != nil {
		return nil, &NoProgramError{File: file, Err: errors.New("not a program that Go built")}
	}
	m, err := manifest.Find(f)
	if err != nil {
		err = &ForeignError{File: file, Err: err}
	}
	b.Manifest = m
	b.fill(info)
	return b, err
}

// withoutPath drops the path that a message has already.
func withoutPath(err error) error {
	var pe *os.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

// setting is one that the go command recorded. Of GOARM it says how floating
// point works, too.
func (b *Binary) setting(name string) string {
	for _, s := range b.Settings {
		if value, ok := strings.CutPrefix(s, name+"="); ok {
			value, _, _ = strings.Cut(value, ",")
			return value
		}
	}
	return ""
}

// fill takes over what the go command recorded.
func (b *Binary) fill(info *debug.BuildInfo) {
	b.Go = info.GoVersion
	b.Main = info.Path
	var goos, goarch string
	for _, s := range info.Settings {
		switch s.Key {
		case "GOOS":
			goos = s.Value
		case "GOARCH":
			goarch = s.Value
		default:
			b.Settings = append(b.Settings, s.Key+"="+s.Value)
		}
	}
	slices.Sort(b.Settings)
	target, err := config.TargetOf(goos, goarch, b.setting)
	b.Target = target.String()
	if err != nil { // another Go's
		b.Target += " (" + err.Error() + ")"
	}
	for _, d := range info.Deps {
		m := Module{Path: d.Path, Version: d.Version, Sum: d.Sum}
		if r := d.Replace; r != nil {
			if b.fromGit(d) {
				continue
			}
			m.Sum, m.ReplacedBy = r.Sum, r.Path+"@"+r.Version
			if r.Sum == "" {
				m.ReplacedBy = Folder
			}
		}
		b.ThirdParty = append(b.ThirdParty, m)
	}
	slices.SortFunc(b.ThirdParty, func(x, y Module) int { return cmp.Compare(x.Path, y.Path) })
}

// fromGit reports whether a module is one of the manifest's: the workspace
// replaces those by folders of its own.
func (b *Binary) fromGit(d *debug.Module) bool {
	return b.Manifest != nil && b.Manifest.Lookup(d.Path) != nil && strings.HasPrefix(d.Replace.Path, "./src/")
}
