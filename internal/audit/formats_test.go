package audit

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/config/tree"
	"github.com/vxlite/vxlite/internal/gotool"
)

var sample = &Result{File: "dir/my rr", SHA256: strings.Repeat("a", 64), Go: "go1.26.1", Findings: []Finding{
	{ID: "GO-0000-0001", Aliases: []string{"CVE-1"}, Summary: "Bad", Module: "example.com/a", Version: "v1.0.0", Fixed: "v1.1.0", Reach: ReachSymbol, Known: true,
		Symbols: []string{"example.com/a.F"}, Plugins: []string{"http"}, Remedy: "add"},
	{ID: "GO-0000-0001", Module: "stdlib", Version: "v1.26.1", Reach: ReachPackage, Known: true},
	{ID: "GO-0000-0002", Module: "example.com/b", Version: "v1.0.0", Reach: ReachModule},
	{ID: "GO-0000-0003", Module: "example.com/b", Version: "v1.0.0", Reach: ReachSymbol, Known: true, Ignored: &Ignored{Reason: "why not"}},
}, Licences: []Licence{{Module: "example.com/c", Version: "v1.0.0"}, {Module: "example.com/d", Version: "v1.0.0", Found: []string{"X", "Y"}}}}

func written(t *testing.T, format string) map[string]any {
	t.Helper()
	data, err := sample.Format(format, "v1.2.3", time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := json.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

// at follows keys and indexes.
func at(v any, path ...any) any {
	for _, p := range path {
		switch p := p.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[p]
		case int:
			l, _ := v.([]any)
			if p >= len(l) {
				return nil
			}
			v = l[p]
		}
	}
	return v
}

// TestSARIF has what SARIF 2.1.0 requires, and what GitHub's code scanning does:
// section 3 of the standard, and "SARIF support for code scanning".
func TestSARIF(t *testing.T) {
	doc := written(t, "sarif")
	if doc["version"] != "2.1.0" || doc["$schema"] == nil || at(doc, "runs", 0, "tool", "driver", "name") != "vxlite" {
		t.Errorf("%v", doc)
	}
	rules, _ := at(doc, "runs", 0, "tool", "driver", "rules").([]any)
	results, _ := at(doc, "runs", 0, "results").([]any)
	if len(rules) != 4 || len(results) != 6 {
		t.Fatalf("%d rules, %d results", len(rules), len(results))
	}
	var ids []string
	for _, r := range rules {
		ids = append(ids, fmt.Sprint(at(r, "id")))
		if at(r, "shortDescription", "text") == "" {
			t.Errorf("%v", r)
		}
	}
	var got []string
	for _, r := range results {
		if !slices.Contains(ids, fmt.Sprint(at(r, "ruleId"))) || at(r, "locations", 0, "physicalLocation", "artifactLocation", "uri") != "dir/my%20rr" ||
			at(r, "locations", 0, "physicalLocation", "region", "startLine") != 1.0 {
			t.Errorf("%v", r)
		}
		if i, ok := at(r, "ruleIndex").(float64); ok && at(rules[int(i)], "id") != at(r, "ruleId") {
			t.Errorf("%v", r)
		}
		got = append(got, fmt.Sprint(at(r, "level"), " ", at(r, "message", "text"), " ", at(r, "suppressions", 0, "justification")))
	}
	want := []string{
		"error example.com/a v1.0.0 has GO-0000-0001, and a vulnerable function is linked; fixed in v1.1.0; add <nil>",
		"note stdlib v1.26.1 has GO-0000-0001, but no vulnerable function is linked; no version fixes it <nil>",
		"error example.com/b v1.0.0 has GO-0000-0002; no version fixes it <nil>",
		"error example.com/b v1.0.0 has GO-0000-0003, and a vulnerable function is linked; no version fixes it why not",
		"error example.com/c v1.0.0 is under no licence that was found <nil>",
		"error example.com/d v1.0.0 is under X, Y, which audit.licences does not allow <nil>",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
}

// TestOpenVEX has what the specification of OpenVEX 0.2.0 requires.
func TestOpenVEX(t *testing.T) {
	doc := written(t, "openvex")
	if at(doc, "@context") != "https://openvex.dev/ns/v0.2.0" || !strings.HasPrefix(fmt.Sprint(doc["@id"]), "https://") || doc["author"] != "vxlite" || doc["timestamp"] != "2026-01-02T03:04:05Z" || doc["version"] != 1.0 {
		t.Errorf("%v", doc)
	}
	var got []string
	list, _ := doc["statements"].([]any)
	for _, s := range list {
		if at(s, "products", 0, "@id") != "pkg:generic/my%20rr" || len(fmt.Sprint(at(s, "products", 0, "hashes", "sha-256"))) != 64 {
			t.Errorf("%v", s)
		}
		got = append(got, fmt.Sprint(at(s, "vulnerability", "name"), " ", at(s, "products", 0, "subcomponents", 0, "@id"), " ", at(s, "status"), " ", at(s, "justification"), " ", at(s, "action_statement"), " ", at(s, "status_notes")))
	}
	want := []string{
		"GO-0000-0001 pkg:golang/example.com/a@v1.0.0 affected <nil> add <nil>",
		"GO-0000-0001 pkg:golang/stdlib@1.26.1 not_affected vulnerable_code_not_present <nil> <nil>",
		"GO-0000-0002 pkg:golang/example.com/b@v1.0.0 under_investigation <nil> <nil> <nil>",
		"GO-0000-0003 pkg:golang/example.com/b@v1.0.0 affected <nil> no version fixes it ignored: why not",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
}

// TestCheck counts what is linked and not ignored.
func TestCheck(t *testing.T) {
	err := sample.Check()
	if want := "2 known vulnerabilities may be linked, in 2 modules; 2 modules are not under a licence that audit.licences allows"; err == nil || err.Error() != want {
		t.Errorf("%v", err)
	}
	var status interface{ ExitStatus() int }
	if !errors.As(err, &status) || status.ExitStatus() != 3 {
		t.Errorf("%v", err)
	}
	if err := (&Result{Findings: []Finding{{Known: true, Reach: ReachPackage}}}).Check(); err != nil {
		t.Error(err)
	}
}

// TestIgnore has a last day, an alias, and an ID that there is not.
func TestIgnore(t *testing.T) {
	day := func(d int) time.Time { return time.Date(2027, 1, d, 0, 0, 0, 0, time.UTC) }
	r := &Result{Findings: []Finding{{ID: "GO-1", Aliases: []string{"CVE-1"}, Known: true, Reach: ReachSymbol}, {ID: "GO-2", Known: true, Reach: ReachSymbol}},
		inDatabase: func(id string) bool { return id == "GO-3" }}
	r.ignore([]config.Ignored{{ID: "CVE-1", Until: day(31)}, {ID: "GO-2", Until: day(30)}, {ID: "GO-3"}, {ID: "GO-4", Pos: config.Position{File: "velox.toml", Line: 3, Column: 1}}},
		day(31).Add(23*time.Hour))
	if r.Findings[0].Counts() || !r.Findings[1].Counts() || !r.Findings[1].Ignored.Expired {
		t.Errorf("%+v", r.Findings)
	}
	if want := []string{"velox.toml:3:1: audit.ignore: the database has no GO-4"}; !slices.Equal(r.Notes, want) {
		t.Errorf("%q", r.Notes)
	}
}

// TestChain has two plugins that lead to a package, one of them by the other.
func TestChain(t *testing.T) {
	pkg := func(path string, imports ...string) gotool.Import {
		return gotool.Import{Package: gotool.Package{Path: path}, Imports: imports}
	}
	g := newGraph([]gotool.Import{pkg("bad"), pkg("lib", "bad"), pkg("near", "lib"), pkg("far", "near"), pkg("rr", "os"), pkg("app", "near", "far", "rr", "bad")},
		[]root{{"far", "far"}, {"near", "near"}, {"roadrunner", "rr"}})
	plugins, chain := g.chain([]string{"bad"})
	if fmt.Sprint(plugins, chain) != "[far near] [near lib bad]" {
		t.Errorf("%v %v", plugins, chain)
	}
	if plugins, chain := g.chain([]string{"none"}); plugins != nil || chain != nil {
		t.Errorf("%v %v", plugins, chain)
	}
}

// TestMerge has what one of two targets has.
func TestMerge(t *testing.T) {
	one := &Result{Findings: []Finding{{ID: "GO-2", Module: "m", Known: true, Plugins: []string{"b"}}}, Licences: []Licence{{Module: "x"}}}
	two := &Result{Findings: []Finding{{ID: "GO-1", Module: "m"}, {ID: "GO-2", Module: "m", Known: true, Reach: ReachSymbol, Plugins: []string{"a", "b"}, Chain: []string{"a", "m"}}}, Licences: []Licence{{Module: "x"}, {Module: "w"}}}
	r := merge([]*Result{one, two})
	if got := fmt.Sprintf("%v %d %s %v %v %v", r.Licences, len(r.Findings), r.Findings[0].ID, r.Findings[1].Reach, r.Findings[1].Plugins, r.Findings[1].Chain); got != "[{w  []} {x  []}] 2 GO-1 symbol [a b] [a m]" {
		t.Error(got)
	}
}

// TestRemediesParse reads the lines of each remedy as TOML.
func TestRemediesParse(t *testing.T) {
	s := subjectOf(kinds())
	for _, path := range []string{"example.com/rr", "example.com/plugin", "example.com/fork", "example.com/lib", "example.com/third"} {
		_, lines, ok := strings.Cut(s.remedy(path, "v2.0.0"), ":\n")
		if doc := tree.Parse("velox.toml", []byte(lines)); !ok || !doc.Whole || len(doc.Problems) > 0 || len(doc.Root.Items) == 0 {
			t.Errorf("%s: %q: %v", path, lines, doc.Problems)
		}
	}
}
