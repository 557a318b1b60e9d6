package lock

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Difference is one entry that two locks do not share.
type Difference struct {
	// Path is the module's; for a third-party one it is PATH@VERSION.
	Path string
	// Key is the first key of the entry that differs ("commit"), and empty for
	// an entry that only one of the two has.
	Key string
	// Old and New are that key's values; for an entry that only one has, its
	// version, and the other is empty.
	Old, New string
	// Sum says that it is a third-party module's checksum.
	Sum bool
}

// String says what differs, in one line.
func (d Difference) String() string {
	switch {
	case d.Key != "" && d.Old == "":
		return fmt.Sprintf("%s: %s is not in the lock", d.Path, d.Key)
	case d.Key != "" && d.New == "":
		return fmt.Sprintf("%s: %s is in the lock, and no longer needed", d.Path, d.Key)
	case d.Key != "":
		return fmt.Sprintf("%s: %s is %s in the lock, and would be %s", d.Path, d.Key, d.Old, d.New)
	case d.New == "":
		return fmt.Sprintf("%s: in the lock, and no longer needed", d.Path)
	}
	return fmt.Sprintf("%s: not in the lock", d.Path)
}

// Between says what differs between two locks that have names, in one line.
func (d Difference) Between(first, second string) string {
	switch {
	case d.Key != "":
		return fmt.Sprintf("%s: %s is %s in %s, and %s in %s", d.Path, d.Key, orNone(d.Old), first, orNone(d.New), second)
	case d.New == "":
		return fmt.Sprintf("%s: only in %s", d.Path, first)
	}
	return fmt.Sprintf("%s: only in %s", d.Path, second)
}

func orNone(s string) string {
	if s == "" {
		return "nothing"
	}
	return s
}

// Compare lists what differs between a lock and what it would be now, sorted:
// modules by path, then checksums. The Go versions are not compared.
func Compare(old, now *File) []Difference {
	var out []Difference
	a, b := map[string]*Module{}, map[string]*Module{}
	all := map[string]bool{}
	for i, m := range old.Modules {
		a[m.Path], all[m.Path] = &old.Modules[i], true
	}
	for i, m := range now.Modules {
		b[m.Path], all[m.Path] = &now.Modules[i], true
	}
	for _, path := range slices.Sorted(maps.Keys(all)) {
		out = append(out, compareModules(path, a[path], b[path])...)
	}
	return append(out, CompareSums(old.Sums, now.Sums)...)
}

// compareModules returns the key that explains most of what differs, or else all
// patches that do.
func compareModules(path string, old, now *Module) []Difference {
	switch {
	case old == nil:
		return []Difference{{Path: path, New: now.Version}}
	case now == nil:
		return []Difference{{Path: path, Old: old.Version}}
	}
	was, is := decisive(old.keys()), decisive(now.keys())
	for i, k := range was {
		if *k.value != *is[i].value {
			return []Difference{{Path: path, Key: k.name, Old: *k.value, New: *is[i].value}}
		}
	}
	return comparePatches(path, old.Patches, now.Patches)
}

// comparePatches goes by contents and order. Where these are others, a patch is
// told by its name, unless only the order is another.
func comparePatches(path string, old, now []Patch) (out []Difference) {
	sum := func(all []Patch, file string) string {
		for _, p := range all {
			if p.File == file {
				return "sha256:" + p.SHA256
			}
		}
		return ""
	}
	if slices.EqualFunc(old, now, func(a, b Patch) bool { return a.SHA256 == b.SHA256 }) {
		return nil
	}
	var told []string
	for _, p := range slices.Concat(old, now) {
		was, is := sum(old, p.File), sum(now, p.File)
		if was != is && !slices.Contains(told, p.File) {
			told = append(told, p.File)
			out = append(out, Difference{Path: path, Key: "patch " + p.File, Old: was, New: is})
		}
	}
	if len(out) == 0 {
		out = append(out, Difference{Path: path, Key: "the order of its patches", Old: files(old), New: files(now)})
	}
	return out
}

func files(patches []Patch) string {
	var names []string
	for _, p := range patches {
		names = append(names, p.File)
	}
	return strings.Join(names, ", ")
}

// decisive orders keys by how much they explain: a changed ref brings a changed
// commit, version and hash.
func decisive(keys []key) []key {
	var out []key
	for _, name := range []string{"instead_of", "url", "folder", "ref", "commit", "version", "replaced_by", "h1"} {
		for _, k := range keys {
			if k.name == name {
				out = append(out, k)
			}
		}
	}
	return out
}

// CompareSums is Compare for checksums alone.
func CompareSums(old, now []Sum) []Difference {
	var out []Difference
	a, b := map[string]Sum{}, map[string]Sum{}
	all := map[string]bool{}
	for _, s := range old {
		a[s.name()], all[s.name()] = s, true
	}
	for _, s := range now {
		b[s.name()], all[s.name()] = s, true
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		was, had := a[name]
		is, has := b[name]
		switch {
		case !had:
			out = append(out, Difference{Path: name, New: is.Version, Sum: true})
		case !has:
			out = append(out, Difference{Path: name, Old: was.Version, Sum: true})
		case was.H1 != is.H1:
			out = append(out, Difference{Path: name, Key: "zip", Old: was.H1, New: is.H1, Sum: true})
		case was.GoMod != is.GoMod:
			out = append(out, Difference{Path: name, Key: "mod", Old: was.GoMod, New: is.GoMod, Sum: true})
		}
	}
	return out
}

func (s Sum) name() string { return s.Path + "@" + s.Version }
