package source

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/storage/memory"

	"github.com/vxlite/vxlite/internal/config"
)

// FuzzTree writes the files of a tree of any bytes. Nothing is written outside
// its directory, and nothing below git's own names.
func FuzzTree(f *testing.F) {
	blob := plumbing.ComputeHash(plumbing.BlobObject, []byte("module a\n"))
	entry := func(mode, name string) string { return mode + " " + name + "\x00" + string(blob[:]) }
	for _, s := range []string{
		entry("100644", "go.mod"), entry("100644", "../x") + entry("100644", "go.mod"), entry("120000", "a") + entry("100644", "go.mod"),
		entry("40000", "a") + entry("100644", "go.mod"), entry("100644", ".git") + entry("100644", "go.mod"), "100644 go.mod\x00short", "",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		st := memory.NewStorage()
		put := func(kind plumbing.ObjectType, data []byte) plumbing.Hash {
			h := plumbing.ComputeHash(kind, data)
			st.Objects[h] = &packedObject{packed: packed{kind: kind, data: data}, hash: h}
			return h
		}
		put(plumbing.BlobObject, []byte("module a\n"))
		tree := put(plumbing.TreeObject, data)
		commit := put(plumbing.CommitObject, []byte("tree "+tree.String()+"\nauthor a <a> 0 +0000\ncommitter a <a> 0 +0000\n\nx\n"))
		top := t.TempDir()
		dir := filepath.Join(top, "a", "b")
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		w := &treeWriter{st: st, url: "fuzz", commit: commit.String(), limits: config.Limits{}.OrDefault()}
		err := w.write(t.Context(), dir, "")
		for _, file := range files(t, top) {
			name, _, _ := strings.Cut(file, ": ")
			if rel, ok := strings.CutPrefix(name, "a/b/"); !ok || !isName(strings.Split(rel, "/")[0]) {
				t.Errorf("written: %q", name)
			}
		}
		if err == nil {
			if _, err := os.Stat(filepath.Join(dir, "go.mod")); err != nil {
				t.Error(err)
			}
		}
	})
}

// FuzzWritePack indexes whatever comes in the place of a pack. What is accepted
// can be read back, and has the hashes that the index says.
func FuzzWritePack(f *testing.F) {
	mem, hashes := variants(f, 4)
	for _, refDeltas := range []bool{false, true} {
		f.Add(encode(f, mem, hashes, refDeltas))
	}
	f.Add(rawPack(f, 1, rawEntry{kind: plumbing.BlobObject, declared: 4 << 30, data: []byte("small")}))
	limits := config.Limits{Object: 1 << 20, Unpacked: 8 << 20, Objects: 1000}.OrDefault()
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 20 { // or hardly any would be accepted
			sum := sha1Of(data[:len(data)-20])
			data = append(bytes.Clone(data[:len(data)-20]), sum...)
		}
		dir := t.TempDir()
		kept, err := writeRepo(dir, bytes.NewReader(data), nil, limits)
		if err != nil {
			return
		}
		if err := checkRepo(dir); err != nil {
			t.Fatal(err)
		}
		st, done := openObjects(dir)
		defer done()
		for h, obj := range kept.(*memory.Storage).Objects {
			got, err := st.EncodedObject(plumbing.AnyObject, h)
			if err != nil {
				t.Fatal(err)
			}
			if plumbing.ComputeHash(got.Type(), content(t, got)) != h || !bytes.Equal(content(t, got), content(t, obj)) {
				t.Errorf("%s is something else on disk", h)
			}
		}
	})
}
