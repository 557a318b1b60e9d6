package gotool

import (
	"context"

	"github.com/vxlite/vxlite/internal/run"
)

// Tidy completes go.mod and go.sum of the module in dir.
func (t *Tool) Tidy(ctx context.Context, dir string) error {
	goos, arch := t.Host()
	env, show := t.Env("off", Compile{OS: goos, Arch: arch, Private: t.Private()})
	_, err := t.run(ctx, run.Cmd{Args: []string{"mod", "tidy"}, Dir: dir, Env: env, Show: show, Why: "complete go.mod and go.sum"})
	return explain(err)
}
