// Package gen makes a [plan.Plan] into a workspace: go.work, the generated
// module ./app with the main.go that registers every plugin into Endure, and
// the places of all git-sourced modules below ./src.
//
// It decides only; [Workspace.Write] is the one function with an effect. The
// same plan gives the same files, wherever and by whomever they are written.
package gen

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"sort"
	"strconv"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/gosum"
	"github.com/vxlite/vxlite/internal/lock"
	"github.com/vxlite/vxlite/internal/plan"
)

// Workspace is what a workspace's directory holds.
type Workspace struct {
	// Files are those that are generated, by slash-separated path, sorted.
	Files []File
	// Modules are the places of the git-sourced modules, sorted by path.
	Modules []Place
}

// File returns a generated file's contents, or nil.
func (w *Workspace) File(name string) []byte {
	for _, f := range w.Files {
		if f.Path == name {
			return f.Data
		}
	}
	return nil
}

// File is one generated file.
type File struct {
	Path string
	Data []byte
}

// Place is where a module's files stand in the workspace.
type Place struct {
	// Path is slash-separated and relative to the workspace.
	Path string
	// Dir is the directory with the files.
	Dir string
	// Copy says that the files are written out, as some of them are replaced
	// by Files; otherwise Path may be a link to Dir.
	Copy bool
}

// Options are what the config says about the workspace's contents.
type Options struct {
	// Profile is a file for profile-guided optimisation, or empty for
	// RoadRunner's own, where its release ships one.
	Profile      string
	ProfilePlace config.Place
	// NoProfile leaves it out.
	NoProfile bool
	// GoSums are the plan's, where they are read already.
	GoSums *gosum.Sums
	// Sums are the lock's checksums of third-party modules.
	Sums []lock.Sum
	// Manifest is what the binary is to contain, as manifest.Encode has it; nil
	// for none.
	Manifest []byte
}

// SumFile is the workspace's file of checksums, to which the go command adds
// what it lacks.
const SumFile = "go.work.sum"

// manifestGo puts the manifest into the binary. What nothing reads would be left
// out by the linker; what is copied to a variable is not.
func manifestGo(text []byte) []byte {
	literal := "`" + string(text) + "`"
	if !strconv.CanBackquote(strings.NewReplacer("\n", "", "\t", "").Replace(string(text))) {
		literal = strconv.Quote(string(text))
	}
	return []byte(header + "package main\n\n" +
		"// vxliteKept keeps the manifest in the binary, where vxlite inspect finds it.\n" +
		"var vxliteKept string\n\nfunc init() { vxliteKept = vxliteManifest }\n\n" +
		"const vxliteManifest = " + literal + "\n")
}

// profileFile is the profile that RoadRunner's releases v2023.2.0 to v2025.1.4
// are built with.
const profileFile = "roadrunner.pprof"

// Generate makes the workspace of a plan.
func Generate(p *plan.Plan, o Options) (*Workspace, error) {
	w := &Workspace{}
	for _, m := range p.Modules {
		place, err := ModulePlace(m)
		if err != nil {
			return nil, err
		}
		w.Modules = append(w.Modules, Place{Path: place, Dir: m.Dir, Copy: m == p.RoadRunner || m.NoGoMod})
	}
	g := &generator{plan: p, options: o}
	return w.generate(g, g.goWork, o)
}

// generate adds the files to w.
func (w *Workspace) generate(g *generator, goWork func() ([]File, error), o Options) (*Workspace, error) {
	steps := []func() ([]File, error){goWork, g.appMod, g.mainGo, g.roadRunner, g.madeUp, g.sums}
	for _, step := range steps {
		files, err := step()
		if err != nil {
			return nil, err
		}
		w.Files = append(w.Files, files...)
	}
	profile, err := g.profile(o)
	if err != nil {
		return nil, err
	}
	w.Files = append(w.Files, profile...)
	if o.Manifest != nil {
		w.Files = append(w.Files, File{Path: "app/vxlite_manifest.go", Data: manifestGo(o.Manifest)})
	}
	sort.Slice(w.Files, func(i, j int) bool { return w.Files[i].Path < w.Files[j].Path })
	return w, nil
}

// Digest identifies a workspace by what it is made of: the generated files, the
// commits and their patches. It is 64 hex digits. Local directories count by their place
// alone; what is in them changes without the plan's knowledge.
func Digest(p *plan.Plan, w *Workspace) string {
	h := sha256.New()
	for _, f := range w.Files {
		fmt.Fprintf(h, "file %q %d\n", f.Path, len(f.Data))
		h.Write(f.Data)
	}
	for i, m := range p.Modules {
		source := m.Commit + " " + m.Folder
		if m.Patches != nil {
			source += " " + m.Patches.Digest
		}
		if m.Local {
			source = m.Dir
		}
		fmt.Fprintf(h, "module %q %q\n", w.Modules[i].Path, source)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// ModulePlace is a module's directory in the workspace. It is named as the
// module cache names it, so that no module lies within another and no two
// differ in case alone. A path without a dot has a place, too: module.EscapePath
// refuses it, as no proxy could have it, but the go command takes a directory
// for such a module.
func ModulePlace(m *plan.Module) (string, error) {
	elem := strings.Split(m.Path+"@"+m.Version, "/")
	for i, e := range elem {
		var err error
		if elem[i], err = module.EscapeVersion(e); err != nil {
			return "", &plan.ModuleError{Name: cmp.Or(m.Name(), m.Path), Pos: m.Pos, Err: fmt.Errorf("malformed module path %q: no folder can be called %q", m.Path, strings.TrimSuffix(e, "@"+m.Version))}
		}
	}
	return path.Join("src", path.Join(elem...)), nil
}

// generator holds the plan while its files are made.
type generator struct {
	plan    *plan.Plan
	options Options
}

// appPath is the generated module's path. It lies below RoadRunner's, so that
// its main.go may import RoadRunner's internal packages.
func (g *generator) appPath() string { return g.plan.RoadRunner.Path + "/vxlite" }

// goWork uses ./app alone and replaces every git-sourced module without a
// version. To use the modules instead would not do: the go command then still
// asks the proxy for the go.mod of every version of them that is required
// (golang/go issues 54264 and 66516).
func (g *generator) goWork() ([]File, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\nuse ./app\n\nreplace (\n", g.settings())
	for _, m := range g.plan.Modules { // sorted by path
		place, err := ModulePlace(m)
		if err != nil {
			return nil, err
		}
		old := modfile.AutoQuote(m.Path)
		if m.OnlyVersion != "" {
			old += " " + m.OnlyVersion
		}
		fmt.Fprintf(&b, "\t%s => %s\n", old, modfile.AutoQuote("./"+place))
	}
	b.WriteString(")\n")
	f, err := modfile.ParseWork("go.work", []byte(b.String()), nil)
	if err != nil {
		return nil, err
	}
	return []File{{Path: "go.work", Data: modfile.Format(f.Syntax)}}, nil
}

// settings are the lines of go.work that are not about modules: the Go version,
// and the godebug settings of RoadRunner's go.mod. In a workspace those of a
// go.mod do not count, and a plugin's never would. Its toolchain line is a
// wish, which the user's choice of Go stands above, and its tool and ignore
// lines change no binary.
func (g *generator) settings() string {
	var b strings.Builder
	fmt.Fprintf(&b, "go %s\n", g.plan.GoVersion())
	for _, d := range g.plan.RoadRunner.GoMod.Godebug {
		fmt.Fprintf(&b, "\ngodebug %s=%s\n", d.Key, d.Value)
	}
	return b.String()
}

// appMod requires every git-sourced module at its version, so that `go version
// -m` shows them. Requirements on more than what is linked are excluded, or
// the go command would take their version for the label.
func (g *generator) appMod() ([]File, error) {
	f := new(modfile.File)
	if err := f.AddModuleStmt(g.appPath()); err != nil {
		return nil, err
	}
	if err := f.AddGoStmt(g.plan.GoVersion()); err != nil {
		return nil, err
	}
	for _, m := range g.plan.Modules {
		if m.OnlyVersion == "" {
			f.AddNewRequire(m.Path, m.Version, false)
		}
	}
	for _, m := range g.imported() {
		f.AddNewRequire(m.Path, m.Version, false)
	}
	for _, m := range g.replaced() {
		if err := f.AddRequire(m.Path, m.Version); err != nil {
			return nil, err
		}
	}
	for _, r := range g.plan.Replaces {
		if err := f.AddReplace(r.Old.Path, r.Old.Version, r.New.Path, r.New.Version); err != nil {
			return nil, err
		}
	}
	excluded := map[module.Version]bool{}
	for _, e := range g.plan.Excludes {
		excluded[e] = true
	}
	for _, o := range g.plan.Overruled {
		excluded[o.Module] = true
	}
	all := make([]module.Version, 0, len(excluded))
	for e := range excluded {
		all = append(all, e)
	}
	module.Sort(all)
	for _, e := range all {
		if err := f.AddExclude(e.Path, e.Version); err != nil {
			return nil, err
		}
	}
	f.Cleanup()
	f.SortBlocks()
	data, err := f.Format()
	return []File{{Path: "app/go.mod", Data: data}}, err
}

// replaced are the modules that the config replaces, at the highest version that is
// required. Without a requirement of ./app's own, the go.mod of what stands in for them
// would be pruned from the module graph, and what it requires would not count.
func (g *generator) replaced() (out []module.Version) {
	for _, r := range g.plan.Replaces {
		v := plan.HighestRequired(g.plan.Modules, r.Old.Path, g.plan.Excludes...)
		if r.Config && v != "" && (r.Old.Version == "" || r.Old.Version == v) && g.plan.Lookup(r.Old.Path) == nil {
			out = append(out, module.Version{Path: r.Old.Path, Version: v})
		}
	}
	return out
}

// madeUp are the go.mod files of modules that have none.
func (g *generator) madeUp() ([]File, error) {
	var out []File
	for _, m := range g.plan.Modules {
		if !m.NoGoMod {
			continue
		}
		place, err := ModulePlace(m)
		if err != nil {
			return nil, err
		}
		out = append(out, File{Path: place + "/go.mod", Data: plan.MadeUpGoMod(m.Path)})
	}
	return out, nil
}

// imported are the modules besides the git-sourced ones that main.go imports
// packages of: RoadRunner's requirements that cmd/rr uses, and the modules of
// bundled plugins, at RoadRunner's versions.
func (g *generator) imported() []module.Version {
	need := map[string]bool{}
	for _, p := range g.plan.Plugins {
		need[p.Import] = true
	}
	for _, p := range cmdImports(g.plan.RoadRunner) {
		need[p] = true
	}
	var out []module.Version
	for _, req := range g.plan.RoadRunner.GoMod.Require {
		if g.plan.Lookup(req.Mod.Path) != nil {
			continue
		}
		for p := range need {
			if p == req.Mod.Path || strings.HasPrefix(p, req.Mod.Path+"/") {
				out = append(out, req.Mod)
				break
			}
		}
	}
	module.Sort(out)
	return out
}

// profile is main's default.pgo, so that a build by hand uses it too.
func (g *generator) profile(o Options) ([]File, error) {
	if o.NoProfile {
		return nil, nil
	}
	name := o.Profile
	if name == "" {
		name = filepath.Join(g.plan.RoadRunner.Dir, profileFile)
		if _, err := os.Stat(name); err != nil {
			return nil, nil
		}
	}
	data, err := disk.ReadLarge(name)
	if err != nil {
		return nil, o.ProfilePlace.Wrap(err)
	}
	return []File{{Path: "app/default.pgo", Data: data}}, nil
}
