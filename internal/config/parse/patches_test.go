package parse

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/vxlite/vxlite/internal/testkit"
)

// TestPatchFiles reads patches by name and by pattern, in a directory whose own
// name looks like a pattern.
func TestPatchFiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a[b]c", "rr")
	for _, name := range []string{"rr/p/2.patch", "rr/p/1.patch", "rr/p/10.patch", "rr/p/x.diff", "rr/[1].patch", "shared/s.patch"} {
		testkit.WriteFile(t, filepath.Join(filepath.Dir(dir), filepath.FromSlash(name)), name)
	}
	for list, want := range map[string]string{
		`["p/*.patch"]`:                               "p/1.patch p/10.patch p/2.patch",
		`["p/x.diff", "p/[12].patch"]`:                "p/x.diff p/1.patch p/2.patch",
		`["../shared/*.patch", "[1].patch"]`:          "../shared/s.patch [1].patch",
		`"./p/../p/1.patch"`:                          "p/1.patch",
		`["` + filepath.ToSlash(dir) + `/p/1.patch"]`: "1.patch",
		`[]`: "",
	} {
		c, err := Data(filepath.Join(dir, "velox.toml"), []byte("[roadrunner]\npatches = "+list+"\n"), dir, env(nil))
		if err != nil {
			t.Errorf("%s: %v", list, err)
			continue
		}
		var got []string
		for _, p := range c.RoadRunner.Patches {
			got = append(got, p.Name)
			if !strings.HasSuffix(string(p.Data), filepath.Base(p.Name)) || len(p.SHA256) != 64 || p.Pos.Line != 2 {
				t.Errorf("%s: %+v", list, p)
			}
		}
		if s := strings.Join(got, " "); s != want {
			t.Errorf("%s: %s, want %s", list, s, want)
		}
	}
}

// TestPatchDigest counts a patch by what is in it, not by where it is.
func TestPatchDigest(t *testing.T) {
	dir := t.TempDir()
	for name, data := range map[string]string{"a.patch": "a", "b.patch": "b", "sub/a.patch": "a"} {
		testkit.WriteFile(t, filepath.Join(dir, filepath.FromSlash(name)), data)
	}
	digest := func(patches string) string {
		c, err := Data(filepath.Join(dir, "velox.toml"), []byte("[roadrunner]\nref = 'v1'\n"+patches), dir, env(nil))
		if err != nil {
			t.Fatal(err)
		}
		return c.Digest()
	}
	none, a := digest(""), digest("patches = 'a.patch'")
	if a == none || a != digest("patches = 'sub/a.patch'") || a == digest("patches = 'b.patch'") || none != digest("patches = []") {
		t.Error("the digest does not go by contents")
	}
}
