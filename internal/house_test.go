// Package internal_test holds the house to its plan.
package internal_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/vxlite/vxlite/"

// floors are the packages from the ground up. A package may import those of the
// floors below it, and none of its own.
var floors = [][]string{
	{"internal/brief", "internal/disk", "internal/event", "internal/near"},
	{"internal/binsize", "internal/config", "internal/lock", "internal/manifest", "internal/output", "internal/roadrunner", "internal/run", "internal/signature", "internal/vulndb", "internal/watch"},
	{"internal/archive", "internal/config/keys"},
	{"internal/config/lines", "internal/config/tree", "internal/gitattr", "internal/giturl", "internal/limit", "internal/store"},
	{"internal/config/edit", "internal/config/parse", "internal/gitpack", "internal/openssh", "internal/schema"},
	{"internal/config/migrate", "internal/config/portable", "internal/gitconn", "internal/modfiles"},
	{"internal/patch"},
	{"internal/modurl", "internal/source"},
	{"internal/inspect", "internal/plan", "internal/query"},
	{"internal/gosum", "internal/resolve"},
	{"internal/endure", "internal/gen", "internal/gotool", "internal/provenance", "internal/rrkeys", "internal/rryaml", "internal/mirrordir", "internal/sbom", "internal/sumcopy", "internal/vendordir"},
	{"internal/drawing", "internal/explain", "internal/rrcheck"},
	{"internal/workspace"},
	{"internal/size"},
	{"internal/patching"},
	{"internal/build", "internal/check", "internal/develop", "internal/doctor", "internal/outdated", "internal/scaffold", "internal/update", "internal/vendoring"},
	{"internal/amend", "internal/audit", "internal/mirror"},
	{"internal/pick", "internal/upgrade"},
	{"internal/image", "internal/live", "internal/screen"},
	{"cmd/vxlite"},
}

// floorOf is where a package stands, or -1.
func floorOf(pkg string) int {
	return slices.IndexFunc(floors, func(pkgs []string) bool { return slices.Contains(pkgs, pkg) })
}

// outside are packages that are no part of the program: what tests, the demo
// and the benchmarks run in. They may do as they like, and nothing in the house
// may import them.
var outside = []string{"internal/testkit", "internal/testkit/cyclonedx", "internal/demo", "internal/bench", "internal/bench/stage", "internal/release"}

// only says which packages may import a path, or one below it.
var only = map[string][]string{
	"github.com/go-git/go-git":               {"internal/gitattr", "internal/gitconn", "internal/gitpack", "internal/giturl", "internal/modfiles", "internal/source"},
	"github.com/go-git/go-billy":             {"internal/gitpack"},
	"os/exec":                                {"internal/run"},
	"github.com/google/go-containerregistry": {"internal/image"},
	"github.com/bluekeyes/go-gitdiff":        {"internal/patch"},
	"github.com/urfave/cli":                  {"cmd/vxlite"},
	"github.com/xrash/smetrics":              {"internal/near"},
	"golang.org/x/vuln":                      {"internal/audit"},
	"log":                                    nil,
	"flag":                                   nil,
}

// top are what only the command line may use: below it nothing is printed, no
// environment is read but the one that is handed down, and nothing ends the
// process.
var top = map[string][]string{
	"fmt": {"Print", "Printf", "Println"},
	// These read the process's environment, or cannot be interrupted.
	"context":  {"Background", "TODO"},
	"net/http": {"DefaultClient", "Get", "Head", "Post", "PostForm"},
	"time":     {"Sleep"},
	"os":       {"Stdin", "Stdout", "Stderr", "Exit", "Getenv", "LookupEnv", "Environ", "ExpandEnv", "Setenv", "Unsetenv", "Args"},
	// The version of vxlite is in no binary.
	module + "internal/manifest": {"ToolVersion"},
}

// opens are what waits for a pipe's other end, and reads what has none: in the
// place of these, internal/disk has functions that look first.
var opens = []string{"ReadFile", "Open", "DirFS"}

// granted is what a package may use all the same.
var granted = map[string][]string{
	"internal/disk":    {"time.Sleep", "os.Open"},                  // for two seconds at most, while Windows holds a file; it looks first
	"internal/build":   {module + "internal/manifest.ToolVersion"}, // for what is written beside a binary
	"internal/archive": {"os.Open"},                                // a directory, which it reads in parts
}

// TestHouse reads every file of the program, and none of the tests.
func TestHouse(t *testing.T) {
	seen := map[string]bool{}
	for _, dir := range []string{"cmd", "internal"} {
		err := filepath.WalkDir(filepath.Join("..", dir), func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() && d.Name() != "testdata" {
				return err
			}
			if d.IsDir() {
				return filepath.SkipDir
			}
			if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
				return nil
			}
			pkg := strings.TrimPrefix(filepath.ToSlash(filepath.Dir(name)), "../")
			seen[pkg] = true
			for _, problem := range check(pkg, name, nil) {
				t.Error(problem)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, pkg := range slices.Concat(floors...) {
		if !seen[pkg] {
			t.Errorf("%s has a floor and no files", pkg)
		}
	}
}

// check returns what a file of a package does that it may not. src is as
// parser.ParseFile has it.
func check(pkg, name string, src any) (problems []string) {
	if slices.Contains(outside, pkg) {
		return nil
	}
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, name, src, parser.SkipObjectResolution)
	if err != nil {
		return []string{err.Error()}
	}
	report := func(n ast.Node, format string, args ...any) {
		problems = append(problems, fmt.Sprintf("%v: %s", fset.Position(n.Pos()), fmt.Sprintf(format, args...)))
	}
	at := floorOf(pkg)
	if at < 0 {
		report(file, "%s has no floor", pkg)
		return problems
	}
	names := map[string]string{} // of imported packages
	for _, spec := range file.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			report(spec, "%v", err)
			continue
		}
		local := path.Base(imported)
		if spec.Name != nil {
			local = spec.Name.Name
		}
		if local == "." {
			report(spec, "a dot import")
		}
		names[local] = imported
		if own, ok := strings.CutPrefix(imported, module); ok {
			if to := floorOf(own); to < 0 || to >= at {
				report(spec, "%s may not import %s", pkg, own)
			}
		}
		for p, where := range only {
			if (imported == p || strings.HasPrefix(imported, p+"/")) && !slices.Contains(where, pkg) {
				report(spec, "%s may not import %s", pkg, imported)
			}
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		id, ok := sel.X.(*ast.Ident)
		if !ok {
			return true
		}
		from := names[id.Name]
		if (from == "os" && slices.Contains(opens, sel.Sel.Name) || pkg != "cmd/vxlite" && slices.Contains(top[from], sel.Sel.Name)) &&
			!slices.Contains(granted[pkg], from+"."+sel.Sel.Name) {
			report(n, "%s may not use %s.%s", pkg, from, sel.Sel.Name)
		}
		return true
	})
	return problems
}

// TestCheck has files that break each rule.
func TestCheck(t *testing.T) {
	for _, tt := range []struct {
		pkg, src string
		want     string
	}{
		{"internal/gen", "package gen\nimport (\"fmt\"; \"os\"; \"github.com/vxlite/vxlite/internal/resolve\")\nvar _ = fmt.Sprint(os.Getpid())\n", ""},
		{"internal/gen", "package gen\nimport \"github.com/vxlite/vxlite/internal/build\"\n", "x.go:2:8: internal/gen may not import internal/build"},
		{"internal/gen", "package gen\nimport \"github.com/vxlite/vxlite/internal/gotool\"\n", "x.go:2:8: internal/gen may not import internal/gotool"},
		{"internal/gen", "package gen\nimport \"github.com/vxlite/vxlite/internal/testkit\"\n", "x.go:2:8: internal/gen may not import internal/testkit"},
		{"internal/testkit", "package testkit\nimport \"os/exec\"\n", ""},
		{"internal/resolve", "package resolve\nimport git \"github.com/go-git/go-git/v5\"\n", "x.go:2:8: internal/resolve may not import github.com/go-git/go-git/v5"},
		{"internal/source", "package source\nimport \"github.com/go-git/go-git/v5/plumbing\"\n", ""},
		{"internal/source", "package source\nimport \"github.com/go-git/go-billy/v5\"\n", "x.go:2:8: internal/source may not import github.com/go-git/go-billy/v5"},
		{"internal/gitpack", "package gitpack\nimport \"github.com/vxlite/vxlite/internal/source\"\n", "x.go:2:8: internal/gitpack may not import internal/source"},
		{"internal/gotool", "package gotool\nimport \"os/exec\"\n", "x.go:2:8: internal/gotool may not import os/exec"},
		{"internal/run", "package run\nimport \"os/exec\"\n", ""},
		{"internal/build", "package build\nimport \"github.com/urfave/cli/v2\"\n", "x.go:2:8: internal/build may not import github.com/urfave/cli/v2"},
		{"cmd/vxlite", "package main\nimport (\"github.com/urfave/cli/v2\"; \"os\")\nvar _ = os.Stdout\n", ""},
		{"cmd/vxlite", "package main\nimport \"log\"\n", "x.go:2:8: cmd/vxlite may not import log"},
		{"internal/build", "package build\nimport \"fmt\"\nfunc f() { fmt.Println() }\n", "x.go:3:12: internal/build may not use fmt.Println"},
		{"internal/build", "package build\nimport std \"os\"\nvar x = std.Getenv(\"X\")\n", "x.go:3:9: internal/build may not use os.Getenv"},
		{"internal/build", "package build\nimport \"os\"\nfunc f() { os.Exit(1) }\n", "x.go:3:12: internal/build may not use os.Exit"},
		{"internal/build", "package build\nimport \"os\"\nvar _, _ = os.ReadFile(\"x\")\n", "x.go:3:12: internal/build may not use os.ReadFile"},
		{"cmd/vxlite", "package main\nimport \"os\"\nvar _, _ = os.Open(\"x\")\n", "x.go:3:12: cmd/vxlite may not use os.Open"},
		{"internal/disk", "package disk\nimport \"os\"\nvar _, _ = os.Open(\"x\")\n", ""},
		{"internal/doctor", "package doctor\nimport \"net/http\"\nvar c = http.DefaultClient\n", "x.go:3:9: internal/doctor may not use net/http.DefaultClient"},
		{"internal/disk", "package disk\nimport \"time\"\nfunc f() { time.Sleep(1) }\n", ""},
		{"internal/source", "package source\nimport \"time\"\nfunc f() { time.Sleep(1) }\n", "x.go:3:12: internal/source may not use time.Sleep"},
		{"internal/build", "package build\nimport . \"os\"\n", "x.go:2:8: a dot import"},
		{"internal/new", "package new\n", "x.go:1:1: internal/new has no floor"},
	} {
		if got := strings.Join(check(tt.pkg, "x.go", tt.src), "\n"); got != tt.want {
			t.Errorf("%s: %q:\n%s\nwant:\n%s", tt.pkg, tt.src, got, tt.want)
		}
	}
}
