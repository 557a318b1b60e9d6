package gitpack

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/idxfile"

	"github.com/vxlite/vxlite/internal/config"
)

// writeFolder makes dir a bare repository with one pack, whose index has these
// objects at these places, whatever there is.
func writeFolder(t *testing.T, dir string, pack []byte, at map[plumbing.Hash]int64) {
	t.Helper()
	w := new(idxfile.Writer)
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	check(w.OnHeader(uint32(len(at))))
	for h, offset := range at {
		check(w.OnInflatedObjectContent(h, offset, 0, nil))
	}
	check(w.OnFooter(plumbing.Hash(pack[len(pack)-20:])))
	index, err := w.Index()
	check(err)
	var b bytes.Buffer
	_, err = idxfile.NewEncoder(&b).Encode(index)
	check(err)
	writeFiles(t, dir, map[string]string{"HEAD": Head, "objects/pack/pack-" + hash1 + ".pack": string(pack), "objects/pack/pack-" + hash1 + ".idx": b.String(), "refs/heads/.keep": ""})
}

func writeFiles(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, data := range files {
		name = filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestHostileFolders has repositories in folders, as a mirror is one, that lead
// a reader in circles or declare more than there is. Each is refused, with
// little memory.
func TestHostileFolders(t *testing.T) {
	a, b := plumbing.NewHash(hash1), plumbing.NewHash(strings.Repeat("b", 40))
	self := rawPack(t, 1, rawEntry{kind: plumbing.REFDeltaObject, ref: a, declared: -1, data: copies(5, 1)})
	big := rawPack(t, 1, rawEntry{kind: plumbing.REFDeltaObject, ref: a, declared: -1, data: make([]byte, Large+1)})
	one := rawEntry{kind: plumbing.REFDeltaObject, ref: b, declared: -1, data: copies(5, 1)}
	two := rawEntry{kind: plumbing.REFDeltaObject, ref: a, declared: -1, data: copies(5, 1)}
	circle := rawPack(t, 2, one, two)
	oneEnds := int64(len(rawPack(t, 1, one)) - 20)
	count := []byte("\xfftOc\x00\x00\x00\x02" + strings.Repeat("\xff\xff\xff\xff", 256) + strings.Repeat("\x00", 40))
	for _, tt := range []struct {
		name string
		make func(t *testing.T, dir string)
		want string
	}{
		{"a delta to itself", func(t *testing.T, dir string) { writeFolder(t, dir, self, map[plumbing.Hash]int64{a: 12}) },
			"a chain of deltas without end"},
		{"a large delta to itself", func(t *testing.T, dir string) { writeFolder(t, dir, big, map[plumbing.Hash]int64{a: 12}) },
			"the deltas of an object have more than 48MiB"},
		{"two deltas to each other", func(t *testing.T, dir string) {
			writeFolder(t, dir, circle, map[plumbing.Hash]int64{a: 12, b: oneEnds})
		}, "a chain of deltas without end"},
		{"an index of four billion objects", func(t *testing.T, dir string) {
			writeFolder(t, dir, self, map[plumbing.Hash]int64{a: 12})
			writeFiles(t, dir, map[string]string{"objects/pack/pack-" + hash1 + ".idx": string(count)})
		}, "not a pack index of version 2, or damaged"},
		{"an alternate that is the repository itself", func(t *testing.T, dir string) {
			writeFiles(t, dir, map[string]string{"HEAD": Head, "objects/info/alternates": "../objects\n" + filepath.Join(dir, "objects") + "\n"})
		}, "object not found"},
		{"alternates that lead back", func(t *testing.T, dir string) {
			writeFiles(t, dir, map[string]string{"HEAD": Head, "objects/info/alternates": "../other/objects\n", "other/objects/info/alternates": "../../objects\n"})
		}, "object not found"},
		{"a loose object that declares a terabyte", func(t *testing.T, dir string) {
			writeFiles(t, dir, map[string]string{"HEAD": Head, "objects/" + hash1[:2] + "/" + hash1[2:]: string(deflated(t, []byte("blob 1000000000000\x00data"), 0))})
		}, "an object has more than 48MiB"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			tt.make(t, dir)
			st, err := OpenFolder(dir, config.Limits{Object: 48 << 20}.OrDefault())
			if err != nil {
				t.Fatal(err)
			}
			defer st.Close()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err = st.EncodedObject(plumbing.AnyObject, a)
			runtime.ReadMemStats(&after)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %s", err, tt.want)
			}
			const most = 192 << 20 // bytes: four objects, as large as allowed
			if got := after.TotalAlloc - before.TotalAlloc; got > most {
				t.Errorf("%d bytes of memory were taken for it", got)
			}
			if _, err := st.HashesWithPrefix(a[:2]); err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("hashes with a prefix: %v", err)
			}
		})
	}
}

// TestAlternates reads an object through two alternates, one of a relative path,
// as git does.
func TestAlternates(t *testing.T) {
	root := t.TempDir()
	blob := []byte("blob 5\x00hello")
	hash := plumbing.ComputeHash(plumbing.BlobObject, []byte("hello")).String()
	writeFiles(t, root, map[string]string{
		"one/HEAD": Head, "one/objects/info/alternates": "# a comment\n../../two/objects\n",
		"two/objects/info/alternates":                filepath.Join(root, "three", "objects") + "\n",
		"three/objects/" + hash[:2] + "/" + hash[2:]: string(deflated(t, blob, 0)),
	})
	st, err := OpenFolder(filepath.Join(root, "one"), config.Limits{}.OrDefault())
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	obj, err := st.EncodedObject(plumbing.BlobObject, plumbing.NewHash(hash))
	if err != nil {
		t.Fatal(err)
	}
	if got := content(t, obj); string(got) != "hello" {
		t.Errorf("%q", got)
	}
	found, err := st.HashesWithPrefix([]byte{0xb6, 0xfc})
	if err != nil || len(found) != 1 || found[0].String() != hash {
		t.Errorf("%v, %v", found, err)
	}
	if _, err := st.EncodedObject(plumbing.CommitObject, plumbing.NewHash(hash)); !errors.Is(err, plumbing.ErrObjectNotFound) {
		t.Errorf("a blob as a commit: %v", err)
	}
}

const hash1 = "1111111111111111111111111111111111111111"
