package mirror

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/event"
	"github.com/vxlite/vxlite/internal/lock"
	"github.com/vxlite/vxlite/internal/mirrordir"
	"github.com/vxlite/vxlite/internal/source"
	"github.com/vxlite/vxlite/internal/workspace"
)

// CheckAsk says what a mirror is checked for.
type CheckAsk struct {
	Dir string
	// Configs are those whose locks are to be there; the mirror's own in any case.
	Configs []Config
	Limits  config.Limits
	Sink    event.Sink
}

// CheckResult is what a check has looked at, and found.
type CheckResult struct {
	Dir          string `json:"dir"`
	Repositories int    `json:"repositories"`
	Files        int    `json:"files"`
	// Problems are sorted by their places.
	Problems []Problem `json:"problems"`
}

// Problem is something that is not as it should be.
type Problem struct {
	// Place is a path below the mirror's directory, or a config's name.
	Place string `json:"place"`
	What  string `json:"what"`
}

// Check reads all of a mirror: the hash of each file, each object of each repository,
// and whether all is there that its configs need.
func Check(ctx context.Context, ask CheckAsk) (*CheckResult, error) {
	m, err := mirrordir.Open(ctx, ask.Dir, mirrordir.Existing, ask.Sink)
	if err != nil {
		return nil, err
	}
	defer m.Close()
	c := &checking{mirror: m, out: &CheckResult{Dir: m.Dir, Repositories: len(m.State.Repositories), Problems: []Problem{}}}
	if m.Unfinished {
		c.found(".", "a run was interrupted: run the same command again")
	}
	if err := c.files(ctx); err != nil {
		return nil, err
	}
	if err := c.repositories(ctx, ask.Limits); err != nil {
		return nil, err
	}
	for _, n := range m.State.Needs {
		c.needs(n)
	}
	for _, k := range ask.Configs {
		if err := c.config(k); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(c.out.Problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Place, b.Place), cmp.Compare(a.What, b.What))
	})
	c.out.Problems = slices.Compact(c.out.Problems)
	return c.out, c.out.err()
}

// checking is one check.
type checking struct {
	mirror *mirrordir.Mirror
	mu     sync.Mutex // of out
	out    *CheckResult
}

func (c *checking) found(place, format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.out.Problems = append(c.out.Problems, Problem{place, fmt.Sprintf(format, args...)})
}

// files compares all files with the list.
func (c *checking) files(ctx context.Context) error {
	want, err := c.mirror.ReadList()
	if err != nil {
		return err
	}
	got, err := c.mirror.Hash(ctx)
	if err != nil {
		return err
	}
	c.out.Files = len(got)
	for name, sum := range want {
		switch have, ok := got[name]; {
		case !ok:
			c.found(name, "is missing")
		case have != sum:
			c.found(name, "does not have the checksum in %s", mirrordir.ListFile)
		}
	}
	for name := range got {
		if _, ok := want[name]; !ok && !c.mirror.Unfinished {
			c.found(name, "is not in %s", mirrordir.ListFile)
		}
	}
	return nil
}

// repositories reads all of each.
func (c *checking) repositories(ctx context.Context, limits config.Limits) error {
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for _, r := range c.mirror.State.Repositories {
		g.Go(func() error {
			if err := source.Fsck(ctx, c.mirror.Path(r.Path), limits); err != nil && ctx.Err() == nil {
				c.found(r.Path, "%v", err)
			}
			return nil
		})
	}
	_ = g.Wait()
	return context.Cause(ctx)
}

// needs looks for all that a config needs.
func (c *checking) needs(n mirrordir.Needs) {
	if n.Incomplete {
		c.found(n.Config, "the last run to fill the mirror for it failed")
	}
	for _, m := range n.Modules {
		c.commit(n.Config, m.Path, m.URL, m.Commit)
	}
	for _, name := range missing(c.mirror.Path(mirrordir.ProxyDir), n.Proxied) {
		c.found(n.Config, "%s is not in %s", name, mirrordir.ProxyDir)
	}
}

func (c *checking) commit(config, module, url, commit string) {
	r, ok := c.mirror.State.Find(url)
	switch {
	case !ok:
		c.found(config, "%s: the repository %s is not in the mirror", module, url)
	case !source.HasCommit(c.mirror.Path(r.Path), commit):
		c.found(config, "%s: %s does not have the commit %s", module, r.Path, commit)
	}
}

// config looks for what a config's lock has.
func (c *checking) config(k Config) error {
	locked, err := lock.Read(lock.Name(k.Config.File))
	if errors.Is(err, fs.ErrNotExist) {
		return &workspace.NoLockError{File: lock.Name(k.Config.File), Config: k.Config.File}
	}
	if err != nil {
		return err
	}
	for _, m := range locked.Modules {
		c.commit(k.Name, m.Path, plainURL(m.URL), m.Commit)
	}
	if !slices.ContainsFunc(c.mirror.State.Needs, func(n mirrordir.Needs) bool { return n.Config == k.Name }) {
		c.found(k.Name, "the mirror was not filled for it")
	}
	return nil
}

// CheckError says that a mirror has problems.
type CheckError struct {
	Dir      string
	Problems int
}

func (r *CheckResult) err() error {
	if len(r.Problems) == 0 {
		return nil
	}
	return &CheckError{r.Dir, len(r.Problems)}
}

// Error implements error.
func (e *CheckError) Error() string {
	problems := "1 problem"
	if e.Problems > 1 {
		problems = fmt.Sprintf("%d problems", e.Problems)
	}
	return strings.Join([]string{"mirror " + e.Dir, problems}, ": ")
}

// ExitStatus is that of a check that found a problem.
func (*CheckError) ExitStatus() int { return 3 }

// Hints says what to do.
func (*CheckError) Hints() []string {
	return []string{"fill what is missing: vxlite mirror DIR -c FILE; a damaged repository or file is fetched again when it has been removed"}
}
