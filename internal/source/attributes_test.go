package source

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vxlite/vxlite/internal/gitattr"
	"github.com/vxlite/vxlite/internal/testkit"
)

// fastImport makes a bare repository of one commit with files, tagged v1.0.0.
func fastImport(t *testing.T, files map[string]string) (dir, commit string) {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		testkit.Check(t, &testkit.MissingError{Program: "git", Install: "git", Err: err})
	}
	dir = filepath.Join(t.TempDir(), "acme", "lib.git")
	runGit(t, "", nil, "init", "-q", "--bare", dir)
	var b bytes.Buffer
	fmt.Fprintf(&b, "commit refs/heads/main\ncommitter A <a@example.com> 1767603600 +0000\ndata 3\nOne\n")
	for _, name := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(&b, "M 100644 inline %s\ndata %d\n%s\n", name, len(files[name]), files[name])
	}
	b.WriteString("\nreset refs/tags/v1.0.0\nfrom refs/heads/main\n\nreset refs/tags/sub/v1.0.0\nfrom refs/heads/main\n\n")
	runGit(t, dir, &b, "fast-import", "--quiet")
	runGit(t, dir, nil, "symbolic-ref", "HEAD", "refs/heads/main")
	// As the go command does.
	if err := os.MkdirAll(filepath.Join(dir, "info"), 0o777); err != nil {
		t.Fatal(err)
	}
	testkit.WriteFile(t, filepath.Join(dir, "info", "attributes"), "\n* -export-subst -export-ignore\n")
	return dir, strings.TrimSpace(runGit(t, dir, nil, "rev-parse", "main"))
}

func runGit(t *testing.T, dir string, stdin io.Reader, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", args...)
	cmd.Dir, cmd.Stdin = dir, stdin
	cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_ATTR_NOSYSTEM=1", "XDG_CONFIG_HOME="+t.TempDir())
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("git %s: %v\n%s", args, err, &stderr)
	}
	return string(out)
}

// contents are what attributes can change, or must leave alone.
var contents = map[string]string{
	"empty": "", "lf": "a\nb\n", "crlf": "a\r\nb\r\n", "mixed": "a\r\nb\nc", "cr": "a\rb\nc\n", "open": "a\nb", "null": "a\x00b\nc\n",
	"control": "\x01\x02\x03\n", "del": strings.Repeat("word\n", 40) + "\x7f\n", "eof": "text\n\x1a", "one": "\n", "lonecr": "a\rb",
	"id": "$Id$\n", "ids": "x $Id$ y $Id: 0123 $\n$Id:$ $Id: $ $Id:a$ $Idx$ $$Id$", "foreign": "$Id: a.c 1.2 2026 $\n", "broken": "$Id: a\n$Id$\n$Id: no end", "close": "$Id: a b$ $Id:  $ $Id:a $ $",
	"latin": "Gr\u00fc\u00dfe\n", "euro": "5 \u20ac\n", "emoji": "\U0001f600\n", "bom": "\ufefftext\n", "bytes": "\xff\xfe\n", "c1": "\u0085x\u00e9\n", "cyrillic": "\u041f\u0440\u0438\u0432\u0435\u0442\n",
}

// changing are attributes of which one or several may change bytes.
var changing = []string{
	"text", "-text", "!text", "text=auto", "text=input", "text=none", "text eol=crlf", "text eol=lf", "text=auto eol=crlf", "text=auto eol=lf", "eol=crlf", "eol=lf", "eol",
	"-text eol=crlf", "!text eol=crlf", "text=input eol=crlf", "text=none eol=crlf", "crlf", "-crlf", "crlf=input eol=crlf", "crlf eol=crlf", "-crlf eol=crlf", "crlf=auto eol=crlf",
	"text crlf=auto eol=crlf", "ident", "-ident", "ident=x", "ident text eol=crlf", "binary", "eol=crlf binary", "binary text eol=crlf", "text eol=crlf binary", "filter=lfs", "filter=lfs text eol=crlf",
	"export-subst", "export-ignore", "working-tree-encoding=UTF-16", "working-tree-encoding=UTF-16LE", "working-tree-encoding=utf16be", "working-tree-encoding=UTF-16LE-BOM",
	"working-tree-encoding=UTF-16BE-BOM", "working-tree-encoding=UTF-32", "working-tree-encoding=UTF-32LE", "working-tree-encoding=UTF-32BE", "working-tree-encoding=UTF-8",
	"working-tree-encoding=utf8", "-working-tree-encoding", "!working-tree-encoding", "working-tree-encoding=ISO-8859-1", "working-tree-encoding=latin1", "working-tree-encoding=ISO-8859-15",
	"working-tree-encoding=ISO8859-5", "working-tree-encoding=windows-1251", "working-tree-encoding=CP1252", "working-tree-encoding=KOI8-R", "working-tree-encoding=cp437",
	"text eol=crlf working-tree-encoding=UTF-16LE", "ident eol=crlf working-tree-encoding=UTF-16", "eol=crlf bad!name", "eol=crlf -", "unix", "dos", "dos eol=lf", "-dos", "nested", "self",
}

// macros are those of the root's .gitattributes.
const macros = "[attr]unix text eol=lf\n[attr]dos text eol=crlf\n[attr]nested dos ident\n[attr]self self text eol=crlf\n[attr]-bad text\n"

// TestAttributesAsGo compares the hashes with those of the go command, which
// takes the same repository with git.
func TestAttributesAsGo(t *testing.T) {
	files := map[string]string{
		"go.mod":         "module example.com/acme/lib.git\n",
		"sub/go.mod":     "module example.com/acme/lib.git/sub\n",
		".gitattributes": macros + "LICENSE text eol=crlf\n/go.mod text eol=crlf\nsub/go.mod ident\nsub/above/* ident\n",
		"LICENSE":        "of the root\n", // in the folder's zip as it is
		"sub/above/file": "$Id$\n",
	}
	for i, attrs := range changing {
		for _, dir := range []string{fmt.Sprintf("d%d", i), fmt.Sprintf("sub/d%d", i)} {
			files[dir+"/.gitattributes"] = "* " + attrs + "\n"
			for name, text := range contents {
				files[dir+"/"+name] = text
			}
		}
	}
	dir, commit := fastImport(t, files)
	c := newClient(t, Options{})
	found := mustFind(t, c, Request{URL: dir, Choose: tag("v1.0.0")}, commit)
	for folder, path := range map[string]string{"": "example.com/acme/lib.git", "sub": "example.com/acme/lib.git/sub"} {
		want := goDownload(t, filepath.Dir(filepath.Dir(dir)), path+"@v1.0.0")
		for _, when := range []string{"written", "read again"} {
			if _, err := c.Tree(t.Context(), found, folder); err != nil {
				t.Fatal(err)
			}
			sums, err := c.CheckFiles(t.Context(), found, folder)
			if err != nil {
				t.Fatal(err)
			}
			if got := sums.H1(path + "@v1.0.0"); got != want.Sum {
				t.Errorf("%s, %s: %s, and the go command has %s", path, when, got, want.Sum)
			}
			if got := sums.GoModH1(); got != want.GoModSum {
				t.Errorf("%s, %s: go.mod %s, and the go command has %s", path, when, got, want.GoModSum)
			}
			c = newClient(t, Options{Store: c.store}) // which did not write it
		}
	}
}

// downloaded is what `go mod download -json` says.
type downloaded struct{ Sum, GoModSum, Error string }

// goDownload has the go command take a module from the repositories below dir.
func goDownload(t *testing.T, dir, what string) (d downloaded) {
	t.Helper()
	config := filepath.Join(t.TempDir(), "gitconfig")
	testkit.WriteFile(t, config, fmt.Sprintf("[url %q]\n\tinsteadOf = https://example.com/\n[safe]\n\tdirectory = *\n", "file://"+filepath.ToSlash(dir)+"/"))
	cmd := exec.CommandContext(t.Context(), "go", "mod", "download", "-json", what)
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), "GOPROXY=direct", "GOSUMDB=off", "GOPRIVATE=", "GOVCS=*:all", "GOFLAGS=-modcacherw", "GOWORK=off", "GO111MODULE=on",
		"GOMODCACHE="+t.TempDir(), "GIT_CONFIG_GLOBAL="+config, "GIT_CONFIG_NOSYSTEM=1", "GIT_ALLOW_PROTOCOL=file:https", "XDG_CONFIG_HOME="+filepath.Join(testkit.TempHome(t), ".config"))
	out, err := cmd.Output()
	if err := errors.Join(err, json.Unmarshal(out, &d)); err != nil {
		t.Fatalf("go mod download %s: %v\n%s", what, err, out)
	}
	return d
}

// TestAttributesAsGit draws patterns, and compares each file with the one in
// git's own archive.
func TestAttributesAsGit(t *testing.T) {
	for seed := range uint64(40) {
		draw := rand.New(rand.NewPCG(seed, 1))
		files := drawAttributes(draw)
		dir, commit := fastImport(t, files)
		want := archived(t, dir)
		c := newClient(t, Options{})
		found := mustFind(t, c, Request{URL: dir, Choose: tag("v1.0.0")}, commit)
		tree, err := c.Tree(t.Context(), found, "")
		if err != nil {
			t.Fatal(err)
		}
		for name := range files {
			got, err := os.ReadFile(filepath.Join(tree, filepath.FromSlash(name)))
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != want[name] {
				t.Errorf("seed %d: %s: %q, and git has %q", seed, name, got, want[name])
			}
		}
		if t.Failed() {
			for _, name := range slices.Sorted(maps.Keys(files)) {
				if strings.HasSuffix(name, gitattr.FileName) {
					t.Logf("%s:\n%s", name, files[name])
				}
			}
			return
		}
	}
}

// drawAttributes makes a repository with the same content in many files, and
// lines that concern some of them.
func drawAttributes(draw *rand.Rand) map[string]string {
	pick := func(of ...string) string { return of[draw.IntN(len(of))] }
	files := map[string]string{"go.mod": "module example.com/acme/lib\n", gitattr.FileName: macros}
	dirs := []string{"", "a/", "a/b/", "a/b/c/", "ab/", "[x]/"}
	for range 25 {
		files[pick(dirs...)+pick("f", "a", "b", "ab", "abc", "a.bat", "b.txt", "x y", "-", "[a]", "Q.BAT", "0", "z!", "caf\u00e9", "]", "#c")] = "$Id$\nGr\u00fc\u00dfe\n"
	}
	part := func() string {
		return pick("*", "**", "?", "a", "b", "ab", "c", "*.bat", "*.*", "a*", "*b", "[ab]", "[!a]", "[^b]*", "[a-c]*", "[]]", "[a-]", "[[:alpha:]]*", "[[:digit:]]", "[[:upper:]]*", "[[:bad:]]", "[[:a]", `\[a]`,
			`\*`, `a\`, "[", "f", "a**", "**b", "***", "?*", `"a b"`, `[\]]`, `[a\-c]`, "[b-\\d]", "caf??", "caf?", "[x]", `\#c`, "a?", "*[!b]", "[!]]*", "-", "[--/]")
	}
	for range 12 {
		dir := pick(dirs...)
		pattern := pick("", "", "", "/") + part()
		for range draw.IntN(3) {
			pattern += "/" + part()
		}
		pattern += pick("", "", "", "", "/", "/**", "**")
		if draw.IntN(8) == 0 {
			pattern = pick(`"x y"`, `"\x20"`, `"caf\303\251"`, `"*"`, "!a", `\!a`, "#a", "*\t", `"a`, "  *", `"*`, `"a\/b"`, `"a"text`)
		}
		files[dir+gitattr.FileName] += pattern + pick(" ", "\t", " \r ") + pick(changing...) + pick("\n", "\r\n", "\n\n", "  \n")
	}
	for name := range files {
		for other := range files {
			if strings.HasPrefix(other, name+"/") {
				delete(files, name) // a directory is in its place
			}
		}
	}
	return files
}

// archived are the files of git's archive, made as the go command does.
func archived(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := runGit(t, dir, nil, "-c", "core.autocrlf=input", "-c", "core.eol=lf", "archive", "--format=tar", "v1.0.0")
	files := map[string]string{}
	for r := tar.NewReader(strings.NewReader(out)); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		files[h.Name] = string(data)
	}
}
