package gen

import (
	"bytes"
	"flag"
	"go/format"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/plan"
	"github.com/vxlite/vxlite/internal/testkit"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden holds data against testdata/NAME.golden.
func golden(t *testing.T, name string, data []byte) {
	t.Helper()
	file := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(file, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(data, want) {
		t.Errorf("%s:\n%s\nwant, unless it is rightly so (go test -update):\n%s", name, data, want)
	}
}

// write writes files below dir.
func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, content := range files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), 0o444); err != nil {
			t.Fatal(err)
		}
	}
}

// newModule makes a module in a directory of its own.
func newModule(t *testing.T, version, goMod string, files map[string]string) *plan.Module {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, files)
	write(t, dir, map[string]string{"go.mod": goMod})
	f, err := modfile.Parse("go.mod", []byte(goMod), nil)
	if err != nil {
		t.Fatal(err)
	}
	return &plan.Module{Path: f.Module.Mod.Path, Version: version, Commit: strings.Repeat("a", 40), Dir: dir, GoMod: f}
}

// roadRunner stands in for RoadRunner.
func roadRunner(t *testing.T, files map[string]string) *plan.Module {
	t.Helper()
	all := map[string]string{
		"cmd/rr/main.go": "// Rr is an application server.\npackage main\n\nimport (\n\t\"os\"\n\n\t\"example.com/third/tally/count\"\n\t\"github.com/roadrunner-server/roadrunner/v2025/internal/cli\"\n)\n\n" +
			"// main is called main here.\nfunc main() { os.Exit(cli.Run(count.New())) }\n",
		"cmd/rr/command.go":      "package main\n\n// T has a method of the name.\ntype T struct{}\n\nfunc (T) main() {}\n",
		"cmd/rr/main_test.go":    "package main\n",
		"cmd/rr/README.md":       "no source\n",
		"container/config.go":    "package container\n",
		"container/plugins.go":   "package container\n\nfunc Plugins() []any { return nil }\n",
		"internal/cli/cli.go":    "package cli\n",
		"go.sum":                 "example.com/third/tally v1.0.1 h1:a=\ngithub.com/acme/alpha v1.0.0 h1:old=\ngithub.com/acme/alpha v1.0.0/go.mod h1:old=\n",
		"go.work":                "go 1.26.0\n\nuse .\n",
		"go.work.sum":            "example.com/other v1.0.0 h1:x=\n",
		"container/sub/again.go": "package sub\n",
	}
	for name, content := range files {
		all[name] = content
	}
	rr := newModule(t, "v2025.1.15", `module github.com/roadrunner-server/roadrunner/v2025

go 1.26.0

require (
	example.com/third/tally v1.0.0
	example.com/third/text v1.0.0
	github.com/roadrunner-server/informer/v5 v5.1.9
)
`, all)
	rr.Names = []string{"roadrunner"}
	return rr
}

// samplePlan has some of everything.
func samplePlan(t *testing.T) *plan.Plan {
	t.Helper()
	rr := roadRunner(t, nil)
	alpha := newModule(t, "v1.0.0", "module github.com/acme/alpha\n\ngo 1.27\n", map[string]string{
		"plugin.go": "package alpha\n",
		"go.sum":    "example.com/third/tally v1.0.1 h1:a=\n\nexample.com/third/text v1.0.0 h1:b=\nexample.com/third/text v1.0.0/go.mod h1:c=\n",
	})
	alpha.Names = []string{"alpha"}
	custom := newModule(t, "v0.0.0-20260112090000-aaaaaaaaaaaa", "module github.com/Acme/platform/plugins/custom/v2\n", map[string]string{"rr/plugin.go": "package rr\n"})
	custom.Version = "v2.0.0-20260112090000-aaaaaaaaaaaa"
	custom.Names, custom.Folder = []string{"custom"}, "plugins/custom"
	mine := newModule(t, "v0.0.0-00010101000000-000000000000", "module github.com/acme/mine\n", map[string]string{"plugin.go": "package mine\n", ".git/config": "x\n"})
	mine.Names, mine.Local, mine.Commit = []string{"mine"}, true, ""
	only := newModule(t, "v1.0.0", "module example.com/third/text\n", nil)
	only.OnlyVersion = "v1.0.0"
	plan := &plan.Plan{
		RoadRunner: rr,
		Modules:    []*plan.Module{only, custom, alpha, mine, rr},
		Plugins: []plan.Plugin{
			{Name: "custom", Import: "github.com/Acme/platform/plugins/custom/v2/rr", Symbol: "Greeter", Module: custom.Path},
			{Name: "other", Import: "github.com/Acme/platform/plugins/custom/v2/rr", Symbol: "Plugin", Module: custom.Path},
			{Name: "alpha", Import: alpha.Path, Symbol: "Plugin", Module: alpha.Path},
			{Name: "mine", Import: mine.Path, Symbol: "Plugin", Module: mine.Path},
			{Name: "informer", Import: "github.com/roadrunner-server/informer/v5", Symbol: "Plugin", Module: "github.com/roadrunner-server/informer/v5", Bundled: true},
		},
		Replaces: []plan.Replace{
			{Old: module.Version{Path: "example.com/third/tally", Version: "v1.0.0"}, New: module.Version{Path: "example.com/third/tally", Version: "v1.0.1"}, By: "roadrunner"},
			{Old: module.Version{Path: "example.com/third/zap"}, New: module.Version{Path: "example.com/fork/zap", Version: "v1.2.3"}, By: "velox.toml:3"},
		},
		Excludes: []module.Version{{Path: "example.com/third/tally", Version: "v1.0.2"}},
		Overruled: []plan.Requirement{
			{By: "github.com/acme/mine", Module: module.Version{Path: "github.com/acme/alpha", Version: "v1.2.0"}},
			{By: "github.com/acme/other", Module: module.Version{Path: "github.com/acme/alpha", Version: "v1.2.0"}},
			{By: "github.com/acme/other", Module: module.Version{Path: "example.com/third/tally", Version: "v1.0.2"}},
		},
	}
	return plan
}

func mustGenerate(t *testing.T, p *plan.Plan, o Options) *Workspace {
	t.Helper()
	w, err := Generate(p, o)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// data is the content of a generated file, or nil.
func (w *Workspace) data(name string) []byte {
	for _, f := range w.Files {
		if f.Path == name {
			return f.Data
		}
	}
	return nil
}

func paths(w *Workspace) string {
	var out []string
	for _, f := range w.Files {
		out = append(out, f.Path)
	}
	return strings.Join(out, "\n")
}

func TestGenerate(t *testing.T) {
	p := samplePlan(t)
	w := mustGenerate(t, p, Options{})
	rr := "src/github.com/roadrunner-server/roadrunner/v2025@v2025.1.15"
	want := strings.Join([]string{"app/go.mod", "app/main.go", "app/rr_command.go", "app/rr_main.go", "go.work", "go.work.sum", rr + "/container/plugins.go", rr + "/go.mod"}, "\n")
	if got := paths(w); got != want {
		t.Errorf("files:\n%s\nwant:\n%s", got, want)
	}
	for name, file := range map[string]string{
		"go.work": "go.work", "go.work.sum": "go.work.sum", "app_go.mod": "app/go.mod", "main.go": "app/main.go", "rr_main.go": "app/rr_main.go",
		"plugins.go": rr + "/container/plugins.go",
	} {
		golden(t, name, w.data(file))
	}
	var places []string
	for _, m := range w.Modules {
		s := m.Path
		if m.Copy {
			s += " copy"
		}
		places = append(places, s)
	}
	wantPlaces := []string{
		"src/example.com/third/text@v1.0.0",
		"src/github.com/!acme/platform/plugins/custom/v2@v2.0.0-20260112090000-aaaaaaaaaaaa",
		"src/github.com/acme/alpha@v1.0.0",
		"src/github.com/acme/mine@v0.0.0-00010101000000-000000000000",
		rr + " copy",
	}
	if !slices.Equal(places, wantPlaces) {
		t.Errorf("places:\n%s\nwant:\n%s", strings.Join(places, "\n"), strings.Join(wantPlaces, "\n"))
	}
	// What is generated says nothing of where it was made.
	for _, f := range w.Files {
		for _, m := range p.Modules {
			if bytes.Contains(f.Data, []byte(m.Dir)) {
				t.Errorf("%s has the directory of %s in it", f.Path, m.Path)
			}
		}
	}
}

// TestFormatted has what is generated as gofmt and the go command write it.
func TestFormatted(t *testing.T) {
	w := mustGenerate(t, samplePlan(t), Options{})
	for _, f := range w.Files {
		var formatted []byte
		switch filepath.Ext(f.Path) {
		case ".go":
			src, err := format.Source(f.Data)
			if err != nil {
				t.Errorf("%s: %v", f.Path, err)
			}
			formatted = src
		case ".mod":
			mod, err := modfile.Parse(f.Path, f.Data, nil)
			if err != nil {
				t.Fatal(err)
			}
			mod.Cleanup()
			formatted = modfile.Format(mod.Syntax)
		case ".work":
			work, err := modfile.ParseWork(f.Path, f.Data, nil)
			if err != nil {
				t.Fatal(err)
			}
			work.SortBlocks()
			formatted = modfile.Format(work.Syntax)
		default:
			continue
		}
		if !bytes.Equal(formatted, f.Data) {
			t.Errorf("%s:\n%s\nformatted:\n%s", f.Path, f.Data, formatted)
		}
	}
}

// TestCommand copies RoadRunner's command with its func main renamed, and
// nothing else of it changed.
func TestCommand(t *testing.T) {
	rr := roadRunner(t, nil)
	files, err := copyCommand(rr)
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != 2 || files[0].Path != "app/rr_command.go" || files[1].Path != "app/rr_main.go" {
		t.Fatalf("files %v", files)
	}
	for i, name := range []string{"command.go", "main.go"} {
		src, err := os.ReadFile(filepath.Join(rr.Dir, "cmd", "rr", name))
		if err != nil {
			t.Fatal(err)
		}
		want := header + strings.Replace(string(src), "\nfunc main()", "\nfunc roadRunnerMain()", 1)
		if string(files[i].Data) != want {
			t.Errorf("%s:\n%s\nwant:\n%s", name, files[i].Data, want)
		}
	}
	for name, tt := range map[string]struct{ main, want string }{
		"no func main": {"package main\n", "roadrunner: cmd/rr has no func main"},
		"no Go":        {"package main {\n", "roadrunner: cmd/rr/main.go:1:14: expected ';', found '{'"},
	} {
		_, err := Generate(&plan.Plan{RoadRunner: roadRunner(t, map[string]string{"cmd/rr/main.go": tt.main})}, Options{})
		if err == nil || err.Error() != tt.want {
			t.Errorf("%s: %v, want %s", name, err, tt.want)
		}
	}
}

// TestProfile has which profile is compiled with.
func TestProfile(t *testing.T) {
	own := filepath.Join(t.TempDir(), "own.pprof")
	if err := os.WriteFile(own, []byte("own"), 0o644); err != nil {
		t.Fatal(err)
	}
	without := roadRunner(t, nil)
	with := roadRunner(t, map[string]string{"roadrunner.pprof": "RoadRunner's"})
	for _, tt := range []struct {
		name string
		rr   *plan.Module
		o    Options
		want string
	}{
		{"none there", without, Options{}, ""},
		{"RoadRunner's", with, Options{}, "RoadRunner's"},
		{"off", with, Options{NoProfile: true}, ""},
		{"the config's", with, Options{Profile: own}, "own"},
	} {
		w := mustGenerate(t, &plan.Plan{RoadRunner: tt.rr, Modules: []*plan.Module{tt.rr}}, tt.o)
		if got := string(w.data("app/default.pgo")); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
	_, err := Generate(&plan.Plan{RoadRunner: with}, Options{Profile: own + ".none", ProfilePlace: config.Place{Key: "build.pgo"}})
	if want := "build.pgo: open " + own + ".none: no such file or directory"; err == nil || testkit.Unix(err.Error()) != testkit.Unix(want) {
		t.Errorf("error %v, want %s", err, want)
	}
}

func TestAliases(t *testing.T) {
	for _, tt := range []struct {
		name string
		in   []string
		want []string
	}{
		{"the last element", []string{"github.com/roadrunner-server/http/v5"}, []string{"httpPlugin"}},
		{"no major", []string{"github.com/acme/cache"}, []string{"cachePlugin"}},
		{"gopkg.in", []string{"gopkg.in/acme/cache.v3"}, []string{"cachePlugin"}},
		{"dashes and dots", []string{"github.com/roadrunner-server/app-logger/v5", "github.com/acme/my.plug_in"}, []string{"appLoggerPlugin", "myPlugInPlugin"}},
		{"keywords", []string{"example.com/go", "example.com/func", "example.com/type", "example.com/main", "example.com/init"},
			[]string{"goPlugin", "funcPlugin", "typePlugin", "mainPlugin", "initPlugin"}},
		{"a digit first", []string{"example.com/3d"}, []string{"p3dPlugin"}},
		{"a capital first", []string{"example.com/Cache"}, []string{"cachePlugin"}},
		{"other letters", []string{"example.com/über-größe", "example.com/缓存"}, []string{"überGrößePlugin", "缓存Plugin"}},
		{"nothing but signs", []string{"example.com/-_-"}, []string{"plugin"}},
		{"one name, two owners", []string{"github.com/a/cache", "github.com/b/cache"}, []string{"aCachePlugin", "bCachePlugin"}},
		{"one name, three owners of whom two share more", []string{"x.com/a/cache", "y.com/a/cache", "y.com/b/cache"}, []string{"xComACachePlugin", "yComACachePlugin", "bCachePlugin"}},
		{"two majors", []string{"github.com/a/cache/v4", "github.com/a/cache/v5"}, []string{"githubComACachePlugin", "githubComACachePlugin2"}},
		{"three majors", []string{"a.com/c/v2", "a.com/c/v3", "a.com/c"}, []string{"aComCPlugin2", "aComCPlugin3", "aComCPlugin"}},
		{"written alike", []string{"a.com/x-y", "a.com/x.y", "a.com/x_y"}, []string{"aComXYPlugin", "aComXYPlugin2", "aComXYPlugin3"}},
		{"one import twice", []string{"a.com/c", "a.com/c"}, []string{"cPlugin", "cPlugin"}},
	} {
		var plugins []plan.Plugin
		for _, p := range tt.in {
			plugins = append(plugins, plan.Plugin{Import: p})
		}
		check := func(what string, plugins []plan.Plugin) {
			got := Aliases(plugins)
			seen := map[string]string{}
			for i, p := range tt.in {
				if got[p] != tt.want[i] {
					t.Errorf("%s%s: %s is %s, want %s", tt.name, what, p, got[p], tt.want[i])
				}
				if other, ok := seen[got[p]]; ok && other != p {
					t.Errorf("%s%s: %s and %s are both %s", tt.name, what, p, other, got[p])
				}
				seen[got[p]] = p
			}
		}
		check("", plugins)
		slices.Reverse(plugins)
		check(", in another order", plugins)
		check(", with one more", append(plugins, plan.Plugin{Import: "github.com/unrelated/thing"}))
	}
}

func TestDigest(t *testing.T) {
	p := samplePlan(t)
	digest := func() string { return Digest(p, mustGenerate(t, p, Options{})) }
	want := digest()
	if len(want) != 64 || want != digest() {
		t.Errorf("digest %s, then %s", want, digest())
	}
	alpha, mine := p.Modules[2], p.Modules[3]
	for _, tt := range []struct {
		name   string
		change func()
	}{
		{"a commit", func() { alpha.Commit = strings.Repeat("b", 40) }},
		{"a folder", func() { alpha.Folder = "x" }},
		{"a version", func() { alpha.Version = "v1.0.1" }},
		{"a local directory", func() { mine.Dir += "/." }},
		{"a symbol", func() { p.Plugins[0].Symbol = "Other" }},
		{"a replace", func() { p.Replaces = nil }},
	} {
		savedPlan, savedAlpha, savedMine, savedPlugin := *p, *alpha, *mine, p.Plugins[0]
		tt.change()
		if digest() == want {
			t.Errorf("%s has changed, and the digest has not", tt.name)
		}
		*p, *alpha, *mine, p.Plugins[0] = savedPlan, savedAlpha, savedMine, savedPlugin
	}
	elsewhere := t.TempDir() // where a commit's files lie does not matter
	if err := os.CopyFS(elsewhere, os.DirFS(alpha.Dir)); err != nil {
		t.Fatal(err)
	}
	alpha.Dir = elsewhere
	if got := digest(); got != want {
		t.Error("the place of a commit's files has changed, and the digest with it")
	}
}

// list is what is below a directory, links told apart.
func list(t *testing.T, dir string) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, p)
		if d.Type()&fs.ModeSymlink != 0 {
			rel += " ->"
		}
		out = append(out, filepath.ToSlash(rel))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestWrite(t *testing.T) {
	testkit.NeedsLinks(t)
	p := samplePlan(t)
	custom := p.Modules[1]
	if err := os.Symlink("/etc/passwd", filepath.Join(custom.Dir, "link")); err != nil {
		t.Fatal(err)
	}
	w := mustGenerate(t, p, Options{})
	const src = "src/"
	rr := src + "github.com/roadrunner-server/roadrunner/v2025@v2025.1.15/"
	generated := []string{"app/go.mod", "app/main.go", "app/rr_command.go", "app/rr_main.go", "go.work", "go.work.sum"}
	copied := []string{
		rr + "cmd/rr/README.md", rr + "cmd/rr/command.go", rr + "cmd/rr/main.go", rr + "cmd/rr/main_test.go", rr + "container/config.go",
		rr + "container/plugins.go", rr + "container/sub/again.go", rr + "go.mod", rr + "go.sum", rr + "go.work", rr + "go.work.sum", rr + "internal/cli/cli.go",
	}
	for _, tt := range []struct {
		name  string
		plain bool
		want  []string
	}{
		{"links", false, slices.Concat(generated, []string{
			src + "example.com/third/text@v1.0.0 ->",
			src + "github.com/!acme/platform/plugins/custom/v2@v2.0.0-20260112090000-aaaaaaaaaaaa ->",
			src + "github.com/acme/alpha@v1.0.0 ->",
			src + "github.com/acme/mine@v0.0.0-00010101000000-000000000000 ->",
		}, copied)},
		{"plain", true, slices.Concat(generated, []string{
			src + "example.com/third/text@v1.0.0/go.mod",
			src + "github.com/!acme/platform/plugins/custom/v2@v2.0.0-20260112090000-aaaaaaaaaaaa/go.mod",
			src + "github.com/!acme/platform/plugins/custom/v2@v2.0.0-20260112090000-aaaaaaaaaaaa/rr/plugin.go",
			src + "github.com/acme/alpha@v1.0.0/go.mod",
			src + "github.com/acme/alpha@v1.0.0/go.sum",
			src + "github.com/acme/alpha@v1.0.0/plugin.go",
			src + "github.com/acme/mine@v0.0.0-00010101000000-000000000000/go.mod",
			src + "github.com/acme/mine@v0.0.0-00010101000000-000000000000/plugin.go",
		}, copied)},
	} {
		dir := t.TempDir()
		if err := w.Write(dir, tt.plain); err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		if got := list(t, dir); !slices.Equal(got, tt.want) {
			t.Errorf("%s:\n%s\nwant:\n%s", tt.name, strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
		}
		for _, f := range w.Files {
			got, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(f.Path)))
			if err != nil || !bytes.Equal(got, f.Data) {
				t.Errorf("%s: %s is not what was generated: %v", tt.name, f.Path, err)
			}
		}
	}
	// The store's own files are as before.
	got, err := os.ReadFile(filepath.Join(p.RoadRunner.Dir, "container", "plugins.go"))
	if err != nil || string(got) != "package container\n\nfunc Plugins() []any { return nil }\n" {
		t.Errorf("RoadRunner's own plugin list: %v\n%s", err, got)
	}
}
