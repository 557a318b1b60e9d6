package source

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/vxlite/vxlite/internal/testkit"
)

// TestLocal reads repositories in all the shapes that a directory can have.
func TestLocal(t *testing.T) {
	r, _ := testkit.Lib(t)
	dir := testkit.WriteRepos(t, r)
	bare := filepath.Join(dir, "acme", "lib.git")
	// write makes a file below dir, and move a copy of the bare repository.
	write := func(name, content string) { testkit.WriteFile(t, filepath.Join(dir, name), content) }
	move := func(name string) {
		t.Helper()
		if err := os.CopyFS(filepath.Join(dir, name), os.DirFS(bare)); err != nil {
			t.Fatal(err)
		}
	}
	move("work/.git")
	write("work/.git/config", "[core]\n\trepositoryformatversion = 0\n\tbare = false\n")
	write("work/go.mod", "module changed.by/hand\n")

	write("linked/.git", "gitdir: "+dir+"/work/.git/worktrees/linked\n")
	write("work/.git/worktrees/linked/HEAD", "ref: refs/heads/side\n")
	write("work/.git/worktrees/linked/commondir", "../..\n")
	write("work/.git/worktrees/linked/gitdir", dir+"/linked/.git\n")

	move("shared.git")
	for _, gone := range []string{"shared.git/objects"} {
		if err := os.RemoveAll(filepath.Join(dir, gone)); err != nil {
			t.Fatal(err)
		}
	}
	write("shared.git/objects/info/alternates", bare+"/objects\n")

	move("shared-work/.git")
	if err := os.RemoveAll(filepath.Join(dir, "shared-work/.git/objects")); err != nil {
		t.Fatal(err)
	}
	write("shared-work/.git/objects/info/alternates", bare+"/objects\n")
	write("shared-work/.git/config", "[core]\n\trepositoryformatversion = 0\n\tbare = false\n")

	move("detached.git")
	write("detached.git/HEAD", r.Commit("v1.0.0")+"\n")

	main, side := r.Commit("main"), r.Commit("side")
	for _, tt := range []struct{ name, path, head string }{
		{"bare", "acme/lib.git", main},
		{"without .git", "acme/lib", main},
		{"with a slash", "acme/lib.git/", main},
		{"work tree", "work", main},
		{"its .git", "work/.git", main},
		{"linked work tree", "linked", side},
		{"with alternates", "shared.git", main},
		{"work tree with alternates", "shared-work", main},
		{"detached", "detached.git", r.Commit("v1.0.0")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newClient(t, Options{Offline: true}) // local paths serve all the same
			url := filepath.Join(dir, tt.path)
			mustFind(t, c, Request{URL: url, Choose: func(refs *Refs) (Ref, error) { return refs.Head(), nil }}, tt.head)
			found := mustFind(t, c, Request{URL: url, Choose: tag("v1.1.0")}, r.Commit("v1.1.0"))
			if found.Tag != "v1.1.0" {
				t.Errorf("tag %q, want v1.1.0", found.Tag)
			}
			if got := mustTree(t, c, found, ""); got[0] != "go.mod: module example.com/acme/lib" {
				t.Errorf("files %q, want the commit's", got)
			}
		})
	}
}

func TestLocalErrors(t *testing.T) {
	dir := t.TempDir()
	testkit.WriteFile(t, filepath.Join(dir, "plain", "go.mod"), "module example.com/plain\n")
	testkit.WriteFile(t, filepath.Join(dir, "file"), "")
	testkit.WriteFile(t, filepath.Join(dir, "broken", ".git"), "gitdir: /nowhere\n")
	if err := os.MkdirAll(filepath.Join(dir, "headless.git", "objects"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		path, want string
		hints      []string
	}{
		{"none", "no repository at " + dir + "/none", []string{noRepository}},
		{"plain", "no repository at " + dir + "/plain", []string{noRepository}},
		{"file", "no repository at " + dir + "/file", []string{noRepository}},
		{"headless", "no repository at " + dir + "/headless", []string{noRepository}},
		{"broken", dir + "/broken: repository does not exist", nil},
	} {
		c := newClient(t, Options{})
		_, err := c.Find(t.Context(), Request{URL: filepath.Join(dir, tt.path), Choose: refuse(t)})
		testkit.WantError(t, err, tt.want, tt.hints...)
	}
}

// TestLocalMoves has a branch of a local repository move: it is looked up
// anew, and what a tag led to before does not count.
func TestLocalMoves(t *testing.T) {
	r, _ := testkit.Lib(t)
	dir := testkit.WriteRepos(t, r)
	url := filepath.Join(dir, "acme", "lib.git")
	store := newStore(t)
	for _, to := range []string{"main", "side"} {
		for _, ref := range []string{"refs/heads/main", "refs/tags/v1.0.0"} {
			testkit.WriteFile(t, filepath.Join(url, ref), r.Commit(to)+"\n")
		}
		c := newClient(t, Options{Store: store})
		mustFind(t, c, Request{URL: url, Choose: branch("main")}, r.Commit(to))
		mustFind(t, c, Request{URL: url, Tags: []string{"v1.0.0"}, Choose: tag("v1.0.0")}, r.Commit(to))
	}
}

// TestLocalRefs has how a local repository's refs are listed: packed and
// loose, and none that are broken.
func TestLocalRefs(t *testing.T) {
	r, _ := testkit.Lib(t)
	dir := testkit.WriteRepos(t, r)
	url := filepath.Join(dir, "acme", "lib.git")
	if err := os.Remove(filepath.Join(url, "refs/tags/v1.0.0")); err != nil {
		t.Fatal(err)
	}
	testkit.WriteFile(t, filepath.Join(url, "packed-refs"), "# pack-refs with: peeled fully-peeled sorted\n"+r.Commit("v1.0.0")+" refs/tags/v1.0.0\n"+r.Commit("side")+" refs/heads/main\n")
	testkit.WriteFile(t, filepath.Join(url, "refs/heads/alias"), "ref: refs/heads/side\n")
	c := newClient(t, Options{})
	var tags, branches []string
	mustFind(t, c, Request{URL: url, Choose: func(refs *Refs) (Ref, error) {
		for _, ref := range refs.Tags() {
			tags = append(tags, ref.Short())
		}
		for _, ref := range refs.Branches() {
			branches = append(branches, ref.Short())
		}
		if _, ok := refs.Branch("alias"); ok {
			t.Error("a symbolic ref is taken for a branch")
		}
		ref, _ := refs.Branch("main")
		return ref, nil
	}}, r.Commit("main")) // the loose one counts
	if got, want := join(tags), "unversioned v1.0.0 v1.1.0"; got != want {
		t.Errorf("tags %s, want %s", got, want)
	}
	if got, want := join(branches), "main side"; got != want {
		t.Errorf("branches %s, want %s", got, want)
	}
}

// TestPeeledRemembered has an annotated tag opened once.
func TestPeeledRemembered(t *testing.T) {
	testkit.NeedsUnix(t, "a pack that is open is removed")
	r, _ := testkit.Lib(t)
	dir := testkit.WriteRepos(t, r)
	url := filepath.Join(dir, "acme", "lib.git")
	store := newStore(t)
	mustFind(t, newClient(t, Options{Store: store}), Request{URL: url, Choose: tag("v1.1.0")}, r.Commit("v1.1.0"))
	if got, ok := store.Peeled(r.Object("v1.1.0")); !ok || got != r.Commit("v1.1.0") {
		t.Errorf("the tag object leads to %q, want %s", got, r.Commit("v1.1.0"))
	}
	if err := os.RemoveAll(filepath.Join(url, "objects", "pack")); err != nil {
		t.Fatal(err)
	}
	mustFind(t, newClient(t, Options{Store: store}), Request{URL: url, Choose: tag("v1.1.0")}, r.Commit("v1.1.0"))
}

// TestTagOfTree has a tag that leads to no commit.
func TestTagOfTree(t *testing.T) {
	r := testkit.MustParse(t, testkit.ModuleArchive("a"))
	dir := testkit.WriteRepos(t, r)
	url := filepath.Join(dir, "acme", "a.git")
	tree := treeOf(t, url, r)
	testkit.WriteFile(t, filepath.Join(url, "refs/tags/tree"), tree+"\n")
	_, err := newClient(t, Options{}).Find(t.Context(), Request{URL: url, Choose: tag("tree")})
	testkit.WantError(t, err, url+": tree: "+tree+" is a tree, not a commit")

	b := testkit.ServeHTTP(t, testkit.HTTPBackendOptions{Repos: dir})
	web := b.URL + "/acme/a.git"
	store := newStore(t)
	_, err = newClient(t, Options{Store: store}).Find(t.Context(), Request{URL: web, Choose: tag("tree")})
	testkit.WantError(t, err, web+" has no commit "+tree)
	if got := entries(t, store, "said"); len(got) != 0 {
		t.Errorf("the store remembers the tag: %q", got)
	}
	if got := entries(t, store, "git"); len(got) != 0 {
		t.Errorf("the store holds what is no commit: %q", got)
	}
}
