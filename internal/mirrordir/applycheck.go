package mirrordir

import (
	"context"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/gitpack"
)

// checkPlaces looks for what is in the way in the mirror: what could not be moved
// there later, and a module's files that are others.
func (a *applying) checkPlaces(list List) error {
	own, err := a.m.ReadList()
	if err != nil {
		return err
	}
	dirs := map[string]bool{".": true}
	for _, name := range list.Names() {
		if name == bundleFile || name == StateFile {
			continue
		}
		for dir := path.Dir(name); !dirs[dir]; dir = path.Dir(dir) {
			dirs[dir] = true
			if fi, err := os.Lstat(a.m.Path(dir)); err == nil && !fi.IsDir() {
				return &InTheWayError{a.m.Path(dir), "is not a directory"}
			}
		}
		if fi, err := os.Lstat(a.m.Path(name)); err == nil && !fi.Mode().IsRegular() {
			return &InTheWayError{a.m.Path(name), "is not a regular file"}
		}
		if sum := own[name]; slices.Contains([]string{".mod", ".zip"}, path.Ext(name)) && sum != "" && sum != list[name] {
			return &InTheWayError{a.m.Path(name), "is another than in " + a.file}
		}
	}
	return nil
}

// InTheWayError is what a mirror has where a bundle has something else.
type InTheWayError struct{ Path, Reason string }

// Error implements error.
func (e *InTheWayError) Error() string { return e.Path + " " + e.Reason }

// ExitStatus is that of a check that found a problem.
func (*InTheWayError) ExitStatus() int { return 3 }

// Hints says what to do.
func (*InTheWayError) Hints() []string {
	return []string{"find out which of the two is right, and remove it if it is the bundle's; or apply the bundle to another directory"}
}

// index indexes all packs, several at once, which checks each of their objects.
func (a *applying) index(ctx context.Context, list List) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	var mu sync.Mutex
	a.links = map[string][]gitpack.Link{}
	for _, name := range list.Names() {
		of := ofRepository.FindStringSubmatch(name)
		if path.Ext(name) != ".pack" || of == nil {
			continue
		}
		g.Go(func() error {
			links, err := gitpack.IndexPack(ctx, a.path(name), a.limits)
			if err != nil && ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if err != nil {
				return fmt.Errorf("%s: %s: %w", a.file, name, err)
			}
			mu.Lock()
			defer mu.Unlock()
			a.links[of[1]] = append(a.links[of[1]], links...)
			return nil
		})
	}
	return g.Wait()
}

// checkLinks checks that what a bundle's commits are based on is there. Where it is
// not, the mirror lacks what it had with the bundle before.
func (a *applying) checkLinks(repository string) error {
	staged, ours := a.path(repository), a.m.Path(repository)
	at := ours
	if disk.Exists(filepath.Join(staged, shallowFile)) {
		at = staged
	}
	cut, err := gitpack.ReadShallow(at, a.limits)
	if err != nil {
		return err
	}
	missing, err := gitpack.MissingLinks(a.links[repository], cut, filepath.Join(staged, packDir), filepath.Join(ours, packDir))
	if err != nil || len(missing) == 0 {
		return err
	}
	first := slices.MinFunc(missing, func(a, b gitpack.Link) int { return strings.Compare(a.To.String(), b.To.String()) })
	return &BaseError{File: a.file, Repository: ours, Missing: first.To.String(), Of: first.From.String()}
}

// BaseError is a mirror that does not have what a bundle builds on.
type BaseError struct {
	File, Repository string
	// Missing is an object that Of leads to, which the bundle has; 40 hex digits.
	Missing, Of string
}

// Error implements error.
func (e *BaseError) Error() string {
	return fmt.Sprintf("%s: %s lacks %s, which %s in the bundle is based on", e.File, e.Repository, e.Missing, e.Of)
}

// ExitStatus is that of a check that found a problem.
func (*BaseError) ExitStatus() int { return 3 }

// Hints says what to do.
func (*BaseError) Hints() []string {
	return []string{"the mirror was pruned after the bundle before was applied, or is damaged: write a whole bundle, without --since-bundle"}
}
