package edit

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

// TestEdit has a file for each case: the config before, what is done, a line for
// each plugin, and the config after.
func TestEdit(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) < 8 {
		t.Fatalf("%d files: %v", len(files), err)
	}
	for _, name := range files {
		t.Run(filepath.Base(name), func(t *testing.T) {
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			a := txtar.Parse(data)
			before, after := a.Files[0].Data, string(a.Files[1].Data)
			var tables [][]string
			var remove []string
			for line := range strings.Lines(string(a.Comment)) {
				switch op, arg, _ := strings.Cut(strings.TrimSpace(line), " "); op {
				case "add":
					tables = append(tables, []string{"[plugins." + arg + "]", `tag = "v1"`})
				case "remove":
					remove = append(remove, arg)
				}
			}
			got := before
			if len(tables) > 0 {
				got = Add(got, tables...)
			}
			if len(remove) > 0 {
				got = Remove(got, remove...)
			}
			if string(got) != after {
				t.Errorf("got\n%s\nwant\n%s", got, after)
			}
		})
	}
}

// TestEndings has the line ends of another system, and a last line without one.
func TestEndings(t *testing.T) {
	const want = "[plugins.a]\r\ntag = \"v0\"\r\n\r\n[plugins.b]\r\ntag = \"v1\"\r\n"
	table := []string{"[plugins.b]", `tag = "v1"`}
	if got := string(Add([]byte("[plugins.a]\r\ntag = \"v0\"\r\n"), table)); got != want {
		t.Errorf("%q", got)
	}
	if got := string(Remove([]byte(want), "b")); got != "[plugins.a]\r\ntag = \"v0\"\r\n" {
		t.Errorf("%q", got)
	}
	if got := string(Add([]byte("[plugins.a]\ntag = \"v0\""), table)); got != strings.ReplaceAll(want, "\r", "") {
		t.Errorf("%q", got)
	}
	if got := string(Add(nil, table)); got != "[plugins.b]\ntag = \"v1\"\n" {
		t.Errorf("%q", got)
	}
}
