package gotool

import (
	"context"
	"os"
	"path/filepath"

	"github.com/vxlite/vxlite/internal/run"
)

// preprocess puts into the build cache what the compiler reads of ./app's profile,
// where it has one. go build makes that where it lacks it; go list takes it from
// the cache alone, and without it compiles every package once without a profile,
// for nobody. Package unsafe has nothing to compile, so nothing else is done here.
func (t *Tool) preprocess(ctx context.Context, dir string, c Compile) error {
	profile := filepath.Join(dir, "app", "default.pgo")
	if _, err := os.Stat(profile); err != nil {
		return nil
	}
	env, show := t.Env(filepath.Join(dir, "go.work"), c)
	_, err := t.run(ctx, run.Cmd{Args: []string{"build", "-pgo=" + profile, "unsafe"}, Dir: dir, Env: env, Show: show, Why: "preprocess the profile"})
	return err
}
