package mirror

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/testkit"
)

// countdown is a context that ends when it has been looked at some times.
type countdown struct {
	context.Context
	left int
}

func (c *countdown) Err() error {
	if c.left--; c.left < 0 {
		return context.Canceled
	}
	return nil
}

// TestInterruptedPlacing ends at each step of adding to a tree: what others can find is
// there whole, and the next run does the rest.
func TestInterruptedPlacing(t *testing.T) {
	for steps, done := 0, false; !done; steps++ {
		dir, stage := filepath.Join(t.TempDir(), "proxy"), t.TempDir()
		for _, v := range []string{"v1.0.0", "v1.1.0", "v1.2.0"} {
			in := stage
			if v == "v1.0.0" { // which was there before
				in = dir
			}
			for _, ext := range []string{".info", ".mod", ".zip"} {
				testkit.WriteFile(t, filepath.Join(in, "example.com", "!a", "@v", v+ext), v+ext)
			}
		}
		summed := false
		sums := func() error { summed = true; return nil }
		testkit.Check(t, placing{dir: dir, out: &ProxyResult{}}.lists(t.Context()))
		err := placing{dir: dir, out: &ProxyResult{}}.all(&countdown{t.Context(), steps}, []string{stage}, sums)
		done = err == nil
		at := filepath.Join(dir, "example.com", "!a", "@v")
		infos, err := filepath.Glob(filepath.Join(at, "*.info"))
		testkit.Check(t, err)
		for _, info := range infos {
			if base := strings.TrimSuffix(info, ".info"); !disk.Exists(base+".mod") || !disk.Exists(base+".zip") {
				t.Errorf("after %d steps, %s stands alone", steps, filepath.Base(info))
			}
		}
		list, err := os.ReadFile(filepath.Join(at, "list"))
		testkit.Check(t, err)
		if strings.Contains(string(list), "v1.2.0") && (!summed || len(infos) < 3) || !strings.HasPrefix(string(list), "v1.0.0\n") {
			t.Errorf("after %d steps, the list is %q", steps, list)
		}
		testkit.Check(t, placing{dir: dir, out: &ProxyResult{}}.all(t.Context(), []string{stage}, sums))
		if list, err := os.ReadFile(filepath.Join(at, "list")); string(list) != "v1.0.0\nv1.1.0\nv1.2.0\n" {
			t.Errorf("after %d steps and another run, the list is %q, %v", steps, list, err)
		}
		if done && steps < 10 {
			t.Errorf("%d steps are too few to mean anything", steps)
		}
	}
}
