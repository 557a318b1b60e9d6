package endure

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/vxlite/vxlite/internal/testkit"
)

// sets and perSet are how many random sets of plugins are made, and the most
// that one has. They are spread over packages.
const sets, perSet, packages = 200, 7, 10

// TestAgreement makes random sets of plugins as Go source, reads and decides
// them, and has Endure itself initialise them: which plugins are active, in
// which order, and what each Init is given have to be equal for every set.
// Endure is testdata's, which falls in the worst way each time.
func TestAgreement(t *testing.T) {
	dir := t.TempDir()
	writeEndure(t, dir)
	all := writeSets(t, dir)
	for _, o := range runSets(t, dir, 1) {
		g := Decide(all[o.Set])
		if problem := disagrees(g, o); problem != "" {
			t.Errorf("set %d: %s\nplugins: %s", o.Set, problem, describe(g))
		}
	}
}

// TestAgreementUpstream does the same with upstream's Endure, whose sources are
// in the directory $VXLITE_E2E_ENDURE. It goes by a map's order, so each set is
// initialised many times: what is active is so each time, what is disabled
// never, and what is at risk now and then.
func TestAgreementUpstream(t *testing.T) {
	src := os.Getenv("VXLITE_E2E_ENDURE")
	if src == "" {
		t.Skip("VXLITE_E2E_ENDURE is not set: upstream's Endure is not compared")
	}
	dir := t.TempDir()
	testkit.Check(t, os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module example.com/sets\n\ngo 1.25\n\nrequire github.com/roadrunner-server/endure/v2 v2.0.0\n\nreplace github.com/roadrunner-server/endure/v2 => "+src+"\n"), 0o644))
	all := writeSets(t, dir)
	command(t, dir, "go", "mod", "tidy")
	fell, panicked := make([]map[string]int, sets), make([]int, sets)
	const times = 200
	runs := make([]int, sets)
	for _, o := range runSets(t, dir, times) {
		g := Decide(all[o.Set])
		if o.Panic != "" {
			if panicked[o.Set]++; panicked[o.Set] == 1 && !g.MayPanic {
				t.Errorf("set %d panics, unforeseen: %s%s", o.Set, o.Panic, describe(g))
			}
			continue
		}
		runs[o.Set]++
		if fell[o.Set] == nil {
			fell[o.Set] = map[string]int{}
		}
		for i, p := range g.Set.Plugins {
			active := slices.Contains(o.Active, p.Name)
			if !active {
				fell[o.Set][p.Name]++
			}
			if state := g.Fates[i].State; state == Active && !active || state == Disabled && active {
				t.Errorf("set %d: %s is %v, and active is %v\n%s", o.Set, p.Name, state, active, describe(g))
			}
		}
	}
	atRisk, seen, panics := 0, 0, 0
	for n := range sets {
		if panicked[n] > 0 {
			panics++
		}
		g := Decide(all[n])
		for i, p := range g.Set.Plugins {
			if g.Fates[i].State != AtRisk {
				continue
			}
			atRisk++
			if k := fell[n][p.Name]; k > 0 && k < runs[n] || panicked[n] > 0 {
				seen++
			}
		}
	}
	t.Logf("%d plugins at risk, %d of them fell now and then or with a panic; %d sets panicked in some of %d starts", atRisk, seen, panics, times)
	if seen*2 < atRisk {
		t.Error("few of those at risk are seen to fall")
	}
}

// outcome is what became of one set.
type outcome struct {
	Set    int
	Active []string            // in the order of initialisation
	Given  map[string][]string // to each Init, what kind of value
	Panic  string
}

// disagrees compares a graph with what Endure made of it.
func disagrees(g *Graph, o outcome) string {
	at := map[string]int{}
	for i, name := range o.Active {
		at[name] = i + 1
	}
	for i, p := range g.Set.Plugins {
		if (g.Fates[i].State == Active) != (at[p.Name] > 0) {
			return fmt.Sprintf("%s is %v, and Endure's active ones are %v", p.Name, g.Fates[i].State, o.Active)
		}
		if at[p.Name] == 0 {
			continue
		}
		for n, w := range p.Init {
			best := g.heaviest(w.Offers)[0] // of equal ones testdata's takes the first
			want := g.Set.Plugins[best.Plugin].Name
			if best.Method != "" {
				want += "." + best.Method
			}
			if got := o.Given[p.Name][n]; got != want {
				return fmt.Sprintf("%s is given %s for parameter %d, and %s was decided", p.Name, got, n+1, want)
			}
		}
	}
	for _, e := range g.Edges {
		from, to := at[g.Set.Plugins[e.From].Name], at[g.Set.Plugins[e.To].Name]
		if from > 0 && to > 0 && from > to {
			return fmt.Sprintf("%s is initialised before %s, against an edge", g.Set.Plugins[e.To].Name, g.Set.Plugins[e.From].Name)
		}
	}
	return ""
}

// describe shows a set as briefly as it can be read.
func describe(g *Graph) string {
	var b strings.Builder
	for i, p := range g.Set.Plugins {
		fmt.Fprintf(&b, "\n%d %v weight %d", i, g.Fates[i].State, p.Weight)
		for _, w := range p.Init {
			fmt.Fprintf(&b, " init%v", w.Offers)
		}
		for _, w := range p.Collects {
			fmt.Fprintf(&b, " collects%v", w.Offers)
		}
	}
	return b.String()
}

// pick takes one set out of a package's plugins. Their methods have the set's
// number in their names, so that no two sets meet.
func pick(all *Set, names []string) *Set {
	out := &Set{}
	index := map[int]int{}
	for i, p := range all.Plugins {
		if slices.Contains(names, p.Name) {
			index[i] = len(out.Plugins)
			out.Plugins = append(out.Plugins, p)
		}
	}
	for i := range out.Plugins {
		p := &out.Plugins[i]
		for _, wants := range []*[]Want{&p.Init, &p.Collects} {
			*wants = slices.Clone(*wants)
			for k := range *wants {
				w := &(*wants)[k]
				w.Offers = slices.Clone(w.Offers)
				for m := range w.Offers {
					w.Offers[m].Plugin = index[w.Offers[m].Plugin]
				}
			}
		}
	}
	return out
}

// writeEndure puts testdata's Endure, and the errors it needs, beside a module.
func writeEndure(t *testing.T, dir string) {
	mod := "module example.com/sets\n\ngo 1.25\n\nrequire (\n\tgithub.com/roadrunner-server/endure/v2 v2.6.2\n\tgithub.com/roadrunner-server/errors v1.4.0\n)\n\nreplace (\n"
	for name, path := range map[string]string{"endure": "github.com/roadrunner-server/endure/v2", "errors": "github.com/roadrunner-server/errors"} {
		data, err := testkit.Data("git", "roadrunner-server_"+name+".txtar")
		testkit.Check(t, err)
		archive, err := txtar.ParseFile(data)
		testkit.Check(t, err)
		for _, f := range archive.Files {
			if file, ok := strings.CutPrefix(f.Name, "1/"); ok && !strings.HasSuffix(file, "_test.go") {
				file = filepath.Join(dir, name, filepath.FromSlash(file))
				testkit.Check(t, os.MkdirAll(filepath.Dir(file), 0o755))
				testkit.Check(t, os.WriteFile(file, f.Data, 0o644))
			}
		}
		mod += "\t" + path + " => ./" + name + "\n"
	}
	testkit.Check(t, os.WriteFile(filepath.Join(dir, "go.mod"), []byte(mod+")\n"), 0o644))
}

// writeSets writes the packages with all plugins and the program that
// initialises them, and returns what is read from the sources, by set.
func writeSets(t *testing.T, dir string) []*Set {
	inputs := make([]Input, packages)
	names := make([][]string, sets)
	for k := range packages {
		path := fmt.Sprintf("example.com/sets/s%d", k)
		inputs[k].Endure = "github.com/roadrunner-server/endure/v2"
		var src, list strings.Builder
		fmt.Fprintf(&src, "package s%d\n\nimport (\n\t\"example.com/sets/note\"\n\t\"github.com/roadrunner-server/endure/v2/dep\"\n)\n\nvar _ dep.In\n\n", k)
		for n := k; n < sets; n += packages {
			fmt.Fprintf(&list, "case %d:\n\treturn []any{", n)
			for _, p := range randomSource(&src, n) {
				fmt.Fprintf(&list, "&%s{}, ", p)
				inputs[k].Plugins = append(inputs[k].Plugins, Source{Name: p, Import: path, Symbol: p, Module: "example.com/sets"})
				names[n] = append(names[n], p)
			}
			list.WriteString("}\n")
		}
		fmt.Fprintf(&src, "// Make makes the plugins of one set.\nfunc Make(n int) []any {\nswitch n {\n%s}\nreturn nil\n}\n", list.String())
		writeFile(t, filepath.Join(dir, fmt.Sprintf("s%d", k), "sets.go"), src.String())
	}
	writeFile(t, filepath.Join(dir, "note", "note.go"), noteSource)
	var imports, cases strings.Builder
	for k := range packages {
		fmt.Fprintf(&imports, "\t\"example.com/sets/s%d\"\n", k)
		fmt.Fprintf(&cases, "\tcase %d:\n\t\treturn s%d.Make(n)\n", k, k)
	}
	writeFile(t, filepath.Join(dir, "run", "main.go"), fmt.Sprintf(runner, imports.String(), packages, cases.String(), sets))
	if !fileExists(filepath.Join(dir, "endure")) {
		command(t, dir, "go", "mod", "tidy")
	}
	all := listed(t, dir)
	byPackage := make([]*Set, packages)
	for k := range inputs {
		inputs[k].Packages = all
		var err error
		byPackage[k], err = Load(t.Context(), inputs[k])
		testkit.Check(t, err)
	}
	out := make([]*Set, sets)
	for n := range out {
		out[n] = pick(byPackage[n%packages], names[n])
		for _, p := range out[n].Plugins {
			if len(p.Broken)+len(p.Unknown) > 0 {
				t.Fatalf("%s: %v %v", p.Name, p.Broken, p.Unknown)
			}
		}
	}
	return out
}

// listed are the packages with their export data.
func listed(t *testing.T, dir string) []Package {
	var all []Package
	out := command(t, dir, "go", "list", "-export", "-deps", "-trimpath", "-gcflags=-l -N", "-json=ImportPath,Dir,GoFiles,Export,Imports,Module", "./run")
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct {
			ImportPath, Dir, Export string
			GoFiles, Imports        []string
			Module                  *struct{ Path, Dir string }
		}
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		pkg := Package{Path: p.ImportPath, Dir: p.Dir, Files: p.GoFiles, Export: p.Export, Imports: p.Imports}
		if p.Module != nil {
			pkg.Module, pkg.ModuleDir = p.Module.Path, p.Module.Dir
		}
		all = append(all, pkg)
	}
}

func writeFile(t *testing.T, name, data string) {
	t.Helper()
	testkit.Check(t, os.MkdirAll(filepath.Dir(name), 0o755))
	testkit.Check(t, os.WriteFile(name, []byte(data), 0o644))
}

const noteSource = `// Package note remembers what each Init is given.
package note

// Given are the kinds of values, by plugin.
var Given = map[string][]string{}

// Add notes one value.
func Add(who string, v any) { Given[who] = append(Given[who], v.(interface{ Kind() string }).Kind()) }
`

func fileExists(name string) bool { _, err := os.Stat(name); return err == nil }

// randomSource writes one set and returns its types. A method's name carries
// the set's number and one of six more; its result may differ, so that a name
// alone does not fit.
func randomSource(b *strings.Builder, n int) []string {
	r := rand.New(rand.NewPCG(uint64(n), 1))
	method := func(k int) string {
		results := []string{"", "", "", "int"}
		return fmt.Sprintf("M%dx%d() %s", n, k, results[r.IntN(len(results))])
	}
	body := func(m string) string {
		if strings.HasSuffix(m, "int") {
			return m + " { return 0 }\n"
		}
		return m + "{}\n"
	}
	var plugins []string
	for i := range 2 + r.IntN(perSet-1) {
		name := fmt.Sprintf("S%dP%d", n, i)
		plugins = append(plugins, name)
		fmt.Fprintf(b, "type %s struct{}\n\nfunc (*%s) Name() string { return %q }\nfunc (*%s) Kind() string { return %q }\n", name, name, name, name, name)
		for k := range 6 {
			if r.IntN(3) == 0 {
				fmt.Fprintf(b, "func (*%s) %s", name, body(method(k)))
			}
		}
		if r.IntN(4) == 0 {
			fmt.Fprintf(b, "func (*%s) Weight() uint { return %d }\n", name, 1+r.IntN(3))
		}
		provide(b, r, name, method, body)
		var params, notes string
		for k := range r.IntN(3) {
			params += fmt.Sprintf("a%d interface{ Kind() string; %s }, ", k, wanted(r, method))
			notes += fmt.Sprintf("note.Add(%q, a%d); ", name, k)
		}
		fmt.Fprintf(b, "func (*%s) Init(%s) error { %sreturn nil }\n", name, params, notes)
		if r.IntN(4) == 0 {
			fmt.Fprintf(b, "type C%s interface{ Kind() string; %s }\n", name, wanted(r, method))
			fmt.Fprintf(b, "func (*%s) Collects() []*dep.In { return []*dep.In{dep.Fits(func(any) {}, (*C%s)(nil))} }\n", name, name)
		}
		b.WriteString("\n")
	}
	return plugins
}

func wanted(r *rand.Rand, method func(int) string) string {
	k := r.IntN(6)
	if r.IntN(4) == 0 {
		return method(k) + "; " + method((k+1)%6)
	}
	return method(k)
}

// provide writes up to two values that a plugin provides.
func provide(b *strings.Builder, r *rand.Rand, name string, method func(int) string, body func(string) string) {
	var binds []string
	for v := range max(0, r.IntN(4)-1) {
		k := r.IntN(6)
		m := method(k)
		value, iface := fmt.Sprintf("V%d%s", v, name), fmt.Sprintf("I%d%s", v, name)
		fmt.Fprintf(b, "type %s struct{}\ntype %s interface{ Kind() string; %s }\n", value, iface, m)
		fmt.Fprintf(b, "func (*%s) Kind() string { return %q }\nfunc (*%s) %s", value, fmt.Sprintf("%s.Make%d", name, v), value, body(m))
		fmt.Fprintf(b, "func (*%s) Make%d() *%s { return &%s{} }\n", name, v, value, value)
		binds = append(binds, fmt.Sprintf("dep.Bind((*%s)(nil), p.Make%d)", iface, v))
	}
	if len(binds) > 0 {
		fmt.Fprintf(b, "func (p *%s) Provides() []*dep.Out { return []*dep.Out{%s} }\n", name, strings.Join(binds, ", "))
	}
}

// runner initialises every set as often as it is told, and prints what came of it.
const runner = `package main

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"reflect"
	"strconv"

	"example.com/sets/note"
%s	"github.com/roadrunner-server/endure/v2"
)

func pluginsOf(n int) []any {
	switch n %% %d {
%s	}
	return nil
}

func main() {
	times, _ := strconv.Atoi(os.Args[1])
	enc := json.NewEncoder(os.Stdout)
	for range times {
		for n := range %d {
			clear(note.Given)
			active, failed := try(pluginsOf(n))
			enc.Encode(map[string]any{"Set": n, "Active": active, "Given": note.Given, "Panic": failed})
		}
	}
}

func try(plugins []any) (active []string, failed string) {
	defer func() {
		if r := recover(); r != nil {
			failed = fmt.Sprint(r)
		}
	}()
	e := endure.New(slog.LevelError)
	if err := e.RegisterAll(plugins...); err != nil {
		panic(err)
	}
	if err := e.Init(); err != nil {
		return nil, ""
	}
	for _, v := range reflect.ValueOf(e).MethodByName("Plugins").Call(nil)[0].Interface().([]string) {
		active = append(active, v)
	}
	return active, ""
}
`

func runSets(t *testing.T, dir string, times int) []outcome {
	bin := filepath.Join(dir, "sets.exe")
	command(t, dir, "go", "build", "-trimpath", "-gcflags=-l -N", "-o", bin, "./run")
	var out []outcome
	for dec := json.NewDecoder(bytes.NewReader(command(t, dir, bin, fmt.Sprint(times)))); ; {
		var o outcome
		if err := dec.Decode(&o); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		out = append(out, o)
	}
	if len(out) != sets*times {
		t.Fatalf("%d sets came out, not %d", len(out), sets*times)
	}
	return out
}

func command(t *testing.T, dir string, argv ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), argv[0], argv[1:]...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod", "GOSUMDB=off")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v\n%s", argv, err, stderr.String()[:min(2000, stderr.Len())])
	}
	return out
}
