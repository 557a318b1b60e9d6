package gitpack

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/disk"
)

// bareConfig lets a repository serve commits by their hashes, and histories
// without files; and keeps git from packing it anew, which would rewrite all of it.
const bareConfig = `[core]
	repositoryformatversion = 0
	filemode = true
	bare = true
[gc]
	auto = 0
[uploadpack]
	allowAnySHA1InWant = true
	allowFilter = true
`

// InitBare makes dir a bare repository without objects, which git can serve.
func InitBare(dir string) error {
	for _, sub := range []string{"objects/pack", "objects/info", "refs/heads", "refs/tags"} {
		if err := os.MkdirAll(filepath.Join(dir, filepath.FromSlash(sub)), 0o755); err != nil {
			return err
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "config"), []byte(bareConfig), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "HEAD"), []byte(Head), 0o644)
}

// AddPack adds a pack to a bare repository, and returns its name (pack-SHA1) and
// its size in bytes. Its objects may be deltas to each other and to none besides.
func AddPack(dir string, pack io.Reader, limits config.Limits) (name string, size int64, err error) {
	got, err := writePack(filepath.Join(dir, "objects", "pack"), pack, limits, false)
	return got.name, got.size, err
}

// SweepPacks removes what killed runs have left of packs in a bare repository that
// nobody else adds to.
func SweepPacks(dir string) error {
	packs := filepath.Join(dir, "objects", "pack")
	entries, err := os.ReadDir(packs)
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), "tmp_") {
			err = errors.Join(err, os.Remove(filepath.Join(packs, e.Name())))
		}
	}
	return err
}

// ReadShallow reads the commits at which a bare repository's history ends.
func ReadShallow(dir string, limits config.Limits) (cut []plumbing.Hash, err error) {
	data, err := disk.ReadRegular(filepath.Join(dir, "shallow"), limits.Refs)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for line := range strings.Lines(string(data)) {
		h := strings.TrimSuffix(line, "\n")
		if !plumbing.IsHash(h) {
			return nil, fmt.Errorf("shallow: %.50q is not a hash", h)
		}
		cut = append(cut, plumbing.NewHash(h))
	}
	return cut, err
}

// UpdateShallow adds commits at which a history ends, and removes others.
func UpdateShallow(dir string, more, less []plumbing.Hash, limits config.Limits) error {
	if len(more)+len(less) == 0 {
		return nil
	}
	now, err := ReadShallow(dir, limits)
	if err != nil {
		return err
	}
	now = slices.DeleteFunc(append(now, more...), func(h plumbing.Hash) bool { return slices.Contains(less, h) })
	slices.SortFunc(now, func(a, b plumbing.Hash) int { return bytes.Compare(a[:], b[:]) })
	var b bytes.Buffer
	for _, h := range slices.Compact(now) {
		b.WriteString(h.String() + "\n")
	}
	return disk.Write(filepath.Join(dir, "shallow"), b.Bytes(), 0o644)
}

// PackedRef is a line of packed-refs.
type PackedRef struct {
	// Name is whole: refs/tags/v1.0.0.
	Name string
	Hash plumbing.Hash
	// Peeled is what the tag object Hash leads to; zero where Hash is none.
	Peeled plumbing.Hash
}

const packedRefs = "packed-refs"

// ReadPackedRefs reads a repository's packed-refs; none is as good as an empty
// one. A line that is none is an error.
func ReadPackedRefs(dir string, limits config.Limits) ([]PackedRef, error) {
	data, err := disk.ReadRegular(filepath.Join(dir, packedRefs), limits.Refs)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return ParsePackedRefs(data)
}

// ParsePackedRefs reads the lines of a packed-refs: see git-pack-refs(1).
func ParsePackedRefs(data []byte) (refs []PackedRef, err error) {
	n := 0
	for line := range bytes.Lines(data) {
		n++
		line := strings.TrimSuffix(string(line), "\n")
		hash, name, ok := strings.Cut(line, " ")
		peeled, isPeeled := strings.CutPrefix(line, "^")
		switch {
		case strings.HasPrefix(line, "#"):
		case isPeeled && plumbing.IsHash(peeled) && len(refs) > 0:
			refs[len(refs)-1].Peeled = plumbing.NewHash(peeled)
		case ok && plumbing.IsHash(hash) && IsRefName(name):
			refs = append(refs, PackedRef{Name: name, Hash: plumbing.NewHash(hash)})
		default:
			return nil, fmt.Errorf("packed-refs: line %d is not a hash and the name of a ref", n)
		}
	}
	return refs, nil
}

// WritePackedRefs makes refs all that a bare repository has, in one step.
func WritePackedRefs(dir string, refs []PackedRef) error {
	sorted := slices.SortedFunc(slices.Values(refs), func(a, b PackedRef) int { return strings.Compare(a.Name, b.Name) })
	var b bytes.Buffer
	b.WriteString("# pack-refs with: peeled fully-peeled sorted \n")
	for _, r := range sorted {
		fmt.Fprintf(&b, "%s %s\n", r.Hash, r.Name)
		if !r.Peeled.IsZero() {
			fmt.Fprintf(&b, "^%s\n", r.Peeled)
		}
	}
	return disk.Write(filepath.Join(dir, packedRefs), b.Bytes(), 0o644)
}

// ReadHead returns the whole name of a repository's default branch, which need not
// be there, or "".
func ReadHead(dir string) string {
	data, err := disk.ReadRegular(filepath.Join(dir, "HEAD"), mostSmall)
	name, ok := strings.CutPrefix(strings.TrimSpace(string(data)), "ref: ")
	if err != nil || !ok || !IsRefName(name) {
		return ""
	}
	return name
}

// WriteHead makes a branch, by its whole name, a bare repository's default.
func WriteHead(dir, branch string) error {
	if ReadHead(dir) == branch {
		return nil
	}
	return disk.Write(filepath.Join(dir, "HEAD"), []byte("ref: "+branch+"\n"), 0o644)
}

// IsRefName reports whether git allows the name, which is whole, for a ref: what
// it does not allow it passes over, from a server too. See git-check-ref-format(1).
func IsRefName(name string) bool {
	const longest = 1 << 10 // bytes; a ref that is a file can hardly be longer
	if len(name) > longest || !strings.HasPrefix(name, "refs/") || strings.HasSuffix(name, ".") || strings.Contains(name, "..") || strings.Contains(name, "@{") {
		return false
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == "" || part[0] == '.' || strings.HasSuffix(part, ".lock") {
			return false
		}
	}
	return !strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r == 0x7f || strings.ContainsRune(`~^:?*[\`, r) })
}
