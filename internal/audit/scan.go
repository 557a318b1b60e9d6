package audit

import (
	"bytes"
	"cmp"
	"context"
	"debug/gosym"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/vuln/scan"

	"github.com/vxlite/vxlite/internal/vulndb"
)

// program is what govulncheck has to know of a program, as its extract mode
// writes it and its binary mode reads it.
type program struct {
	Path       string   `json:"path,omitempty"`
	Modules    []linked `json:"modules,omitempty"`
	PkgSymbols []symbol `json:"pkgSymbols,omitempty"`
	GoVersion  string   `json:"goVersion,omitempty"`
	GOOS       string   `json:"goos,omitempty"`
	GOARCH     string   `json:"goarch,omitempty"`
}

// linked is a module. What is replaced is not here: what is compiled in its place is.
type linked struct{ Path, Version string }

// symbol is a function or TYPE.METHOD.
type symbol struct {
	Pkg  string `json:"pkg,omitempty"`
	Name string `json:"name,omitempty"`
}

// header tells a program from other JSON.
const header = `{"name":"govulncheck-extract","version":"0.1.0"}`

// symbols are those of functions, by the names that the linker has for them.
func symbols(functions []string) []symbol {
	var out []symbol
	for _, name := range functions {
		const before = "x/" // or it would take go.uber.org for what the compiler has made
		s := &gosym.Sym{Name: before + name}
		pkg, sym := strings.TrimPrefix(s.PackageName(), before), s.BaseName()
		if r := s.ReceiverName(); r != "" {
			if strings.HasPrefix(r, "(*") {
				r = strings.Trim(r, "(*)")
			}
			sym = r + "." + sym
		}
		if p, err := url.PathUnescape(pkg); err == nil { // gopkg.in/yaml%2ev3
			pkg = p
		}
		out = append(out, symbol{pkg, sym})
	}
	slices.SortFunc(out, func(a, b symbol) int { return cmp.Or(cmp.Compare(a.Pkg, b.Pkg), cmp.Compare(a.Name, b.Name)) })
	return slices.Compact(out)
}

// found is one vulnerability in one module.
type found struct {
	id, module, version, fixed string
	reach                      Reach
	packages, symbols          []string // sorted
}

// runScan holds a program against the entries, by govulncheck's library. Without symbols
// it compares versions alone. dir is an empty directory.
func runScan(ctx context.Context, p program, entries []vulndb.Entry, dir string) ([]found, error) {
	for _, e := range entries {
		if err := os.WriteFile(filepath.Join(dir, e.ID+".json"), e.Data, 0o644); err != nil {
			return nil, err
		}
	}
	body, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	file := filepath.Join(dir, "program")
	if err := os.WriteFile(file, append([]byte(header+"\n"), body...), 0o644); err != nil {
		return nil, err
	}
	level := "symbol"
	if p.PkgSymbols == nil {
		level = "module"
	}
	var out, said bytes.Buffer
	cmd := scan.Command(ctx, "-mode", "binary", "-scan", level, "-format", "json", "-db", fileURL(dir), file)
	cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = []string{}, strings.NewReader(""), &out, &said
	if err := errors.Join(cmd.Start(), cmd.Wait()); err != nil {
		return nil, fmt.Errorf("govulncheck's library: %w", err)
	}
	return readFindings(&out, p.Modules)
}

// fileURL is a directory's address.
func fileURL(dir string) string {
	slashed := filepath.ToSlash(dir)
	if !strings.HasPrefix(slashed, "/") {
		slashed = "/" + slashed // C:/
	}
	return (&url.URL{Scheme: "file", Path: slashed}).String()
}

// readFindings reads what govulncheck prints as JSON, and makes one of all that it
// finds of the same vulnerability in the same module. Of those it finds the module
// first, and then what of it is linked.
func readFindings(r io.Reader, modules []linked) ([]found, error) {
	type key struct{ id, module string }
	byKey := map[key]*found{}
	for dec := json.NewDecoder(r); ; {
		var message struct {
			Finding *struct {
				OSV   string
				Fixed string `json:"fixed_version"`
				Trace []frame
			}
		}
		if err := dec.Decode(&message); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
		m := message.Finding
		if m == nil || len(m.Trace) == 0 {
			continue
		}
		at := m.Trace[0]
		if at.Package == "" {
			byKey[key{m.OSV, at.Module}] = &found{id: m.OSV, module: at.Module, version: at.Version, fixed: m.Fixed}
		} else if f := byKey[key{m.OSV, at.moduleOf(modules)}]; f != nil {
			f.add(at)
		}
	}
	var all []found
	for _, f := range byKey {
		slices.Sort(f.packages)
		slices.Sort(f.symbols)
		f.packages, f.symbols = slices.Compact(f.packages), slices.Compact(f.symbols)
		all = append(all, *f)
	}
	slices.SortFunc(all, func(a, b found) int { return cmp.Or(cmp.Compare(a.id, b.id), cmp.Compare(a.module, b.module)) })
	return all, nil
}

// frame is a place in a program.
type frame struct{ Module, Version, Package, Function, Receiver string }

// moduleOf is the module of a frame's package: the one with the longest path.
// govulncheck takes any whose path is a beginning of the package's.
func (at frame) moduleOf(modules []linked) string {
	if at.Module == stdlib {
		return stdlib
	}
	longest := ""
	for _, m := range modules {
		if within(at.Package, m.Path) && len(m.Path) > len(longest) {
			longest = m.Path
		}
	}
	return longest
}

// within reports whether a package's path begins with a module's.
func within(pkg, module string) bool { return pkg == module || strings.HasPrefix(pkg, module+"/") }

// add adds a package that is linked, or a function.
func (f *found) add(at frame) {
	f.reach = max(f.reach, ReachPackage)
	f.packages = append(f.packages, at.Package)
	if at.Function != "" {
		f.reach = ReachSymbol
		name := at.Function
		if at.Receiver != "" {
			name = strings.TrimLeft(at.Receiver, "*") + "." + name
		}
		f.symbols = append(f.symbols, at.Package+"."+name)
	}
}
