package gotool

import (
	"path/filepath"
	"runtime"
	"slices"
	"testing"
)

// TestKind changes one thing at a time: whatever chooses files, or how they
// are compiled, makes another kind, and what only the linker sees does not.
func TestKind(t *testing.T) {
	tool := &Tool{vars: map[string]string{"GOVERSION": "go1.26.4"}}
	base := Compile{OS: "linux", Arch: "amd64"}
	same := base
	same.Version, same.Time, same.LDFlags = "v1", "now", []string{"-X", "main.a=b"}
	want := `go1.26.4 linux/amd64 CGO_ENABLED=0 []`
	for _, c := range []Compile{base, same} {
		if got, err := tool.Kind(c); err != nil || got != want {
			t.Errorf("%s %v, want %s", got, err, want)
		}
	}
	seen := map[string]string{want: "nothing"}
	for what, change := range map[string]func(*Compile){
		"os": func(c *Compile) { c.OS = "darwin" }, "arch": func(c *Compile) { c.Arch = "arm64" }, "variant": func(c *Compile) { c.Setting = "GOAMD64=v3" },
		"tags": func(c *Compile) { c.Tags = []string{"a", "b"} }, "tag": func(c *Compile) { c.Tags = []string{"a b"} },
		"cgo": func(c *Compile) { c.CGO = true }, "race": func(c *Compile) { c.Race = true }, "debug": func(c *Compile) { c.Debug = true },
		"gcflags": func(c *Compile) { c.GCFlags = []string{"all=-l"} },
	} {
		c := base
		change(&c)
		got, err := tool.Kind(c)
		if err != nil || seen[got] != "" {
			t.Errorf("%s gives %s, as %s does (%v)", what, got, seen[got], err)
		}
		seen[got] = what
	}
	if got, _ := (&Tool{vars: map[string]string{"GOVERSION": "go1.26.5"}}).Kind(base); got == want {
		t.Error("another Go makes no other kind")
	}
}

// TestSources lists what is compiled, with what is embedded, and without tests
// and other platforms' files; where there is cgo, all of the module.
func TestSources(t *testing.T) {
	tool := realGo(t, vars{"GOPROXY": "off"})
	dir := workspace(t, "", "")
	app := filepath.Join(dir, "app")
	write(t, filepath.Join(app, "embed.go"), "package main\n\nimport _ \"embed\"\n\n//go:embed data/a.txt\nvar _ string\n", 0o644)
	for _, name := range []string{"data/a.txt", "data/b.txt", "testdata/c.txt"} {
		write(t, filepath.Join(app, name), name, 0o644)
	}
	write(t, filepath.Join(app, "main_test.go"), "package main\n", 0o644)
	write(t, filepath.Join(app, "main_plan9.go"), "package main\n", 0o644)
	c := Compile{OS: runtime.GOOS, Arch: runtime.GOARCH}
	below := func(c Compile) []string {
		files, err := tool.Sources(t.Context(), dir, c, dir)
		if err != nil {
			t.Fatal(err)
		}
		for i, f := range files {
			rel, err := filepath.Rel(app, f)
			if err != nil {
				t.Fatal(err)
			}
			files[i] = filepath.ToSlash(rel)
		}
		slices.Sort(files)
		return slices.Compact(files)
	}
	if got := below(c); !slices.Contains(got, "main.go") || !slices.Contains(got, "data/a.txt") || slices.Contains(got, "data/b.txt") || slices.Contains(got, "main_plan9.go") {
		t.Errorf("files %q", got)
	}
	write(t, filepath.Join(app, "c.go"), "package main\n\nimport \"C\"\n", 0o644)
	c.CGO = true
	got := below(c)
	for name, want := range map[string]bool{"c.go": true, "data/b.txt": true, "main_plan9.go": true, "main_test.go": false, "testdata/c.txt": false} {
		if slices.Contains(got, name) != want {
			t.Errorf("with cgo: files %q, want %s: %v", got, name, want)
		}
	}
}
