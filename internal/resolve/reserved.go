package resolve

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// ReservedError is a module whose path belongs to Go or to RoadRunner, so that
// an import of it would mean, or be in the way of, one of their packages.
type ReservedError struct {
	Path string
	// Owner says whose it is.
	Owner string
}

// Error implements error.
func (e *ReservedError) Error() string {
	return fmt.Sprintf("the module path %s is %s", e.Path, e.Owner)
}

// Hints says what would do.
func (*ReservedError) Hints() []string {
	return []string{"take another path, on the module line of its go.mod and wherever it is imported: example.com/NAME does"}
}

// unreserved reports the modules of the config whose path is not theirs to have.
func (r *resolver) unreserved(ws []wanted, got []*Module) error {
	var errs []error
	for i, m := range got {
		if owner := r.owner(m.Path); owner != "" && m != r.roadRunner {
			errs = append(errs, ws[i].wrap(&ReservedError{Path: m.Path, Owner: owner}))
		}
	}
	return errors.Join(errs...)
}

// owner says whose a module path is, if not its module's.
func (r *resolver) owner(modulePath string) string {
	first, _, _ := strings.Cut(modulePath, "/")
	switch own := r.roadRunner.Path; {
	case modulePath == "std", first == "cmd":
		return "Go's own"
	case r.isStandard(modulePath):
		return "that of a package of Go's standard library"
	case strings.HasPrefix(modulePath, own+"/"):
		return "below RoadRunner's own, " + own
	}
	return ""
}

// isStandard asks the Go installation, if there is one.
func (r *resolver) isStandard(importPath string) bool {
	dir := filepath.Join(r.goRoot, "src", filepath.FromSlash(importPath))
	fi, err := os.Stat(dir)
	return r.goRoot != "" && filepath.IsLocal(importPath) && err == nil && fi.IsDir()
}
