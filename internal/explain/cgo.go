package explain

import (
	"cmp"
	"errors"
	"fmt"
	gobuild "go/build"
	"path/filepath"
	"regexp"
	"strings"

	"golang.org/x/mod/module"

	"github.com/vxlite/vxlite/internal/gotool"
	"github.com/vxlite/vxlite/internal/plan"
	"github.com/vxlite/vxlite/internal/run"
)

// ConstraintError is a package none of whose files take part in the build.
type ConstraintError struct {
	// Module is the one it is of, as "plugin NAME (PATH VERSION)"; Package its
	// import path.
	Module, Package string
	Target          string
	// NeedsCGO says that with cgo it would have files.
	NeedsCGO bool
	Err      error // the go command's
}

// Error implements error.
func (e *ConstraintError) Error() string {
	if e.NeedsCGO {
		return fmt.Sprintf("%s needs cgo, which is off: its package %s has no other Go files for %s", e.Module, e.Package, e.Target)
	}
	return fmt.Sprintf("%s: its package %s has no Go files for %s", e.Module, e.Package, e.Target)
}

// Unwrap returns the go command's error.
func (e *ConstraintError) Unwrap() error { return e.Err }

// Hints says how to turn cgo on.
func (e *ConstraintError) Hints() []string {
	if !e.NeedsCGO {
		return []string{"leave it out for this target, or give [build] tags that it has files for"}
	}
	return []string{"turn it on, with a C compiler on PATH or in CC:\n  [build]\n  cgo = true"}
}

// CCompilerError is a build with cgo that has no C compiler for its target.
type CCompilerError struct {
	Target string
	CC     string // as in the environment
	Cross  bool   // the target is not this machine
	Err    error  // the go command's
}

// Error implements error: what is missing, and below it all that the go command
// said.
func (e *CCompilerError) Error() string {
	cc := "CC is not set"
	if e.CC != "" {
		cc = fmt.Sprintf("CC=%s is not one", e.CC)
	}
	return fmt.Sprintf("cgo needs a C compiler for %s, and %s\n%v", e.Target, cc, e.Err)
}

// Unwrap returns the go command's error.
func (e *CCompilerError) Unwrap() error { return e.Err }

// Hints says how to name one.
func (e *CCompilerError) Hints() []string {
	if !e.Cross {
		return []string{"install gcc or clang, or name a compiler with CC"}
	}
	example := crossCompilers[e.Target]
	return []string{fmt.Sprintf("install a cross compiler and name it with CC, such as CC=%s", cmp.Or(example, "TRIPLE-gcc"))}
}

// crossCompilers are what Debian and others call theirs.
var crossCompilers = map[string]string{
	"linux/amd64": "x86_64-linux-gnu-gcc", "linux/arm64": "aarch64-linux-gnu-gcc", "linux/arm": "arm-linux-gnueabihf-gcc",
	"linux/386": "i686-linux-gnu-gcc", "linux/riscv64": "riscv64-linux-gnu-gcc", "linux/ppc64le": "powerpc64le-linux-gnu-gcc",
	"linux/s390x": "s390x-linux-gnu-gcc", "windows/amd64": "x86_64-w64-mingw32-gcc", "windows/386": "i686-w64-mingw32-gcc",
}

// excluded matches how the go command reports a package without files.
var excluded = regexp.MustCompile(`build constraints exclude all Go files in (.*)`)

// noCompiler matches what it says where the C compiler is not there, or is for
// another processor, which shows first in the runtime's own C code.
var noCompiler = regexp.MustCompile(`(?m)C compiler "[^"]*" not found|^# runtime/cgo$`)

// Cgo returns the error of a build in a workspace that lacks cgo, or a compiler
// for it, and nil for any other. cc is CC of the environment.
func Cgo(p *plan.Plan, tool *gotool.Tool, cc, workspace string, c gotool.Compile, err error) error {
	var re *run.Error
	if !errors.As(err, &re) {
		return nil
	}
	if hostOS, hostArch := tool.Host(); c.CGO && noCompiler.MatchString(re.Stderr) {
		return &CCompilerError{Target: c.OS + "/" + c.Arch, CC: cc, Cross: c.OS != hostOS || c.Arch != hostArch, Err: err}
	}
	m := excluded.FindStringSubmatch(re.Stderr)
	if m == nil {
		return nil
	}
	dir := strings.TrimSpace(m[1])
	mod, rel := moduleAt(p, workspace, dir)
	if mod == nil {
		return nil
	}
	with := gobuild.Default
	with.GOOS, with.GOARCH, with.CgoEnabled, with.BuildTags = c.OS, c.Arch, true, c.Tags
	_, without := with.ImportDir(dir, 0)
	return &ConstraintError{Module: moduleName(p, mod), Package: strings.TrimSuffix(mod.Path+"/"+rel, "/."), Target: c.Target,
		NeedsCGO: !c.CGO && without == nil, Err: err}
}

// moduleAt finds the module of a workspace that a directory is of, and the directory below it.
func moduleAt(p *plan.Plan, workspace, dir string) (*plan.Module, string) {
	for _, m := range p.Modules {
		path, _ := module.EscapePath(m.Path)
		version, _ := module.EscapeVersion(m.Version)
		for _, root := range []string{filepath.Join(workspace, "src", filepath.FromSlash(path+"@"+version)), m.Dir} {
			if rel, err := filepath.Rel(root, dir); err == nil && filepath.IsLocal(rel) {
				return m, filepath.ToSlash(rel)
			}
		}
	}
	return nil, ""
}
