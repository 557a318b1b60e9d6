package main

import (
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vxlite/vxlite/internal/schema"
)

// TestDocuments follows the links of the README and of all pages within the
// repository: whoever unpacks an archive can too.
func TestDocuments(t *testing.T) {
	root := filepath.Join("..", "..")
	documents, err := documents(root)
	if err != nil {
		t.Fatal(err)
	}
	links := regexp.MustCompile(`\]\(([^):#]+)(?:#[^)]*)?\)`)
	for _, d := range documents {
		if path.Ext(d) != ".md" {
			if _, err := os.Stat(filepath.Join(root, d)); err != nil {
				t.Error(err)
			}
			continue
		}
		for _, m := range links.FindAllStringSubmatch(strings.Join(lines(t, d), "\n"), -1) {
			if to := path.Join(path.Dir(d), m[1]); !slices.Contains(documents, to) {
				t.Errorf("%s links to %s, which is in no archive", d, to)
			}
		}
	}
}

// TestContents wants the schema in an archive, under the name that the line in a
// config has.
func TestContents(t *testing.T) {
	files := contents("tmp", file{name: "vxlite", path: "out", program: true}, nil)
	i := slices.IndexFunc(files, func(f file) bool { return f.name == "velox.schema.json" && !f.program })
	if i < 0 || files[i].path != filepath.Join("tmp", "velox.schema.json") || !strings.HasSuffix(schema.URL, "/"+files[i].name) {
		t.Errorf("the files are %+v", files)
	}
}

// TestStamped compiles a commit with a tag, which names the archive, and one
// that was changed since.
func TestStamped(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	t.Chdir(t.TempDir())
	t.Setenv("GIT_CONFIG_GLOBAL", os.DevNull)
	t.Setenv("GIT_CONFIG_COUNT", "0")
	t.Setenv("GIT_COMMITTER_DATE", "2026-03-04T05:06:08Z")
	t.Setenv("GOFLAGS", "")
	t.Setenv("GOWORK", "off")
	save(t, "go.mod", "module example.com/program\n\ngo 1.26\n")
	save(t, "main.go", "package main\n\nfunc main() {}\n")
	save(t, ".gitignore", "/program\n")
	command(t, "git", "init", "-q", "-b", "main")
	command(t, "git", "add", ".")
	command(t, "git", "-c", "user.name=ann", "-c", "user.email=ann@example.com", "commit", "-q", "-m", "A program")
	command(t, "git", "tag", "v0.1.0")
	check := func(want string, at time.Time) {
		t.Helper()
		command(t, "go", "build", "-buildvcs=auto", "-o", "program", ".")
		version, got, err := stamped("program")
		if err != nil {
			t.Fatal(err)
		}
		if version != want || !got.Equal(at) {
			t.Errorf("%s of %v, not %s of %v", version, got, want, at)
		}
	}
	check("v0.1.0", at)
	t.Setenv("SOURCE_DATE_EPOCH", "1700000000")
	check("v0.1.0", time.Unix(1700000000, 0))
	save(t, "main.go", "package main\n\nfunc main() { println() }\n")
	check("v0.1.0+dirty", time.Unix(1700000000, 0))
	t.Setenv("SOURCE_DATE_EPOCH", "yesterday")
	if _, _, err := stamped("program"); err == nil || err.Error() != `SOURCE_DATE_EPOCH is "yesterday", not a number of seconds` {
		t.Errorf("error %v", err)
	}
}

func save(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func command(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
}
