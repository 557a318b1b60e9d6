package vendordir

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/module"

	"github.com/vxlite/vxlite/internal/archive"
	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/lock"
)

// Prune removes from the folder dir what its own lock does not need: commits
// and modules that are not locked, and files that are not in the list. What it
// removes is returned, sorted. A folder in which something is missing or
// changed is left as it is, with a [*archive.DamageError]. A signature goes with what is
// removed.
//
// The list is written first. Whoever interrupts this finds files that are not
// in the list, and may do it again.
func Prune(ctx context.Context, dir string) (removed []string, err error) {
	_, err = Check(ctx, dir, nil)
	damage, damaged := errors.AsType[*archive.DamageError](err)
	if err != nil && (!damaged || len(damage.Missing)+len(damage.Changed) > 0) {
		return nil, err
	}
	if damaged {
		removed = damage.Extra
	}
	locked, err := lock.Read(filepath.Join(dir, LockFile))
	if err != nil {
		return nil, err
	}
	want, _, err := form.ReadList(dir)
	if err != nil {
		return nil, err
	}
	needed := neededBy(locked)
	kept := archive.List{}
	for name, sum := range want {
		if needed(name) {
			kept[name] = sum
		} else {
			removed = append(removed, name)
		}
	}
	if len(removed) == 0 {
		return nil, nil
	}
	_, err = os.Lstat(filepath.Join(dir, archive.SignatureFile))
	if err == nil && (!damaged || len(removed) > len(damage.Extra)) { // it is of the list as it was
		removed = append(removed, archive.SignatureFile)
	}
	slices.Sort(removed)
	if err := rewrite(filepath.Join(dir, archive.ListFile), kept.Format()); err != nil {
		return nil, err
	}
	return removed, remove(dir, removed)
}

// neededBy decides by a file's name whether a lock needs it.
func neededBy(l *lock.File) func(name string) bool {
	commits, files, unpacked := map[string]bool{}, map[string]bool{}, map[string]bool{kindsFile: true}
	for _, m := range l.Modules {
		commits[m.Commit] = true
	}
	for _, s := range l.Sums {
		p, err := module.EscapePath(s.Path)
		v, err2 := module.EscapeVersion(s.Version)
		if err != nil || err2 != nil {
			continue // no proxy serves it
		}
		base := path.Join(ProxyDir, p, "@v", v)
		files[base+".mod"] = true
		if s.H1 != "" {
			files[base+".zip"], files[base+".info"] = true, true
			unpacked[p+"@"+v] = true
		}
	}
	return func(name string) bool {
		top, rest, _ := strings.Cut(name, "/")
		switch top {
		case GitDir:
			commit, _, _ := strings.Cut(rest, "/")
			return commits[commit]
		case ProxyDir:
			return files[name] || strings.HasPrefix(rest, toolchain+"/")
		case ModulesDir:
			rest = strings.TrimPrefix(rest, sumsDir+"/")
			p, in, _ := strings.Cut(rest, "@")
			v, _, inside := strings.Cut(in, "/")
			return unpacked[rest] || inside && unpacked[p+"@"+v]
		}
		return true
	}
}

// rewrite replaces a file in one step.
func rewrite(name string, data []byte) error {
	tmp := name + ".tmp"
	if err := os.WriteFile(tmp, data, 0o644); err != nil {
		return errors.Join(err, os.Remove(tmp))
	}
	return disk.Rename(tmp, name)
}

// remove removes files, and the directories that they leave empty.
func remove(dir string, files []string) error {
	parents := map[string]bool{}
	for _, name := range files {
		if err := os.Remove(join(dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		for p := path.Dir(name); p != "."; p = path.Dir(p) {
			parents[p] = true
		}
	}
	deepest := make([]string, 0, len(parents))
	for p := range parents {
		deepest = append(deepest, p)
	}
	slices.Sort(deepest)
	for _, p := range slices.Backward(deepest) { // children come behind their parents
		_ = os.Remove(join(dir, p)) // only where it is empty
	}
	return nil
}
