package build

import (
	"context"
	"fmt"
	"strings"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/inspect"
	"github.com/vxlite/vxlite/internal/workspace"
)

// Verify builds again what a file claims to be, in a place of its own, and
// compares. It takes the lock as it is. Where the two differ it returns what
// differs, and a *DiffersError with it.
func Verify(ctx context.Context, m workspace.Machine, p workspace.Project, file string) (*inspect.Diff, error) {
	given, err := inspect.Read(file)
	if err != nil {
		return nil, err
	}
	target, err := config.ParseTarget(given.Target)
	if err != nil {
		return nil, err
	}
	cfg := *p.Config
	cfg.Build.Targets = []config.Target{target}
	p.Config, p.Locked = &cfg, true
	var rebuilt *inspect.Binary
	err = Scratch(ctx, m, p, func(_ *workspace.Workspace, binaries []Binary) (err error) {
		rebuilt, err = inspect.Read(binaries[0].Path)
		return err
	})
	if err != nil {
		return nil, err
	}
	rebuilt.File = "built again"
	d := inspect.Compare(given, rebuilt)
	if d.Same {
		return d, nil
	}
	return d, &DiffersError{File: file, Diff: d}
}

// DiffersError is a binary that the config and the lock do not give.
type DiffersError struct {
	File string
	Diff *inspect.Diff
}

// Error implements error.
func (e *DiffersError) Error() string {
	return fmt.Sprintf("%s does not match the config and the lock: it has sha256:%s, and rebuilt it has sha256:%s", e.File, e.Diff.A.SHA256, e.Diff.B.SHA256)
}

// ExitStatus implements the interface that picks the exit status.
func (e *DiffersError) ExitStatus() int { return 3 }

// Hints names what decides over the bytes besides config and lock.
func (e *DiffersError) Hints() []string {
	a, b := e.Diff.A, e.Diff.B
	var hints []string
	if a.Manifest.Format != b.Manifest.Format {
		hints = append(hints, fmt.Sprintf("it has format %d, and this vxlite builds format %d: verify with a version that builds the same (see vxlite version)", a.Manifest.Format, b.Manifest.Format))
	}
	if a.Go != b.Go {
		hints = append(hints, "it was built with "+a.Go+", and this is "+b.Go+": verify with the same, as GOTOOLCHAIN="+strings.Fields(a.Go)[0]+" can fetch it")
	}
	if e.Diff.Nothing() {
		hints = append(hints, "all that is recorded is the same: the file was changed after it was built, or a directory of the config was")
	}
	return hints
}
