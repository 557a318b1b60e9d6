package parse

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vxlite/vxlite/internal/config"
)

func TestRead(t *testing.T) {
	file := filepath.Join(t.TempDir(), "velox.toml")
	if err := os.WriteFile(file, []byte("[plugins.mine]\npath = '../mine'\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := File(file, env(nil))
	if err != nil {
		t.Fatal(err)
	}
	if want := filepath.Join(filepath.Dir(filepath.Dir(file)), "mine"); c.File != file || c.Plugins[0].Path != want {
		t.Errorf("file is %q and the plugin's path %q, want %q and %q", c.File, c.Plugins[0].Path, file, want)
	}
}

// TestByteOrderMark lets through what some editors begin a file with.
func TestByteOrderMark(t *testing.T) {
	c, err := Data("velox.toml", []byte("\ufeff[roadrunner]\r\nref = 'v1.0.0'\r\n[plugins.a]\r\npath = '/a'\r\n"), "/", env(nil))
	if err != nil || c.RoadRunner.Ref != "v1.0.0" {
		t.Error(err)
	}
}

// TestReadRelative wants paths that are absolute whatever the file's is.
func TestReadRelative(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("velox.toml", []byte("[plugins.mine]\npath = 'mine'\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := File("velox.toml", env(nil))
	if err != nil {
		t.Fatal(err)
	}
	wd, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	if want := filepath.Join(wd, "mine"); c.Plugins[0].Path != want {
		t.Errorf("the plugin's path is %q, want %q", c.Plugins[0].Path, want)
	}
	if want := "velox.toml:1:10"; c.Plugins[0].Pos.String() != want {
		t.Errorf("the plugin stands at %s, want %s", c.Plugins[0].Pos, want)
	}
}

func TestReadErrors(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("bad.toml", []byte("[plugins.mine\n"), 0o600); err != nil {
		t.Fatal(err)
	}

	_, err := File("velox.toml", env(nil))
	if want := "config velox.toml: no such file"; err == nil || err.Error() != want {
		t.Errorf("error is %v, want %s", err, want)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v is not fs.ErrNotExist", err)
	}

	_, err = File(".", env(nil))
	if want := "config .: is a directory"; err == nil || err.Error() != want {
		t.Errorf("error is %v, want %s", err, want)
	}

	c, err := File("bad.toml", env(nil))
	list, ok := errors.AsType[*config.ErrorList](err)
	if !ok || c != nil {
		t.Fatalf("Read returned %v, %v, want an ErrorList alone", c, err)
	}
	if want := (config.Position{File: "bad.toml", Line: 1, Column: 14}); list.Problems[0].Pos != want {
		t.Errorf("problem stands at %s, want %s", list.Problems[0].Pos, want)
	}
}

// TestSecretsDoNotPrint formats and encodes a Config with secrets in all ways
// that come to mind.
func TestSecretsDoNotPrint(t *testing.T) {
	const data = `
[github.token]
token = "${SECRET}"
[gitlab.token]
token = "hunter2"
[git.credentials."git.acme.example"]
password = "${SECRET}"
[plugins.mine]
path = "mine"
`
	c, err := Data("acme.toml", []byte(data), dir, env(map[string]string{"SECRET": "hunter2"}))
	if err != nil {
		t.Fatal(err)
	}
	if got := string(c.Git.Tokens[0].Token); got != "hunter2" {
		t.Fatalf("token is %q", got)
	}
	encoded, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	for _, out := range []string{
		fmt.Sprint(c, c.Git), fmt.Sprintf("%+v %#v %s %q %x", c.Git, c.Git, c.Git.Tokens, c.Git.Tokens, c.Git.Tokens),
		string(encoded),
	} {
		if strings.Contains(out, "hunter2") || strings.Contains(out, fmt.Sprintf("%x", "hunter2")) {
			t.Errorf("a secret is printed: %s", out)
		}
	}
}

func readFile(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestLocalDirs has a directory in each place that may name one.
func TestLocalDirs(t *testing.T) {
	c, err := Data("velox.toml", []byte(`
[roadrunner]
path = "/rr"
[plugins.a]
path = "/a"
[plugins.b]
module_name = "example.com/b"
tag = "v1.0.0"
replace = "/fork"
[[modules]]
module = "example.com/c"
path = "/c"
[[replaces]]
old = "example.com/d"
new = "/d"
`), "/", env(nil))
	if err != nil {
		t.Fatal(err)
	}
	c.Overrides = []config.Override{{Name: "b", Dir: "/b"}}
	if got, want := c.LocalDirs(), []string{"/rr", "/a", "/fork", "/c", "/d", "/b"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestField reads what files in use have besides.
func TestField(t *testing.T) {
	c, err := File(filepath.Join("..", "..", "..", "testdata", "velox", "field.toml"), env(nil))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range c.Plugins {
		line := fmt.Sprintf("%s %s %s %s %s", p.Name, p.ModulePath, p.URL, p.Ref, p.Folder)
		if p.Replace != nil {
			line += " => " + filepath.ToSlash(strings.TrimPrefix(p.Replace.Dir, filepath.VolumeName(p.Replace.Dir)))
		}
		got = append(got, line)
	}
	want := []string{
		"logger  https://github.com/roadrunner-server/logger v5.1.8 ",
		"sockets  https://github.com/acme/chat main sockets => /usr/src/chat/sockets",
		"queue github.com/acme/queue  e034a70 ",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q\nwant\n%q", got, want)
	}
	if c.Build.Name != "rr" || len(c.Notes) != 1 || c.Notes[0].Text != "build.output is not used; build.name is the binary's name, and -o its directory" {
		t.Errorf("name %q, notes %v", c.Build.Name, c.Notes)
	}
}
