package audit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/vuln/scan"

	"github.com/vxlite/vxlite/internal/binsize"
	"github.com/vxlite/vxlite/internal/vulndb"
)

// TestSymbols compares the functions of a program with those that govulncheck's
// extract mode finds by the symbol table, which a stripped program lacks.
func TestSymbols(t *testing.T) {
	self := filepath.Join(t.TempDir(), "prog.exe")
	if out, err := exec.Command("go", "build", "-o", self, "testdata/prog.go").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	functions, err := binsize.Functions(self)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	cmd := scan.Command(t.Context(), "-mode", "extract", self)
	cmd.Stdout = &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	head, body, _ := strings.Cut(out.String(), "\n")
	if head != header {
		t.Errorf("the header is %s", head)
	}
	var theirs program
	if err := json.Unmarshal([]byte(body), &theirs); err != nil {
		t.Fatal(err)
	}
	if theirs.GoVersion == "" || len(theirs.PkgSymbols) < 1000 {
		t.Fatalf("%d symbols of %s", len(theirs.PkgSymbols), theirs.GoVersion)
	}
	ours := symbols(functions)
	have := map[symbol]bool{}
	for _, s := range ours {
		have[s] = true
	}
	for _, s := range theirs.PkgSymbols {
		if s.Pkg != "" && !have[s] {
			t.Errorf("missing: %s %s", s.Pkg, s.Name)
		}
	}
	for _, s := range ours {
		if strings.HasPrefix(s.Pkg, "encoding/") && !slices.Contains(theirs.PkgSymbols, s) {
			t.Errorf("too many: %s %s", s.Pkg, s.Name)
		}
	}
}

// osv is an entry on a module. ranges and imports are JSON.
func osv(id, module, ranges, imports string) vulndb.Entry {
	data := fmt.Sprintf(`{"id":%q,"affected":[{"package":{"name":%q,"ecosystem":"Go"},"ranges":%s,"ecosystem_specific":%s}]}`, id, module, ranges, imports)
	return vulndb.Entry{ID: id, Data: []byte(data)}
}

const below2 = `[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"2.0.0"}]}]`

// TestScan has modules within each other's paths, and entries that are odd.
func TestScan(t *testing.T) {
	p := program{Path: "example.com/app", GoVersion: "go1.26.1", GOOS: "linux", GOARCH: "amd64", Modules: []linked{
		{Path: "example.com/m", Version: "v1.0.0"},
		{Path: "example.com/m/sub", Version: "v1.0.0"},
		{Path: "example.com/odd", Version: ""},
	}, PkgSymbols: []symbol{{"example.com/m/sub/p", "F"}, {"example.com/m", "H"}, {"os", "Getenv"}}}
	entries := []vulndb.Entry{
		osv("GO-0000-0001", "example.com/m/sub", below2, `{}`),
		osv("GO-0000-0003", "example.com/m", below2, `{"imports":[{"path":"example.com/m","symbols":["Other"]}]}`),
		osv("GO-0000-0004", "stdlib", below2, `{"imports":[{"path":"os","symbols":["Getenv"],"goos":["windows"]}]}`),
		osv("GO-0000-0005", "stdlib", below2, `{"imports":[{"path":"os","symbols":["Getenv"]}]}`),
		osv("GO-0000-0006", "example.com/m", `[{"type":"SEMVER","events":[{"fixed":"x"},{},{"introduced":"1"}]},{"type":"GIT"}]`, `null`),
		osv("GO-0000-0007", "example.com/odd", below2, `{"imports":[{}]}`),
		osv("GO-0000-0008", "example.com/m", `null`, `{"imports":null}`),
	}
	all, err := runScan(t.Context(), p, entries, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range all {
		got = append(got, strings.TrimSpace(fmt.Sprintln(f.id, f.module, f.version, f.fixed, f.reach, f.symbols)))
	}
	want := []string{
		"GO-0000-0001 example.com/m/sub v1.0.0 v2.0.0 symbol [example.com/m/sub/p.F]",
		"GO-0000-0003 example.com/m v1.0.0 v2.0.0 package []",
		"GO-0000-0005 stdlib v1.26.1 v2.0.0 symbol [os.Getenv]",
		"GO-0000-0006 example.com/m v1.0.0  symbol [example.com/m.H]",
		"GO-0000-0008 example.com/m v1.0.0  symbol [example.com/m.H]",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// FuzzScan holds a program against an entry of any form.
func FuzzScan(f *testing.F) {
	f.Add([]byte(osv("GO-0000-0001", "example.com/m", below2, `{}`).Data))
	f.Fuzz(func(t *testing.T, data []byte) {
		dir := t.TempDir()
		p := program{GoVersion: "go1.26.1", GOOS: "linux", GOARCH: "amd64", Modules: []linked{{Path: "example.com/m", Version: "v1.0.0"}}, PkgSymbols: []symbol{{"example.com/m", "H"}}}
		from := filepath.Join(dir, "db")
		if err := os.MkdirAll(from, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(from, "GO-0000-0001.json"), data, 0o644); err != nil {
			t.Fatal(err)
		}
		db, err := vulndb.Read(t.Context(), from, nil)
		if err != nil {
			return
		}
		empty := filepath.Join(dir, "scan")
		if err := os.Mkdir(empty, 0o755); err != nil {
			t.Fatal(err)
		}
		_, _ = runScan(t.Context(), p, db.Entries, empty)
	})
}

// TestClean has a version that fixes one thing, and is open to another.
func TestClean(t *testing.T) {
	entry := func(id, events string) string {
		return fmt.Sprintf(`{"id":%q,"affected":[{"package":{"name":"other"},"ranges":[{"events":[{"introduced":"0"},{"fixed":"9.0.0"}]}]},{"package":{"name":"m"},"ranges":[{"events":%s}]}]}`, id, events)
	}
	dir := t.TempDir()
	for id, events := range map[string]string{
		"GO-0000-0001": `[{"introduced":"0"},{"fixed":"1.82.2"},{"introduced":"1.83.0"},{"fixed":"1.83.2"}]`,
		"GO-0000-0002": `[{"introduced":"0"},{"fixed":"1.83.1"}]`,
		"GO-0000-0003": `[{"introduced":"1.83.2"}]`,
		"GO-0000-0004": `[{"fixed":"7.0.0"},{},{"introduced":"x"},{"fixed":"y"},{"fixed":"8.0.0"}]`,
	} {
		if err := os.WriteFile(filepath.Join(dir, id+".json"), []byte(entry(id, events)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	db, err := vulndb.Read(t.Context(), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	for from, want := range map[string]string{"v1.83.1": "v1.83.2", "v1.82.2": "v1.83.2", "v1.0.0": "v1.83.2", "v1.83.2": "v1.83.2"} {
		if got := clean("m", from, db.Entries); got != want {
			t.Errorf("%s: %s, want %s", from, got, want)
		}
	}
}
