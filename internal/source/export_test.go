package source

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vxlite/vxlite/internal/testkit"
)

// TestExport has one commit from a folder, over SSH, over HTTP, and from a
// repository that git packed in its own way: the exported bytes are the same,
// and so are the modules in them.
func TestExport(t *testing.T) {
	r := testkit.MustParse(t, platform)
	repos := testkit.WriteRepos(t, r)
	local := filepath.Join(repos, "acme", "platform")
	want := r.Commit("v1.0.0")
	folders := []string{"", "nested", "licensed"}
	sshd := testkit.ServeSSH(t, testkit.SSHDOptions{Repos: repos})
	web := testkit.ServeHTTP(t, testkit.HTTPBackendOptions{Repos: repos})

	fromFolder := newClient(t, Options{})
	first := filepath.Join(t.TempDir(), "git", want)
	export(t, fromFolder, mustFind(t, fromFolder, Request{URL: local, Choose: tag("v1.0.0")}, want), folders, first)
	for _, tt := range []struct {
		name, url string
		env       testkit.Vars
	}{
		{"ssh", sshd.URL("acme/platform.git"), testkit.Home(t, sshd, "")},
		{"http", web.URL + "/acme/platform", testkit.Vars{}},
		{"repacked", repack(t, local+".git"), testkit.Vars{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newClient(t, Options{Env: tt.env.Env})
			found := mustFind(t, c, Request{URL: tt.url, Choose: tag("v1.0.0")}, want)
			dir := filepath.Join(t.TempDir(), want)
			export(t, c, found, folders, dir)
			if got := testkit.Files(t, dir); !slices.Equal(got, testkit.Files(t, first)) {
				t.Errorf("other bytes than from a folder: %d files", len(got))
			}
		})
	}

	// Read back, with nothing else there and nothing written to.
	readOnly(t, filepath.Dir(first))
	back := newClient(t, Options{Exported: filepath.Dir(first), Offline: true})
	found := mustFind(t, back, Request{URL: "https://example.com/gone", Commit: want, Choose: refuse(t)}, want)
	if when := r.Time("v1.0.0"); !found.Time.Equal(when) {
		t.Errorf("time %v, want %v", found.Time, when)
	}
	for _, folder := range folders {
		direct := mustTree(t, fromFolder, mustFind(t, fromFolder, Request{URL: local, Choose: tag("v1.0.0")}, want), folder)
		if got := mustTree(t, back, found, folder); !slices.Equal(got, direct) {
			t.Errorf("folder %q:\n%s\nwant:\n%s", folder, strings.Join(got, "\n"), strings.Join(direct, "\n"))
		}
	}
	_, err := back.Find(t.Context(), Request{Module: "lib", Ref: "v1.0.0", Commit: strings.Repeat("0", 40), URL: local, Choose: refuse(t)})
	testkit.WantError(t, err, "v1.0.0 (000000000000) is not among the vendored commits")
	_, err = back.Find(t.Context(), Request{Module: "lib", Ref: "v1.0.0", URL: local, Choose: refuse(t)})
	testkit.WantError(t, err, "v1.0.0 is not among the vendored commits")
}

// TestExportOnlyNeeded takes one folder: what the others have is not exported.
// git reads the result.
func TestExportOnlyNeeded(t *testing.T) {
	r := testkit.MustParse(t, platform)
	c := newClient(t, Options{})
	found := mustFind(t, c, Request{URL: filepath.Join(testkit.WriteRepos(t, r), "acme", "platform"), Choose: tag("v1.0.0")}, r.Commit("v1.0.0"))
	dir := filepath.Join(t.TempDir(), found.Commit)
	export(t, c, found, []string{"nested"}, dir)
	git, err := exec.LookPath("git")
	if err != nil {
		testkit.Check(t, &testkit.MissingError{Program: "git", Err: err})
	}
	for _, tt := range []struct {
		object, want string
		there        bool
	}{
		{"main:nested/go.mod", "module example.com/acme/platform/nested", true},
		{"main:LICENSE", "of the root", true},
		{"main:one.go", "", false},
		{"main:nested/inner/inner.go", "", false},
	} {
		out, err := exec.Command(git, "--git-dir", dir, "cat-file", "blob", tt.object).Output()
		if got := strings.TrimSpace(string(out)); got != tt.want || (err == nil) != tt.there {
			t.Errorf("%s: %q, %v", tt.object, got, err)
		}
	}
	if out, err := exec.Command(git, "--git-dir", dir, "log", "--format=%H", "main").CombinedOutput(); strings.TrimSpace(string(out)) != found.Commit {
		t.Errorf("git log: %s %v", out, err)
	}
}

func export(t *testing.T, c *Client, f Found, folders []string, dir string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	var of []Exported
	for _, folder := range folders {
		of = append(of, Exported{Folder: folder})
	}
	if err := c.Export(t.Context(), f, of, dir); err != nil {
		t.Fatal(err)
	}
}

// repack copies a bare repository and lets git pack it with deltas.
func repack(t *testing.T, repo string) string {
	t.Helper()
	git, err := exec.LookPath("git")
	if err != nil {
		testkit.Check(t, &testkit.MissingError{Program: "git", Err: err})
	}
	dir := filepath.Join(t.TempDir(), "repacked.git")
	for _, args := range [][]string{{"clone", "-q", "--bare", "--no-local", repo, dir}, {"-C", dir, "repack", "-q", "-adf", "--depth=50"}} {
		if out, err := exec.Command(git, args...).CombinedOutput(); err != nil {
			t.Fatalf("git %s: %v\n%s", args, err, out)
		}
	}
	return dir
}

// readOnly takes the permission to write from all below dir, until the test ends.
func readOnly(t *testing.T, dir string) {
	t.Helper()
	mode := func(file, folder os.FileMode) {
		err := filepath.WalkDir(dir, func(p string, d os.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if d.IsDir() {
				return os.Chmod(p, folder)
			}
			return os.Chmod(p, file)
		})
		if err != nil {
			t.Error(err)
		}
	}
	mode(0o444, 0o555)
	t.Cleanup(func() { mode(0o644, 0o755) })
}
