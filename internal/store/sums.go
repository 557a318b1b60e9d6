package store

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/vxlite/vxlite/internal/disk"
)

// FileSums are the SHA-256 of all files of a tree, sorted by name.
type FileSums []FileSum

// FileSum is one file: its path in the tree, with slashes.
type FileSum struct {
	Name string
	Sum  [sha256.Size]byte
	// Blob is of the file in the repository where .gitattributes make the one in
	// the tree another, else zero.
	Blob [sha256.Size]byte
}

// treeSums are recorded beside a tree when it is written.
type treeSums struct {
	// GoMod is of its go.mod, which every run reads; Files is of all its files,
	// their names and contents.
	GoMod string `json:"mod"`
	Files string `json:"files"`
	// GoModBlob is of the go.mod in the repository, where that is another: the
	// go command does not take it from the zip.
	GoModBlob string `json:"blob,omitempty"`
}

// blob is GoModBlob as a checksum; zero for none.
func (s treeSums) blob() (sum [sha256.Size]byte) {
	b, _ := hex.DecodeString(s.GoModBlob) // the record has a checksum of its own
	copy(sum[:], b)
	return sum
}

// Sort puts them into the order of their names.
func (s FileSums) Sort() {
	slices.SortFunc(s, func(a, b FileSum) int { return cmp.Compare(a.Name, b.Name) })
}

// recorded is what the store keeps of the sums.
func (s FileSums) recorded() treeSums {
	var sums treeSums
	all := sha256.New()
	for _, f := range s {
		fmt.Fprintf(all, "%s\x00%x\n", f.Name, f.Sum)
		if f.Name == "go.mod" {
			sums.GoMod = hex.EncodeToString(f.Sum[:])
			if f.Blob != ([sha256.Size]byte{}) {
				sums.GoModBlob = hex.EncodeToString(f.Blob[:])
			}
		}
	}
	sums.Files = hex.EncodeToString(all.Sum(nil))
	return sums
}

// H1 is what dirhash.Hash1 of golang.org/x/mod/sumdb makes of the files where
// prefix, which is PATH@VERSION for a module, and a slash stand before each
// name. That one hashes the files again, which is a sixth of what fetching a
// repository from a local path takes.
func (s FileSums) H1(prefix string) string {
	all := sha256.New()
	for _, f := range s {
		fmt.Fprintf(all, "%x  %s/%s\n", f.Sum, prefix, f.Name)
	}
	return h1(all.Sum(nil))
}

// GoModH1 is what a go.sum has of a go.mod. It is empty where there is none.
func (s FileSums) GoModH1() string {
	for _, f := range s {
		if f.Name == "go.mod" {
			got := f.Sum
			if f.Blob != ([sha256.Size]byte{}) {
				got = f.Blob
			}
			sum := sha256.Sum256(fmt.Appendf(nil, "%x  go.mod\n", got))
			return h1(sum[:])
		}
	}
	return ""
}

func h1(sum []byte) string { return "h1:" + base64.StdEncoding.EncodeToString(sum) }

// sumTree works out the sums of a tree as it is on disk. goMod is of its go.mod
// in the repository, where that is another.
func sumTree(dir string, goMod [sha256.Size]byte) (FileSums, error) {
	var files FileSums
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, p)
		if err != nil {
			return err
		}
		if !d.Type().IsRegular() {
			return fmt.Errorf("%s is no file", rel)
		}
		sum, err := disk.Sum(p)
		f := FileSum{Name: filepath.ToSlash(rel), Sum: sum}
		if f.Name == "go.mod" {
			f.Blob = goMod
		}
		files = append(files, f)
		return err
	})
	files.Sort()
	return files, err
}
