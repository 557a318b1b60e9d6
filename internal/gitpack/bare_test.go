package gitpack

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/testkit"
)

// TestParsePackedRefs has what git and others write, and what none may.
func TestParsePackedRefs(t *testing.T) {
	h1, h2 := plumbing.NewHash(hash1), plumbing.NewHash(strings.Repeat("2", 40))
	for _, tt := range []struct {
		name, data string
		want       []PackedRef
		wrong      string
	}{
		{name: "nothing"},
		{name: "a comment", data: "# pack-refs with: peeled fully-peeled sorted \n"},
		{name: "a tag and what it leads to", data: hash1 + " refs/tags/v1.0.0\n^" + h2.String() + "\n", want: []PackedRef{{Name: "refs/tags/v1.0.0", Hash: h1, Peeled: h2}}},
		{name: "two", data: hash1 + " refs/heads/main\n" + h2.String() + " refs/heads/two", want: []PackedRef{{Name: "refs/heads/main", Hash: h1}, {Name: "refs/heads/two", Hash: h2}}},
		{name: "what leads to nothing", data: "^" + hash1 + "\n", wrong: "packed-refs: line 1 is not a hash and the name of a ref"},
		{name: "no hash", data: "# x\nref: refs/heads/main\n", wrong: "packed-refs: line 2 is not a hash and the name of a ref"},
		{name: "short", data: hash1[:39] + " refs/heads/main\n", wrong: "packed-refs: line 1 is not a hash and the name of a ref"},
		{name: "no ref", data: hash1 + " HEAD\n", wrong: "packed-refs: line 1 is not a hash and the name of a ref"},
		{name: "out of the repository", data: hash1 + " refs/../../x\n", wrong: "packed-refs: line 1 is not a hash and the name of a ref"},
		{name: "an end as on Windows", data: hash1 + " refs/heads/main\r\n", wrong: "packed-refs: line 1 is not a hash and the name of a ref"},
		{name: "an empty line", data: "\n", wrong: "packed-refs: line 1 is not a hash and the name of a ref"},
	} {
		got, err := ParsePackedRefs([]byte(tt.data))
		if tt.wrong != "" {
			testkit.WantError(t, err, tt.wrong)
			continue
		}
		if err != nil || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: %v, %v, want %v", tt.name, got, err, tt.want)
		}
	}
}

// FuzzParsePackedRefs writes again whatever can be read, and reads it again.
func FuzzParsePackedRefs(f *testing.F) {
	f.Add([]byte("# pack-refs with: peeled fully-peeled sorted \n" + hash1 + " refs/tags/v1.0.0\n^" + hash1 + "\n"))
	f.Add([]byte(hash1 + " refs/heads/a b\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		refs, err := ParsePackedRefs(data)
		if err != nil {
			return
		}
		for _, r := range refs {
			if !IsRefName(r.Name) || filepath.IsAbs(r.Name) || !filepath.IsLocal(r.Name) {
				t.Errorf("%q is a ref", r.Name)
			}
		}
		dir := t.TempDir()
		testkit.Check(t, WritePackedRefs(dir, refs))
		again, err := ReadPackedRefs(dir, config.Limits{}.OrDefault())
		slices.SortStableFunc(refs, func(a, b PackedRef) int { return strings.Compare(a.Name, b.Name) })
		if err != nil || len(again) != len(refs) {
			t.Errorf("%v, %v, want %v", again, err, refs)
		}
	})
}

// TestShallow has commits at which a history ends come and go.
func TestShallow(t *testing.T) {
	dir, limits := t.TempDir(), config.Limits{}.OrDefault()
	a, b, c := plumbing.NewHash(strings.Repeat("a", 40)), plumbing.NewHash(strings.Repeat("b", 40)), plumbing.NewHash(strings.Repeat("c", 40))
	list := func(hashes ...plumbing.Hash) []plumbing.Hash { return hashes }
	for _, tt := range []struct {
		name             string
		more, less, want []plumbing.Hash
	}{
		{"none", nil, nil, nil},
		{"two, in no order", list(b, a), nil, list(a, b)},
		{"one again", list(a), nil, list(a, b)},
		{"one for another", list(c), list(a), list(b, c)},
		{"what is not there", nil, list(a), list(b, c)},
		{"none any more", nil, list(b, c), nil},
	} {
		testkit.Check(t, UpdateShallow(dir, tt.more, tt.less, limits))
		if got, err := ReadShallow(dir, limits); err != nil || !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, %v, want %v", tt.name, got, err, tt.want)
		}
	}
	testkit.WriteFile(t, filepath.Join(dir, "shallow"), hash1+"\n../x\n")
	_, err := ReadShallow(dir, limits)
	testkit.WantError(t, err, `shallow: "../x" is not a hash`)
	testkit.WantError(t, UpdateShallow(dir, list(a), nil, limits), `shallow: "../x" is not a hash`)
	limits.Refs = 10
	if _, err := ReadShallow(dir, limits); err == nil {
		t.Error("a file of any size is read")
	}
}

// FuzzReadShallow reads whatever is there as hashes or not at all.
func FuzzReadShallow(f *testing.F) {
	f.Add([]byte(hash1 + "\n" + hash1))
	f.Fuzz(func(t *testing.T, data []byte) {
		dir := t.TempDir()
		testkit.WriteFile(t, filepath.Join(dir, "shallow"), string(data))
		if cut, err := ReadShallow(dir, config.Limits{}.OrDefault()); err == nil && len(cut) != strings.Count(strings.TrimSuffix(string(data), "\n")+"\n", "\n")*min(1, len(data)) {
			t.Errorf("%d hashes in %q", len(cut), data)
		}
	})
}

// dying is a pack whose reader ends the run in the middle: nothing that is deferred
// happens to its files.
type dying struct {
	r   io.Reader
	die func()
}

func (d *dying) Read(p []byte) (int, error) {
	n, err := d.r.Read(p[:min(len(p), 100)])
	if err == io.EOF {
		d.die()
	}
	return n, err
}

// TestAddPackCutOff has packs that come half: readers see none of them, also of a run
// that was killed with its files in place.
func TestAddPackCutOff(t *testing.T) {
	r, _ := testkit.Lib(t)
	pack, limits := packOf(t, r), config.Limits{}.OrDefault()
	commit := plumbing.NewHash(r.Commit("v1.0.0"))
	sees := func(dir string) bool {
		st := Open(dir)
		defer st.Close()
		_, err := st.EncodedObject(plumbing.CommitObject, commit)
		return err == nil
	}
	for _, n := range []int{0, 11, 50, len(pack) / 2, len(pack) - 1} {
		dir, killed := filepath.Join(t.TempDir(), "r.git"), filepath.Join(t.TempDir(), "killed.git")
		testkit.Check(t, InitBare(dir))
		_, _, err := AddPack(dir, &dying{bytes.NewReader(pack[:n]), func() { testkit.Check(t, os.CopyFS(killed, os.DirFS(dir))) }}, limits)
		if err == nil {
			t.Errorf("cut off at %d: no error", n)
		}
		for _, d := range []string{dir, killed} {
			if sees(d) {
				t.Errorf("cut off at %d: the commit is there", n)
			}
			if _, _, err := AddPack(d, bytes.NewReader(pack), limits); err != nil || !sees(d) {
				t.Errorf("cut off at %d, then whole: %v", n, err)
			}
		}
		testkit.Check(t, SweepPacks(killed))
		for _, d := range []string{dir, killed} {
			if left, _ := filepath.Glob(filepath.Join(d, "objects", "pack", "tmp_*")); len(left) > 0 || !sees(d) {
				t.Errorf("cut off at %d: left is %q", n, left)
			}
		}
	}
}
