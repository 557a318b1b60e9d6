package lock

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

const (
	h1A = "h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
	h1B = "h1:LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ="
)

func example() *File {
	return &File{
		Go: "go1.26.4",
		Modules: []Module{
			{Path: "github.com/roadrunner-server/roadrunner/v2025", Version: "v2025.1.15", URL: "https://github.com/roadrunner-server/roadrunner",
				Ref: "v2025.1.15", Commit: strings.Repeat("4d868a61", 5), H1: h1B},
			{Path: "github.com/acme/platform/cache/v2", Version: "v2.0.1-0.20260301100000-0123456789ab", URL: "ssh://git@git.corp/team/platform.git",
				Ref: "a \"quoted\" branch", Commit: strings.Repeat("0123456789", 4), Folder: "cache/v2", ReplacedBy: "github.com/team/cache/v2@v2.0.1", InsteadOf: "https://github.com/upstream/cache v2.0.0", H1: h1A},
		},
		Sums: []Sum{
			{Path: "example.com/third/text", Version: "v1.10.0", GoMod: h1B},
			{Path: "example.com/third/text", Version: "v1.9.0", H1: h1A, GoMod: h1B},
			{Path: "example.com/third/tally", Version: "v1.0.2", H1: h1B},
		},
	}
}

const exampleText = header + `version = 1
go = "go1.26.4"

[[module]]
path = "github.com/acme/platform/cache/v2"
version = "v2.0.1-0.20260301100000-0123456789ab"
url = "ssh://git@git.corp/team/platform.git"
ref = "a \"quoted\" branch"
commit = "0123456789012345678901234567890123456789"
folder = "cache/v2"
replaced_by = "github.com/team/cache/v2@v2.0.1"
instead_of = "https://github.com/upstream/cache v2.0.0"
h1 = "h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="

[[module]]
path = "github.com/roadrunner-server/roadrunner/v2025"
version = "v2025.1.15"
url = "https://github.com/roadrunner-server/roadrunner"
ref = "v2025.1.15"
commit = "4d868a614d868a614d868a614d868a614d868a61"
h1 = "h1:LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ="

# Modules of the module proxy, as go.sum has them.
[sums]
"example.com/third/tally@v1.0.2" = { zip = "h1:LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=" }
"example.com/third/text@v1.9.0" = { zip = "h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", mod = "h1:LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=" }
"example.com/third/text@v1.10.0" = { mod = "h1:LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=" }
`

func TestFormat(t *testing.T) {
	f := example()
	if got := string(f.Format()); got != exampleText {
		t.Errorf("got\n%s", got)
	}
	slices.Reverse(f.Modules)
	slices.Reverse(f.Sums)
	if got := string(f.Format()); got != exampleText {
		t.Errorf("in another order:\n%s", got)
	}
}

func TestParse(t *testing.T) {
	got, err := Parse("velox.lock", []byte(exampleText))
	if err != nil {
		t.Fatal(err)
	}
	want := example()
	want.Sort()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	if m := got.Lookup("github.com/acme/platform/cache/v2"); m == nil || m.Folder != "cache/v2" {
		t.Errorf("Lookup: %+v", m)
	}
	if m := got.Lookup("github.com/acme/platform"); m != nil {
		t.Errorf("Lookup of what is not there: %+v", m)
	}
	if _, err := Parse("velox.lock", []byte(strings.ReplaceAll(exampleText, "\n", "\r\n"))); err != nil {
		t.Errorf("with another system's line ends: %v", err)
	}
}

// TestPatches has a lock with patches: it is another version, reads as it was
// written, and differs by contents and order, not by names.
func TestPatches(t *testing.T) {
	patched := func(patches ...Patch) *File {
		f := example()
		f.Modules[0].Patches = patches
		f.Sort()
		return f
	}
	a, b := Patch{"patches/a \"b\".patch", strings.Repeat("a", 64)}, Patch{"b.patch", strings.Repeat("b", 64)}
	text := string(patched(a, b).Format())
	want := strings.Replace(exampleText, "version = 1", "version = 2", 1)
	want = strings.Replace(want, "OLmCQ=\"\n\n# Mod", "OLmCQ=\"\npatches = [\n\t{ file = \"patches/a \\\"b\\\".patch\", sha256 = \""+a.SHA256+"\" },\n\t{ file = \"b.patch\", sha256 = \""+b.SHA256+"\" },\n]\n\n# Mod", 1)
	if text != want {
		t.Errorf("got\n%s", text)
	}
	if got, err := Parse("velox.lock", []byte(text)); err != nil || !reflect.DeepEqual(got, patched(a, b)) {
		t.Errorf("read again: %+v, %v", got, err)
	}
	for _, bad := range []string{strings.Replace(text, "aaaa", "AAAA", 1), strings.Replace(text, "bbbb", "bbb", 1), strings.Replace(text, "b.patch", "", 1)} {
		if _, err := Parse("velox.lock", []byte(bad)); err == nil || !strings.Contains(err.Error(), "has no sha256 of 64 hex digits, or no file") {
			t.Errorf("%v", err)
		}
	}
	c := Patch{"b.patch", strings.Repeat("c", 64)}
	for want, now := range map[string]*File{
		"":                                patched(Patch{"x.patch", a.SHA256}, b),
		"patch b.patch sha256:b sha256:c": patched(a, c),
		"patch b.patch sha256:b ":         patched(a),
		"patch c.patch  sha256:c":         patched(a, b, Patch{"c.patch", c.SHA256}),
		"patch " + a.File + " sha256:a ;patch b.patch sha256:b ":              patched(),
		"the order of its patches " + a.File + ", b.patch b.patch, " + a.File: patched(b, a),
	} {
		var got []string
		for _, d := range Compare(patched(a, b), now) {
			short := strings.NewReplacer(strings.Repeat("a", 64), "a", strings.Repeat("b", 64), "b", strings.Repeat("c", 64), "c")
			got = append(got, short.Replace(d.Key+" "+d.Old+" "+d.New))
		}
		if s := strings.Join(got, ";"); s != want {
			t.Errorf("%q, want %q", s, want)
		}
	}
}

// TestParseErrors breaks the example at one place each.
func TestParseErrors(t *testing.T) {
	for _, tt := range []struct{ old, new, want string }{
		{"version = 1\n", "", `velox.lock: the lock has no version`},
		{"version = 1", "version = 3", `velox.lock: the lock has format 3, and this vxlite knows 2`},
		{"version = 1", "version = \"1\"", `velox.lock:3:11: version has a value of the wrong type`},
		{"go = \"go1.26.4\"", "go = 1", `velox.lock:4:6: go has a value of the wrong type`},
		{"go = \"go1.26.4\"", "go = \"go1\"\ngo = \"go1\"", `velox.lock:5:1: key go is already defined`},
		{"go = \"go1.26.4\"", "time = 1", `velox.lock:4:1: unknown key time`},
		{"go = \"go1.26.4\"\n", "<<<<<<< HEAD\n", `velox.lock:4:1: `},
		{"[[module]]", "[module]", `velox.lock:17:3: key module already exists as a table, but should be an array table`},
		{"[[module]]", "[[plugin]]", `velox.lock:6:3: unknown key plugin`},
		{"[[module]]", "[[module.x]]", `velox.lock:17:3: key module already exists as a table, but should be an array table`},
		{"ref = \"v2025", "tag = \"v2025", `velox.lock:21:1: unknown key module.tag`},
		{"ref = \"v2025.1.15\"", "ref = \"\"", `velox.lock: module "github.com/roadrunner-server/roadrunner/v2025" has no ref`},
		{"ref = \"v2025.1.15\"", "path = \"x\"", `velox.lock:21:1: key path is already defined`},
		{"ref = \"v2025.1.15\"\n", "", `velox.lock: module "github.com/roadrunner-server/roadrunner/v2025" has no ref`},
		{"commit = \"0123456789", "commit = \"", `velox.lock: module github.com/acme/platform/cache/v2: commit "012345678901234567890123456789" is not 40 hex digits`},
		{"folder = \"cache/v2\"", "folder = \"../v2\"", `velox.lock: module github.com/acme/platform/cache/v2: folder "../v2" is not a folder of a repository`},
		{"\nversion = \"v2025.1.15\"", "\nversion = \"latest\"", `velox.lock: github.com/roadrunner-server/roadrunner/v2025@latest: invalid version: not a semantic version`},
		{"h1 = \"h1:47DEQpj8", "h1 = \"h1:", `velox.lock: module github.com/acme/platform/cache/v2: h1 "h1:HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" is not a go.sum hash`},
		{"github.com/acme/platform/cache/v2\"\nversion = \"v2.", "github.com/roadrunner-server/roadrunner/v2025\"\nversion = \"v2025.", `velox.lock: module github.com/roadrunner-server/roadrunner/v2025 is listed twice`},
		{"[sums]", "[sums]\n[sums]", `velox.lock:27:2: table sums already exists`},
		{"[sums]", "[sums]\n[[module]]", `velox.lock:28:1: unknown key module.example.com/third/tally@v1.0.2`},
		{"@v1.0.2\"", "\"", `velox.lock: sums: example.com/third/tally@: invalid version: not a semantic version`},
		{"text@v1.9.0", "tally@v1.0.2", `velox.lock:28:1: key example.com/third/tally@v1.0.2 is already defined`},
		{"{ zip = \"h1:LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=\" }", "\"h1:\"", `velox.lock:27:36: sums.example.com/third/tally@v1.0.2 has a value of the wrong type`},
		{"{ zip = \"h1:LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=\" }", "{ }", `velox.lock: sums: example.com/third/tally@v1.0.2 has neither zip nor mod`},
		{"{ zip = \"h1:LPJNul", "{ tar = \"h1:LPJNul", `velox.lock:27:38: unknown key sums.tar`},
		{"{ zip = \"h1:LPJNul", "{ zip = \"h2:LPJNul", `velox.lock: sums: example.com/third/tally@v1.0.2: "h2:LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=" is not a go.sum hash`},
	} {
		text := strings.Replace(exampleText, tt.old, tt.new, 1)
		if text == exampleText {
			t.Fatalf("%q is not in the example", tt.old)
		}
		_, err := Parse("velox.lock", []byte(text))
		if err == nil || !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("%q for %q: %v\nwant %s", tt.new, tt.old, err, tt.want)
		}
	}
}

func TestCompare(t *testing.T) {
	old, now := example(), example()
	now.Go = "go1.27.0"
	if got := Compare(old, now); got != nil {
		t.Errorf("of the same: %v", got)
	}
	now.Modules[0].Ref, now.Modules[0].Commit = "v2025.1.16", strings.Repeat("a", 40)
	now.Modules[1].Path = "github.com/acme/platform/store"
	now.Sums[0].GoMod = h1A
	now.Sums[1].H1 = ""
	now.Sums[2].Version = "v1.0.3"
	var got []string
	for _, d := range Compare(old, now) {
		got = append(got, d.String())
	}
	want := []string{
		"github.com/acme/platform/cache/v2: in the lock, and no longer needed",
		"github.com/acme/platform/store: not in the lock",
		"github.com/roadrunner-server/roadrunner/v2025: ref is v2025.1.15 in the lock, and would be v2025.1.16",
		"example.com/third/tally@v1.0.2: in the lock, and no longer needed",
		"example.com/third/tally@v1.0.3: not in the lock",
		"example.com/third/text@v1.10.0: mod is " + h1B + " in the lock, and would be " + h1A,
		"example.com/third/text@v1.9.0: zip is in the lock, and no longer needed",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
}

func TestName(t *testing.T) {
	for config, want := range map[string]string{"velox.toml": "velox.lock", "a/other.toml": "a/other.lock", "velox": "velox.lock", "a.b/velox": "a.b/velox.lock"} {
		if got := Name(filepath.FromSlash(config)); got != filepath.FromSlash(want) {
			t.Errorf("Name(%s) = %s", config, got)
		}
	}
}

// TestWrite wants nothing to be touched where nothing changed, and nothing to
// be left beside the lock.
func TestWrite(t *testing.T) {
	name := filepath.Join(t.TempDir(), "velox.lock")
	if _, err := Read(name); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Read of nothing: %v", err)
	}
	for i, want := range []bool{true, false} {
		wrote, err := example().Write(name)
		if err != nil || wrote != want {
			t.Errorf("write %d: %v, %v", i, wrote, err)
		}
	}
	got, err := Read(name)
	if err != nil || !bytes.Equal(got.Format(), []byte(exampleText)) {
		t.Errorf("Read: %v", err)
	}
	entries, err := os.ReadDir(filepath.Dir(name))
	if err != nil || len(entries) != 1 {
		t.Errorf("%v in the folder, %v", entries, err)
	}
	_, err = example().Write(filepath.Join(name, "velox.lock"))
	want := "lock " + filepath.Join(name, "velox.lock") + " cannot be written: "
	if err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("below a file: %v, want %s…", err, want)
	}
}

// FuzzParse wants no panic, a place in every error of TOML, and that what was read is
// written so that it reads the same.
func FuzzParse(f *testing.F) {
	f.Add([]byte(exampleText))
	f.Add([]byte("version = 1\ngo = \"go1.26\"\n"))
	f.Add([]byte("version = 1\ngo = \"go1.26\"\n[sums]\n\"a.b/c@v1.0.0\" = { mod = \"" + h1A + "\" }\n"))
	f.Add([]byte("[[module]]\nurl = '''a\nb'''\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := Parse("velox.lock", data)
		if err != nil {
			if e, ok := errors.AsType[*Error](err); !ok || e.Text == "" || e.Line < 0 || e.Line > 0 != (e.Column > 0) || e.Line > bytes.Count(data, []byte("\n"))+1 {
				t.Fatalf("%#v", err)
			}
			return
		}
		again, err := Parse("velox.lock", got.Format())
		if err != nil || !reflect.DeepEqual(got, again) {
			t.Fatalf("%v\n%s\n%+v\n%+v", err, got.Format(), got, again)
		}
	})
}

// TestToolchains has a Go release among the checksums: it is written there, and
// read as what it is.
func TestToolchains(t *testing.T) {
	h1 := "h1:" + strings.Repeat("A", 43) + "="
	f := &File{Go: "go1.26.4", Sums: []Sum{{Path: "z.example/a", Version: "v1.0.0", H1: h1}},
		Toolchains: []Sum{{Path: Toolchain, Version: "v0.0.1-go1.26.4.linux-amd64", H1: h1}}}
	got, err := Parse("velox.lock", f.Format())
	if err != nil || !reflect.DeepEqual(got, f) {
		t.Errorf("%v\n%+v\nwant\n%+v", err, got, f)
	}
	if d := Compare(f, &File{Sums: f.Sums}); d != nil {
		t.Errorf("a build that needs no release differs: %v", d)
	}
}
