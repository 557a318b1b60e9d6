package binsize

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// program is a server of two plugins: one brings a package that nothing else needs,
// and calls a function of one that the other needs too.
const program = `
-- go.mod --
module example.com/program

go 1.26
-- main.go --
package main

import (
	"os"

	"example.com/program/large"
	"example.com/program/small"
)

type plugin interface{ Serve() string }

func main() {
	for _, p := range []plugin{&small.Plugin{}, &large.Plugin{}} { // large
		os.Stdout.WriteString(p.Serve())
	}
}
-- small/small.go --
package small

import "example.com/program/lib"

type Plugin struct{ lib.Type }

func (p *Plugin) Serve() string { return p.Small() }
-- large/large.go --
package large

import (
	"encoding/json"
	"regexp"

	"example.com/program/lib"
)

type Plugin struct {
	lib.Type
	Name string
}

func (p *Plugin) Serve() string {
	data, _ := json.Marshal(p)
	return regexp.MustCompile(lib.Large(len(data)%5)).ReplaceAllString(string(data), "")
}
-- lib/lib.go --
package lib

type Type struct{}

//go:noinline
func (*Type) Small() string { return "small" }

//go:noinline
func Large(n int) string { return table[n:] + table[:n] }

const table = "a|b|c"
`

// bare imports nothing but the runtime.
const bare = `
-- go.mod --
module example.com/bare

go 1.26
-- main.go --
package main

import "example.com/bare/a"

func main() { println(a.F(3)) }
-- a/a.go --
package a

type T struct{ words []string }

//go:noinline
func F(n int) string { return (&T{[]string{"one", "two", "three", "four"}}).word(n) }

//go:noinline
func (t *T) word(n int) string { return t.words[n] }
`

// compile builds a program's files without symbols.
func compile(t testing.TB, text, goos, goarch string) string {
	t.Helper()
	dir := t.TempDir()
	for _, f := range txtar.Parse([]byte(text)).Files {
		name := filepath.Join(dir, filepath.FromSlash(f.Name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, f.Data, 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", "program", ".")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOOS="+goos, "GOARCH="+goarch, "CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return filepath.Join(dir, "program")
}

// packages lists what a compiled program is made of.
func packages(t *testing.T, file string) []string {
	t.Helper()
	cmd := exec.Command("go", "list", "-deps", ".")
	cmd.Dir = filepath.Dir(file)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(out))
}

func total(sizes map[string]Sizes) (sum Sizes) {
	for _, s := range sizes {
		sum.add(s)
	}
	return sum
}

// TestWithout says what a program without a package would lack, and compares with
// one that is built without it.
func TestWithout(t *testing.T) {
	if readers[runtime.GOARCH] == nil {
		t.Skip("the code of " + runtime.GOARCH + " cannot be read")
	}
	file := compile(t, program, "linux", runtime.GOARCH)
	p, err := Read(file)
	if err != nil {
		t.Fatal(err)
	}
	if all := total(p.Packages).Total(); all > p.File || all < p.File*95/100 {
		t.Errorf("%d of %d bytes are some package's", all, p.File)
	}
	var rest []string
	for line := range strings.Lines(program) {
		if strings.Contains(line, "// large") {
			line = "for _, p := range []plugin{&small.Plugin{}} {\n"
		}
		if !strings.Contains(line, "program/large\"") {
			rest = append(rest, line)
		}
	}
	without := compile(t, strings.Join(rest, ""), "linux", runtime.GOARCH)
	before, after := packages(t, file), packages(t, without)
	leaving, err := p.Without(func(pkg string) bool {
		return slices.Contains(before, pkg) && !slices.Contains(after, pkg)
	}, func(pkg string) bool { return pkg == "example.com/program/large" })
	if err != nil {
		t.Fatal(err)
	}
	fi, err := os.Stat(without)
	if err != nil {
		t.Fatal(err)
	}
	real, said := p.File-fi.Size(), total(leaving).Total()
	slack := real / 20
	if runtime.GOARCH == "arm64" {
		slack += 3 << 16 // each segment of the file begins at a page of 64 KiB
	}
	if off := said - real; off > slack || off < -slack {
		t.Errorf("%d bytes are to leave, and %d do", said, real)
	}
	for _, pkg := range []string{"encoding/json", "regexp", "example.com/program/lib"} { // the last in part
		if leaving[pkg].Code == 0 || (leaving[pkg].Code == p.Packages[pkg].Code) == (pkg == "example.com/program/lib") {
			t.Errorf("of %s leave %+v of %+v", pkg, leaving[pkg], p.Packages[pkg])
		}
	}
	if s := leaving["example.com/program/small"]; s.Code > 0 {
		t.Errorf("of the other plugin leave %+v", s)
	}
}

// TestFormats reads a program of each format.
func TestFormats(t *testing.T) {
	for _, tt := range []struct {
		goos, goarch string
		data         bool // it can be told apart
	}{{"linux", "arm64", true}, {"windows", "amd64", true}, {"darwin", "arm64", true}, {"linux", "386", false}} {
		t.Run(tt.goos+"/"+tt.goarch, func(t *testing.T) {
			t.Parallel()
			p, err := Read(compile(t, bare, tt.goos, tt.goarch))
			if err != nil {
				t.Fatal(err)
			}
			a := p.Packages["example.com/bare/a"]
			if a.Code < 32 || a.Code > 4096 || a.Tables < 50 || tt.data && a.Data < 15 {
				t.Errorf("the package has %+v", a)
			}
			if s := p.Packages["runtime"]; s.Code < 100_000 || s.Tables < 100_000 {
				t.Errorf("the runtime has %+v", s)
			}
			none := func(string) bool { return false }
			isA := func(pkg string) bool { return pkg == "example.com/bare/a" }
			if nothing, err := p.Without(none, none); tt.data && (err != nil || total(nothing).Total() != 0) {
				t.Errorf("without nothing, %+v leave, and error %v", total(nothing), err)
			}
			switch leaving, err := p.Without(isA, none); {
			case !tt.data && err != ErrNoData:
				t.Errorf("error %v", err)
			case tt.data && (err != nil || leaving["example.com/bare/a"].Code != a.Code || leaving["example.com/bare/a"].Data < 15 || leaving["runtime"].Code > 20_000):
				t.Errorf("without the package, its %+v and the runtime's %+v leave, and error %v", leaving["example.com/bare/a"], leaving["runtime"], err)
			}
		})
	}
}

func TestForeign(t *testing.T) {
	for _, tt := range []struct{ data, want string }{
		{"", "neither ELF, Mach-O nor PE"},
		{"#!/bin/sh\n", "neither ELF, Mach-O nor PE"},
		{"\x7fELF", "neither ELF, Mach-O nor PE"},
	} {
		_, err := read(strings.NewReader(tt.data), int64(len(tt.data)), "go1.26")
		if err == nil || err.Error() != tt.want {
			t.Errorf("%q: error %v, want %s", tt.data, err, tt.want)
		}
	}
	program, err := os.ReadFile(compile(t, bare, "linux", "arm64"))
	if err != nil {
		t.Fatal(err)
	}
	packed := bytes.ReplaceAll(program, []byte{0xf1, 0xff, 0xff, 0xff, 0, 0}, make([]byte, 6))
	if _, err := read(bytes.NewReader(packed), int64(len(packed)), "go1.26"); err == nil || err.Error() != "no table of functions that Go 1.20 or later writes" {
		t.Errorf("without pclntab: error %v", err)
	}
}

func TestPackageOf(t *testing.T) {
	for name, want := range map[string]string{
		"main.main":                                   "main",
		"net/http.(*Server).Serve":                    "net/http",
		"gopkg.in/yaml%2ev3.Unmarshal":                "gopkg.in/yaml.v3",
		"github.com/a/b/v5.(*Plugin).Init":            "github.com/a/b/v5",
		"slices.SortFunc[go.shape.*github.com/a/b.T]": "slices",
		"type:.eq.github.com/a/b.T":                   "github.com/a/b",
		"type:.eq.[2]string":                          "runtime",
		"type:.eq.struct { F uintptr; a/b.X }":        "runtime",
		"memeqbody":                                   "runtime",
		"go:buildid":                                  "runtime",
		"":                                            "runtime",
	} {
		if got := packageOf(name); got != want {
			t.Errorf("%q is of %q, want %q", name, got, want)
		}
	}
}

// TestCode reads instructions that refer to something.
func TestCode(t *testing.T) {
	for _, tt := range []struct {
		arch string
		code []byte
		want []uint64
	}{
		{"amd64", []byte{0xe8, 0x0b, 0, 0, 0, 0x48, 0x8d, 0x05, 0x04, 0, 0, 0, 0x0f, 0xff, 0x90}, []uint64{0x1010, 0x1010}},
		{"amd64", []byte{0xe8, 0x0b}, nil}, // cut off
		{"arm64", []byte{0x04, 0, 0, 0x94, 0x00, 0x00, 0x00, 0xb0, 0x00, 0x40, 0x00, 0x91, 0x00, 0x00, 0x00, 0xb0, 0x01, 0x08, 0x40, 0xf9}, []uint64{0x1010, 0x2010, 0x2010}},
		{"arm64", []byte{0xff, 0xff, 0xff, 0x97}, []uint64{0xffc}},
	} {
		var got []uint64
		readers[tt.arch](tt.code, 0x1000, func(to uint64) { got = append(got, to) })
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s %x refers to %x, want %x", tt.arch, tt.code, got, tt.want)
		}
	}
}

// FuzzRead changes a program, and wants no more from it than an end.
func FuzzRead(f *testing.F) {
	good, err := os.ReadFile(compile(f, bare, "linux", "arm64")) // whose code is read fastest
	if err != nil {
		f.Fatal(err)
	}
	im, err := readImage(bytes.NewReader(good), int64(len(good)))
	if err != nil {
		f.Fatal(err)
	}
	t, err := findPclntab(im)
	if err != nil {
		f.Fatal(err)
	}
	m, err := findModuledata(im, t, true)
	if err != nil {
		f.Fatal(err)
	}
	// Where what decides lies in the file.
	var places []int
	for _, addr := range []uint64{t.addr, m.addr, m.types, m.text} {
		places = append(places, bytes.Index(good, im.at(addr)[:64]))
	}
	f.Add(uint8(0), uint32(8), []byte{0xff, 0xff, 0xff, 0x7f})
	f.Add(uint8(1), uint32(8*wordTypes), []byte{0, 0})
	f.Add(uint8(2), uint32(0x100), bytes.Repeat([]byte{0xff}, 64))
	f.Add(uint8(4), uint32(0x20), []byte{1, 2, 3, 4})
	f.Fuzz(func(t *testing.T, where uint8, at uint32, patch []byte) {
		data := bytes.Clone(good)
		place := uint64(at)
		if int(where) < len(places) {
			place += uint64(places[where])
		}
		copy(data[min(place, uint64(len(data))):], patch)
		p, err := read(bytes.NewReader(data), int64(len(data)), "go1.26")
		if err != nil {
			return
		}
		p.Without(func(pkg string) bool { return pkg == "main" }, func(string) bool { return false })
		for pkg, s := range p.Packages {
			if s.Code < 0 || s.Tables < 0 || s.Data < 0 {
				t.Errorf("%q has %+v", pkg, s)
			}
		}
	})
}
