package modfiles

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/storage/memory"
	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/gitpack"
	"github.com/vxlite/vxlite/internal/testkit"
)

// FuzzTree writes the files of a tree of any bytes or, where framed, of any
// names, one a line. Nothing is written outside its directory, nothing below
// git's own names, and no link.
func FuzzTree(f *testing.F) {
	blob := plumbing.ComputeHash(plumbing.BlobObject, []byte("module a\n"))
	entry := func(mode, name string) string { return mode + " " + name + "\x00" + string(blob[:]) }
	for _, s := range []string{
		entry("100644", "go.mod"), entry("100644", "../x") + entry("100644", "go.mod"), entry("120000", "a") + entry("100644", "go.mod"),
		entry("40000", "a") + entry("100644", "go.mod"), entry("100644", ".git") + entry("100644", "go.mod"), "100644 go.mod\x00short", "",
	} {
		f.Add([]byte(s), false)
	}
	for _, s := range []string{
		"100644 go.mod", "100644 ../x\n100644 go.mod", "40000 a\n100644 go.mod", "100644 GIT~1\n100755 go.mod\n100644 A\n100644 a", "120000 go.mod",
		"40000 .\u200cgit\n100644 go.mod", "160000 sub\n100644 .gitattributes\n100644 .gitmodules\n100644 go.work\n100644 go.mod", "100644 go.mod/x\n100644 go.mod",
	} {
		f.Add([]byte(s), true)
	}
	f.Fuzz(func(t *testing.T, data []byte, framed bool) {
		st := memory.NewStorage()
		put := func(kind plumbing.ObjectType, data []byte) plumbing.Hash {
			h := plumbing.ComputeHash(kind, data)
			st.Objects[h] = gitpack.NewObject(h, kind, data)
			return h
		}
		put(plumbing.BlobObject, []byte("module a\n"))
		if framed {
			data = treeOfLines(string(data), blob, put(plumbing.TreeObject, []byte(entry("100644", "inner"))))
		}
		tree := put(plumbing.TreeObject, data)
		commit := put(plumbing.CommitObject, []byte("tree "+tree.String()+"\nauthor a <a> 0 +0000\ncommitter a <a> 0 +0000\n\nx\n"))
		top := t.TempDir()
		dir := filepath.Join(top, "a", "b")
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		m := &Module{Objects: st, URL: "fuzz", Commit: commit.String(), Limits: config.Limits{}.OrDefault()}
		_, err := m.Write(t.Context(), dir, "")
		for _, file := range testkit.Files(t, top) {
			name, _, _ := strings.Cut(file, ": ")
			if rel, ok := strings.CutPrefix(name, "a/b/"); !ok || !IsName(strings.Split(rel, "/")[0]) {
				t.Errorf("written: %q", name)
			}
			if fi, err := os.Lstat(filepath.Join(top, name)); err != nil || !fi.Mode().IsRegular() {
				t.Errorf("%q is not a file: %v", name, err)
			}
		}
		if err != nil {
			return
		}
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err != nil {
			t.Error(err)
		}
	})
}

// treeOfLines is a tree with an entry for each line, a mode and a name. Folders
// are all the same, as are files.
func treeOfLines(text string, blob, folder plumbing.Hash) []byte {
	var b bytes.Buffer
	for line := range strings.SplitSeq(text, "\n") {
		hash := blob
		if strings.HasPrefix(line, "40000 ") {
			hash = folder
		}
		b.WriteString(line + "\x00")
		b.Write(hash[:])
	}
	return b.Bytes()
}
