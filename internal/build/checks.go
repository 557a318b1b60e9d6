package build

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/vxlite/vxlite/internal/brief"
	"github.com/vxlite/vxlite/internal/gotool"
	"github.com/vxlite/vxlite/internal/run"
	"github.com/vxlite/vxlite/internal/workspace"
)

// checkPlugins refuses what Endure would disable. For that all packages are
// compiled. Where one does not compile, linking fails with better words: it
// compiles what it lacks.
func checkPlugins(ctx context.Context, w *workspace.Workspace, c *gotool.Compilation, j job, tell func([]string)) error {
	plugins, err := w.Plugins(ctx, c, j.stamp.inputs)
	if err == nil {
		return w.Admit(plugins, tell)
	}
	if _, failed := errors.AsType[*run.Error](err); failed && ctx.Err() == nil {
		if failure := c.Build(ctx, os.DevNull); failure != nil {
			err = failure
		}
	}
	return w.Explain(ctx, w.Dir, j.settings, err)
}

// SmokeError is a binary that does not do as it should.
type SmokeError struct {
	Want, Got string
}

// Error implements error.
func (e *SmokeError) Error() string {
	return fmt.Sprintf("rr --version does not print %s; it prints: %s", e.Want, brief.Line(e.Got))
}

// Hints says who may have spoken in the server's place.
func (e *SmokeError) Hints() []string {
	return []string{"a plugin's init function may print or exit before the server starts"}
}

// smokeTimeout bounds the new binary's --version.
const smokeTimeout = 30 * time.Second

// smoke runs the host's own binary once before it replaces another.
func smoke(ctx context.Context, w *workspace.Workspace, built string, c gotool.Compile) error {
	if hostOS, hostArch := w.Tool.Host(); c.OS != hostOS || c.Arch != hostArch || c.Setting != "" {
		return nil // it may want more of a processor than this one has
	}
	var said run.Excerpt // it is the plugins' code that speaks
	_, err := run.Run(ctx, w.Sink, run.Cmd{Path: built, Args: []string{"--version"}, Dir: filepath.Dir(built), Stdout: &said,
		Timeout: smokeTimeout, Why: "does it run"})
	if err != nil {
		return fmt.Errorf("the new binary does not start: %w", err)
	}
	if !strings.Contains(said.String(), c.Version) {
		return &SmokeError{Want: c.Version, Got: said.String()}
	}
	return nil
}
