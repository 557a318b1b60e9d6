package internal_test

import (
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"unicode"
)

// readmeLines is how long README.md may be: it is the front page, and what is
// looked up has a page below docs/.
const readmeLines = 250

// TestDocs follows all links within the repository.
func TestDocs(t *testing.T) {
	repo := os.DirFS("..")
	pages, err := fs.Glob(repo, "docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	if len(pages) == 0 {
		t.Fatal("there are no pages below docs/")
	}
	for _, name := range append([]string{"README.md", "CONTRIBUTING.md", "CHANGELOG.md"}, pages...) {
		problems, err := broken(repo, name)
		if err != nil {
			t.Error(err)
		}
		for _, p := range problems {
			t.Error(p)
		}
	}
	readme, err := fs.ReadFile(repo, "README.md")
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(readme), "\n"); n > readmeLines {
		t.Errorf("README.md has %d lines, more than %d: move what is looked up into a page below docs/", n, readmeLines)
	}
	_, list, _ := strings.Cut(string(readme), "\n## More to read\n")
	for _, name := range pages {
		if !strings.Contains(list, "\n- ["+name+"]("+name+"): ") {
			t.Errorf("README.md does not list %s in its section More to read", name)
		}
	}
}

var (
	quotedTest = regexp.MustCompile("`((?:Test|Fuzz)[A-Z][A-Za-z]*)`|\\| `[^`]*` (Fuzz[A-Za-z]*) \\|")
	script     = regexp.MustCompile("[Ss]cript\\s`([a-z0-9_]*)`|TestScript/([a-z0-9_]*)")
	goTest     = regexp.MustCompile("go test ([^ `]*)[^`]* -run '?([^ '`]*)")
	testFunc   = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
)

// TestSecurityTests looks for each test, script and command that
// docs/security.md names.
func TestSecurityTests(t *testing.T) {
	page, err := os.ReadFile("../docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	all, inDir := testFuncs(t)
	for _, m := range quotedTest.FindAllStringSubmatch(string(page), -1) {
		if name := m[1] + m[2]; !all[name] {
			t.Errorf("docs/security.md names %s, and there is no such test", name)
		}
	}
	for _, m := range script.FindAllStringSubmatch(string(page), -1) {
		name := m[1] + m[2] + "*.txtar"
		if m[1] != "" {
			name = m[1] + ".txtar"
		}
		if found, err := fs.Glob(os.DirFS("../testdata/script"), name); err != nil || len(found) == 0 {
			t.Errorf("docs/security.md names a script %s, and there is none", name)
		}
	}
	commands := goTest.FindAllStringSubmatch(string(page), -1)
	if len(commands) == 0 {
		t.Error("docs/security.md has no command")
	}
	for _, m := range commands {
		for pattern := range strings.SplitSeq(m[2], "|") {
			pattern, _, _ = strings.Cut(pattern, "/")
			re, err := regexp.Compile(pattern)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.ContainsFunc(inDir[path.Clean(m[1])], re.MatchString) {
				t.Errorf("docs/security.md: %s has no test %s", m[1], pattern)
			}
		}
	}
}

// testFuncs returns the names of all tests, and those of each directory.
func testFuncs(t *testing.T) (all map[string]bool, inDir map[string][]string) {
	t.Helper()
	all, inDir = map[string]bool{}, map[string][]string{}
	repo := os.DirFS("..")
	for _, top := range []string{"cmd", "internal"} {
		err := fs.WalkDir(repo, top, func(name string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(name, "_test.go") {
				return err
			}
			data, err := fs.ReadFile(repo, name)
			for _, m := range testFunc.FindAllStringSubmatch(string(data), -1) {
				all[m[1]] = true
				inDir[path.Dir(name)] = append(inDir[path.Dir(name)], m[1])
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all, inDir
}

// A link leads from a line of a document to a place.
type link struct {
	line   int
	target string
}

var (
	codeSpan   = regexp.MustCompile("``[^`](?s:.*?)``|`[^`]+`")
	inline     = regexp.MustCompile(`\]\(\s*<?([^)\s>]*)`)
	definition = regexp.MustCompile(`(?m)^ {0,3}\[[^\]]+\]:\s*(\S+)`)
	fence      = regexp.MustCompile("^ *(?:> *)*(```+|~~~+)")
	heading    = regexp.MustCompile(`^ {0,3}#{1,6}\s+(.*?)(?:\s+#+)?\s*$`)
	linked     = regexp.MustCompile(`!?\[([^\]]*)\]\([^)]*\)`)
)

// broken returns which links of a document lead to nothing in its repository.
// Those to elsewhere are not followed.
func broken(repo fs.FS, name string) (problems []string, err error) {
	data, err := fs.ReadFile(repo, name)
	if err != nil {
		return nil, err
	}
	links, _ := parse(string(data))
	for _, l := range links {
		if why := lost(repo, name, l.target); why != "" {
			problems = append(problems, fmt.Sprintf("%s:%d: %s: %s", name, l.line, l.target, why))
		}
	}
	return problems, nil
}

// lost says why a link of a document leads nowhere; it is empty for one that
// leads somewhere, or out of the repository.
func lost(repo fs.FS, name, target string) string {
	u, err := url.Parse(target)
	if err != nil {
		return err.Error()
	}
	if u.Scheme != "" {
		return ""
	}
	if target == "" || u.Host != "" || path.IsAbs(u.Path) {
		return "neither a URL nor relative"
	}
	file := name
	if u.Path != "" {
		file = path.Join(path.Dir(name), u.Path)
	}
	if _, err := fs.Stat(repo, file); err != nil {
		return "there is no " + file
	}
	if u.Fragment == "" {
		return ""
	}
	data, err := fs.ReadFile(repo, file)
	if err != nil {
		return err.Error()
	}
	if _, anchors := parse(string(data)); !anchors[u.Fragment] {
		return file + " has no such heading"
	}
	return ""
}

// parse returns a document's links and the anchors of its headings. Code is
// left out: that in fences, and that between backquotes.
func parse(text string) (links []link, anchors map[string]bool) {
	anchors = map[string]bool{}
	var paragraph []string
	var open string
	lines := strings.Split(text, "\n")
	for i, line := range append(lines, "") {
		mark := ""
		if m := fence.FindStringSubmatch(line); m != nil {
			mark = m[1]
		}
		if mark == "" && open == "" {
			if m := heading.FindStringSubmatch(line); m != nil {
				addAnchor(anchors, m[1])
			}
			if strings.TrimSpace(line) != "" {
				paragraph = append(paragraph, line)
				continue
			}
		}
		links = append(links, linksOf(paragraph, i+1-len(paragraph))...)
		paragraph = nil
		switch {
		case open == "":
			open = mark
		case strings.HasPrefix(mark, open):
			open = ""
		}
	}
	return links, anchors
}

// linksOf returns the links of a paragraph, whose code spans and links may go
// on in the next line.
func linksOf(paragraph []string, first int) (links []link) {
	text := codeSpan.ReplaceAllStringFunc(strings.Join(paragraph, "\n"), func(code string) string {
		return "code" + strings.Repeat("\n", strings.Count(code, "\n"))
	})
	for _, re := range []*regexp.Regexp{inline, definition} {
		for _, m := range re.FindAllStringSubmatchIndex(text, -1) {
			links = append(links, link{first + strings.Count(text[:m[2]], "\n"), text[m[2]:m[3]]})
		}
	}
	return links
}

// addAnchor adds what GitHub makes of a heading: in lower case, with dashes for
// spaces, without punctuation, and numbered if another heading has it already.
func addAnchor(anchors map[string]bool, title string) {
	title = linked.ReplaceAllString(title, "$1")
	slug := strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-', r == '_', unicode.IsLetter(r), unicode.IsMark(r), unicode.IsNumber(r):
			return unicode.ToLower(r)
		}
		return -1
	}, title)
	anchor := slug
	for n := 1; anchors[anchor]; n++ {
		anchor = fmt.Sprintf("%s-%d", slug, n)
	}
	anchors[anchor] = true
}

// TestBroken has links of each kind, to what is there and to what is not.
func TestBroken(t *testing.T) {
	repo := fstest.MapFS{
		"docs/other.md":  {Data: []byte("# Other\n\n## `[git]`, and: what_else? #\n\n## Twice\n\n## Twice\n\n```\n## In a fence\n```\n\n## [A link](x.md) – and\n")},
		"docs/a b.svg":   {},
		"CONTRIBUTING":   {},
		"docs/page/x.go": {},
	}
	for _, tt := range []struct{ text, want string }{
		{"# Page\n\n[a](#page), [b](other.md), [c](other.md#other), ![d](a%20b.svg), [e](../CONTRIBUTING), [f](page)\n", ""},
		{"[a](other.md#git-and-what_else) [b](other.md#twice) [c](other.md#twice-1) [d](other.md#a-link--and)\n", ""},
		{"[a](https://example.com/none#none) [b](mailto:ann@example.com)\n\n[c]: https://example.com\n", ""},
		{"`[a](none.md)` and ``[`b`](none.md)`` and `a\n[c](none.md)`\n\n```\n[d](none.md)\n~~~\n[d](none.md)\n```\n\n- x\n\n  ~~~~ sh\n  [e](none.md)\n  ~~~\n  [e](none.md)\n  ~~~~\n", ""},
		{"x\n\n[a\nb](none.md)", "docs/page.md:4: none.md: there is no docs/none.md"},
		{"[`[a]`](none.md#b)", "docs/page.md:1: none.md#b: there is no docs/none.md"},
		{"![a](none.svg)", "docs/page.md:1: none.svg: there is no docs/none.svg"},
		{"a ` b\n\n[a](none.md) `\n", "docs/page.md:3: none.md: there is no docs/none.md"},
		{"```\n```\n[a](none.md)\n", "docs/page.md:3: none.md: there is no docs/none.md"},
		{"x\n[a]: none.md", "docs/page.md:2: none.md: there is no docs/none.md"},
		{"| a | [b](none.md \"title\") |\n", "docs/page.md:1: none.md: there is no docs/none.md"},
		{"# Page\n\n[a](#pages)", "docs/page.md:3: #pages: docs/page.md has no such heading"},
		{"# Page\n\n[a](#Page)", "docs/page.md:3: #Page: docs/page.md has no such heading"},
		{"[a](other.md#twice-2)", "docs/page.md:1: other.md#twice-2: docs/other.md has no such heading"},
		{"[a](other.md#in-a-fence)", "docs/page.md:1: other.md#in-a-fence: docs/other.md has no such heading"},
		{"[a](../../x.md)", "docs/page.md:1: ../../x.md: there is no ../x.md"},
		{"[a](/docs/other.md) [b]()", "docs/page.md:1: /docs/other.md: neither a URL nor relative\ndocs/page.md:1: : neither a URL nor relative"},
		{"[a](%zz)", "docs/page.md:1: %zz: parse \"%zz\": invalid URL escape \"%zz\""},
	} {
		repo["docs/page.md"] = &fstest.MapFile{Data: []byte(tt.text)}
		problems, err := broken(repo, "docs/page.md")
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(problems, "\n"); got != tt.want {
			t.Errorf("%q:\n%s\nwant:\n%s", tt.text, got, tt.want)
		}
	}
}
