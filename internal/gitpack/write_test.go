package gitpack

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/testkit"
)

// packOf is the pack of a repository that testkit wrote.
func packOf(t *testing.T, r *testkit.Repo) []byte {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(testkit.WriteRepos(t, r), filepath.FromSlash(r.Path()), "objects", "pack", "*.pack"))
	if err != nil || len(names) != 1 {
		t.Fatalf("packs %q, %v", names, err)
	}
	data, err := os.ReadFile(names[0])
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// keep has packs of that many bytes kept in memory, until the test ends.
func keep(t *testing.T, bytes int64) {
	t.Helper()
	before := inMemory
	inMemory = bytes
	t.Cleanup(func() { inMemory = before })
}

// TestWritePack has packs small and large become repositories, which git could
// read too.
func TestWritePack(t *testing.T) {
	r, _ := testkit.Lib(t)
	pack := packOf(t, r)
	for _, tt := range []struct {
		name     string
		most     int
		inMemory bool
	}{
		{"small", len(pack), true},
		{"large", len(pack) - 1, false},
	} {
		keep(t, int64(tt.most))
		dir := t.TempDir()
		objects, err := WriteRepo(dir, bytes.NewReader(pack), []plumbing.Hash{plumbing.NewHash(hash1)}, config.Limits{}.OrDefault())
		if err != nil {
			t.Fatal(err)
		}
		if (objects != nil) != tt.inMemory {
			t.Errorf("%s: in memory %v, want %v", tt.name, objects != nil, tt.inMemory)
		}
		if objects != nil {
			if _, err := objects.EncodedObject(plumbing.CommitObject, plumbing.NewHash(r.Commit("v1.0.0"))); err != nil {
				t.Errorf("%s: the commit, in memory: %v", tt.name, err)
			}
		}
		st, done := OpenObjects(dir)
		if _, err := st.EncodedObject(plumbing.CommitObject, plumbing.NewHash(r.Commit("v1.0.0"))); err != nil {
			t.Errorf("%s: the commit: %v", tt.name, err)
		}
		done()
		if got, err := os.ReadFile(filepath.Join(dir, "shallow")); string(got) != hash1+"\n" || err != nil {
			t.Errorf("%s: shallow %q, %v", tt.name, got, err)
		}
		if got, err := os.ReadFile(filepath.Join(dir, "HEAD")); string(got) != "ref: refs/heads/main\n" || err != nil {
			t.Errorf("%s: HEAD %q, %v", tt.name, got, err)
		}
		var names []string
		for _, f := range testkit.Files(t, filepath.Join(dir, "objects")) {
			name, _, _ := strings.Cut(f, ": ")
			names = append(names, filepath.Ext(name))
		}
		if got := strings.Join(names, " "); got != ".idx .pack" {
			t.Errorf("%s: files in objects end in %s, want .idx .pack", tt.name, got)
		}
	}
}

// TestDamagedPack has a pack arrive cut off, or changed on its way.
func TestDamagedPack(t *testing.T) {
	r, _ := testkit.Lib(t)
	pack := packOf(t, r)
	damage := map[string][]byte{"nothing": nil, "something else": []byte("<html>Welcome</html>")}
	for _, n := range []int{4, 12, 40, len(pack) / 2, len(pack) - 20, len(pack) - 1} {
		damage[fmt.Sprintf("cut off at %d of %d", n, len(pack))] = pack[:n]
	}
	for _, n := range []int{0, 7, 11, 12, 40, len(pack) / 2, len(pack) - 1} {
		changed := bytes.Clone(pack)
		changed[n] ^= 0x10
		damage[fmt.Sprintf("byte %d of %d changed", n, len(pack))] = changed
	}
	for name, data := range damage {
		if _, err := WriteRepo(t.TempDir(), bytes.NewReader(data), nil, config.Limits{}.OrDefault()); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	_, err := WriteRepo(t.TempDir(), bytes.NewReader(nil), nil, config.Limits{}.OrDefault())
	testkit.WantError(t, err, "the server sent nothing")
}
