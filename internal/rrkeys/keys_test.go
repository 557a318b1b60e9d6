package rrkeys

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"
)

// TestLoad has plugins that read keys in each way, and in testdata what is found.
func TestLoad(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			in, want := unpack(t, txtar.Parse(data))
			k, err := Load(t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			if got := listed(k); got != want {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}

// unpack writes down the modules of an archive: their directories are named for
// the last element of their paths, and each but api and tool is a plugin.
func unpack(t *testing.T, a *txtar.Archive) (in Input, want string) {
	root := t.TempDir()
	in = Input{GOOS: "linux", GOARCH: "amd64", RoadRunner: "example.com/rr/roadrunner"}
	for _, f := range a.Files {
		if f.Name == "want" {
			want = string(f.Data)
			continue
		}
		name := filepath.Join(root, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
		dir, base, _ := strings.Cut(f.Name, "/")
		if base != "go.mod" {
			continue
		}
		m := Module{Path: "example.com/rr/" + dir, Dir: filepath.Join(root, dir)}
		in.Modules = append(in.Modules, m)
		if dir != "api" && dir != "roadrunner" {
			in.Plugins = append(in.Plugins, Source{Name: dir, Module: m.Path, Import: m.Path, Symbol: "Plugin"})
		}
	}
	return in, want
}

// listed writes keys down, a line for each.
func listed(k *Keys) string {
	var b strings.Builder
	line := func(who string, r Read) {
		b.WriteString(who + " " + r.Key + shape(r.Into) + "\n")
	}
	for _, r := range k.Own {
		line("roadrunner", r)
	}
	for _, p := range k.Plugins {
		b.WriteString(strings.TrimSpace(p.Name+" is "+p.Title+" "+strings.Join(p.Roles, " ")) + "\n")
		for _, r := range p.Reads {
			line(p.Name, r)
		}
		for _, u := range p.Unknown {
			b.WriteString(p.Name + " unknown " + u + "\n")
		}
	}
	for m := range k.Schemas {
		b.WriteString("schema " + m + "\n")
	}
	return b.String()
}

func shape(t *Type) string {
	if t == nil {
		return ""
	}
	s := " " + string(t.Kind)
	if t.Kind == Any {
		s = " any"
	}
	if t.Elem != nil {
		s += " of" + shape(t.Elem)
	}
	if t.Kind == Struct {
		var fields []string
		for _, f := range t.Fields {
			fields = append(fields, f.Name+shape(f.Type))
		}
		s += " {" + strings.Join(fields, ", ") + "}"
	}
	return s
}

// TestBounds has sources that many ways lead through: variables that each may have
// the value of each, and types of types.
func TestBounds(t *testing.T) {
	var b strings.Builder
	b.WriteString("package p\n\nfunc F(cfg interface{ UnmarshalKey(string, any) error }) {\n\tvar v [0]struct{}\n\t_ = v\n")
	for i := range 30 {
		fmt.Fprintf(&b, "\tv%d := \"k\"\n", i)
	}
	for i := range 30 {
		for k := range 30 {
			fmt.Fprintf(&b, "\tv%d = v%d\n", i, k)
		}
	}
	b.WriteString("\tvar t T0\n\tcfg.UnmarshalKey(v0, &t)\n}\n")
	for i := range 30 {
		fmt.Fprintf(&b, "\ntype T%d struct{ A, B, C, D *T%d }\n", i, i+1)
	}
	b.WriteString("\ntype T30 int\n")
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "p.go"), []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	k, err := Load(t.Context(), Input{Plugins: []Source{{Name: "p", Module: "example.com/a/p", Import: "example.com/a/p", Symbol: "Plugin"}},
		Modules: []Module{{Path: "example.com/a/p", Dir: dir}}, GOOS: "linux", GOARCH: "amd64"})
	if err != nil || len(k.Plugins[0].Reads) != 1 || k.Plugins[0].Reads[0].Key != "k" || len(k.Plugins[0].Unknown) != 1 {
		t.Errorf("%+v, %v", k.Plugins, err)
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("it takes %v", took)
	}
}
