package build

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/gotool"
	"github.com/vxlite/vxlite/internal/output"
	"github.com/vxlite/vxlite/internal/workspace"
)

// job is one target: what to compile, where to put it, and what is known of it.
type job struct {
	target
	settings gotool.Compile
	stamp    stamp
	binary   Binary
	fresh    bool // nothing has changed since it was built
}

// jobsFor finds out which targets are up to date.
func jobsFor(w *workspace.Workspace, outputs []target) ([]job, error) {
	locals, err := workspace.Fingerprints(w.Plan)
	if err != nil {
		return nil, err
	}
	var out []job
	for _, o := range outputs {
		j := job{target: o}
		if j.settings, err = w.Settings(w.Plan, o.Target); err != nil {
			return nil, err
		}
		inputs := workspace.Inputs(w.Digest, locals, w.Tool, j.settings, w.Config.Check)
		sums := sha256.Sum256(fmt.Appendf(nil, "%q", w.Sums)) // a lock that lacks some is refused, or completed
		j.stamp = stamp{file: o.file, inputs: inputs + hex.EncodeToString(sums[:])}
		j.binary, j.fresh = j.stamp.fresh(w.Store)
		j.binary.Target = o.Target.String()
		out = append(out, j)
	}
	return out, nil
}

// settings are those of each job.
func settings(jobs []job) []gotool.Compile {
	var out []gotool.Compile
	for _, j := range jobs {
		out = append(out, j.settings)
	}
	return out
}

// files are those that the binaries become.
func files(targets []target) []string {
	var out []string
	for _, t := range targets {
		out = append(out, t.file)
	}
	return out
}

func targetsOf(jobs []job) []target {
	var out []target
	for _, j := range jobs {
		out = append(out, j.target)
	}
	return out
}

func allFresh(jobs []job) bool {
	for _, j := range jobs {
		if !j.fresh {
			return false
		}
	}
	return true
}

func binaries(jobs []job) []Binary {
	var out []Binary
	for _, j := range jobs {
		out = append(out, j.binary)
	}
	return out
}

// target is a platform and the file that its binary becomes.
type target struct {
	config.Target
	file string // absolute
}

// outputs decides the files at a place: NAME in a directory for one target, and
// NAME-OS-ARCH for several.
func outputs(p workspace.Project, place string) ([]target, error) {
	targets := p.Targets()
	own := []string{"rr", p.Config.Build.Name}
	for _, t := range targets {
		own = append(own, strings.TrimSuffix(binaryName(p, t, true), ".exe"))
	}
	dir, file, err := output.Split(place, func(name string) bool { return slices.Contains(own, strings.TrimSuffix(name, ".exe")) })
	if err != nil {
		return nil, err
	}
	if file != "" && len(targets) > 1 {
		return nil, &output.Error{Path: place, Reason: fmt.Sprintf("is a file, and there are %d targets", len(targets)),
			Hint: "name a directory, with a slash at its end"}
	}
	var out []target
	for _, t := range targets {
		name := file
		if name == "" {
			name = binaryName(p, t, len(targets) > 1)
		}
		out = append(out, target{Target: t, file: filepath.Join(dir, name)})
	}
	return out, nil
}

// binaryName is what a binary is called, as one of several or as the only one.
func binaryName(p workspace.Project, t config.Target, several bool) string {
	name := p.Config.Build.Name
	if several {
		name += "-" + strings.ReplaceAll(t.String(), "/", "-")
	}
	if t.OS == "windows" {
		name += ".exe"
	}
	return name
}

// buildName is what the binary is called until it is in its place.
func (j job) buildName() string {
	name := filepath.Base(j.file)
	if j.OS == "windows" && filepath.Ext(name) != ".exe" {
		name += ".exe" // Windows starts nothing else
	}
	return name
}
