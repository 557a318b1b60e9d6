package source

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/storage/memory"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/modfiles"
	"github.com/vxlite/vxlite/internal/patch"
	"github.com/vxlite/vxlite/internal/testkit"
)

// TestPatchRoundTrip edits a plugin's files at random, makes patches of the commits,
// and wants the same files of them. Each sequence has its number as the seed.
func TestPatchRoundTrip(t *testing.T) {
	archive, err := os.ReadFile(filepath.Join("..", "..", "testdata", "git", "roadrunner-server_http.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	r := testkit.MustParse(t, string(archive))
	repos := testkit.WriteRepos(t, r)
	url := filepath.Join(repos, r.Path())
	c := newClient(t, Options{})
	dir := filepath.Join(t.TempDir(), "clone")
	if _, err := c.Clone(t.Context(), CloneRequest{URL: url, Ref: "v5.3.0", Commit: r.Commit("v5.3.0"), Dir: dir, Work: true}); err != nil {
		t.Fatal(err)
	}
	w, err := OpenWork(dir)
	if err != nil {
		t.Fatal(err)
	}
	w.repo = inMemory(t, w.repo)
	for seed := range uint64(200) {
		e := &editor{t: t, Rand: rand.New(rand.NewPCG(seed, 0)), w: w}
		head := w.base
		var tree *modfiles.Tree
		for n := range 1 + e.IntN(4) {
			tree = e.edit(e.tree(head))
			if head, err = putCommit(w.repo, head, tree, patch.Message{Subject: fmt.Sprintf("Change %d", n), Name: "A", Email: "a@example.com", Date: time.Unix(int64(n), 0)}); err != nil {
				t.Fatal(err)
			}
		}
		changes, err := w.since(t.Context(), w.base, head)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		s := patch.NewSeries(e.format(changes))
		got := plumbing.Hash{}
		if s == nil { // nothing was changed
			got = e.tree(w.base).Root()
		} else if steps, err := c.steps(e.module(w.base), Found{Patches: s}); err != nil {
			t.Errorf("seed %d: %v", seed, err)
			continue
		} else {
			got = steps[len(steps)-1].tree.Root()
		}
		if got != tree.Root() {
			t.Errorf("seed %d: the files are others", seed)
		}
	}
}

// inMemory is a repository with the same objects, which writes no files.
func inMemory(t *testing.T, repo *git.Repository) *git.Repository {
	t.Helper()
	st := memory.NewStorage()
	all, err := repo.Storer.IterEncodedObjects(plumbing.AnyObject)
	testkit.Check(t, err)
	testkit.Check(t, all.ForEach(func(o plumbing.EncodedObject) error {
		_, err := st.SetEncodedObject(o)
		return err
	}))
	same, err := git.Init(st, nil)
	testkit.Check(t, err)
	return same
}

// editor edits trees at random.
type editor struct {
	t *testing.T
	*rand.Rand
	w *Work
}

func (e *editor) module(commit plumbing.Hash) *modfiles.Module {
	return &modfiles.Module{Objects: e.w.repo.Storer, Commit: commit.String(), Limits: config.Limits{}.OrDefault(), Trusted: true}
}

func (e *editor) tree(commit plumbing.Hash) *modfiles.Tree {
	tree, err := e.module(commit).Tree()
	if err != nil {
		e.t.Fatal(err)
	}
	return tree
}

// format makes a patch file of each change that changes something.
func (e *editor) format(changes []Change) (out []config.Patch) {
	for i, c := range changes {
		if len(c.Edits) == 0 {
			continue
		}
		data, err := patch.Format(c.Message, c.Edits)
		if err != nil {
			e.t.Fatal(err)
		}
		out = append(out, config.Patch{Name: fmt.Sprintf("%04d.patch", i), Data: data, SHA256: fmt.Sprint(i)})
	}
	return out
}

// names are the files of a tree, sorted.
func (e *editor) names(tree *modfiles.Tree) (out []string) {
	for _, o := range tree.Made {
		if _, err := e.w.repo.Storer.SetEncodedObject(o); err != nil {
			e.t.Fatal(err)
		}
	}
	root, err := object.GetTree(e.w.repo.Storer, tree.Root())
	if err != nil {
		e.t.Fatal(err)
	}
	_ = root.Files().ForEach(func(f *object.File) error { out = append(out, f.Name); return nil })
	slices.Sort(out)
	return out
}

// edit makes some changes at once.
func (e *editor) edit(tree *modfiles.Tree) *modfiles.Tree {
	files := map[string]modfiles.Content{}
	names := e.names(tree)
	for range 1 + e.IntN(5) {
		if len(names) == 0 {
			break
		}
		name := names[e.IntN(len(names))]
		if _, done := files[name]; done {
			continue
		}
		old, err := tree.File(name)
		if err != nil {
			e.t.Fatal(err)
		}
		fresh := fmt.Sprintf("%s%d/new ü%d", []string{"", "a/b/", "d"}[e.IntN(3)], e.IntN(3), e.IntN(1000))
		switch now := old; e.IntN(8) {
		case 0:
			files[name] = modfiles.Content{}
		case 1: // renamed, and perhaps changed
			files[name] = modfiles.Content{}
			if e.IntN(2) == 0 {
				now.Data = e.lines(now.Data)
			}
			files[fresh] = now
		case 2:
			files[fresh] = modfiles.Content{Mode: filemode.Regular, Data: e.lines(nil)}
		case 3:
			now.Mode = []filemode.FileMode{filemode.Regular, filemode.Executable}[e.IntN(2)]
			files[name] = now
		case 4:
			now.Data = slices.Concat(old.Data[:e.IntN(len(old.Data)+1)], []byte{0, byte(e.IntN(256))})
			files[name] = now
		case 5:
			now.Data = bytes.ReplaceAll(old.Data, []byte("\n"), []byte("\r\n"))
			files[name] = now
		default:
			now.Data = e.lines(old.Data)
			files[name] = now
		}
	}
	out, err := tree.With(files)
	if err != nil {
		e.t.Fatal(err)
	}
	return out
}

// lines changes lines of a text: some go, some are repeated, some are new; and the
// last may lose its end.
func (e *editor) lines(text []byte) []byte {
	var out []byte
	for line := range bytes.Lines(text) {
		switch e.IntN(25) {
		case 0:
		case 1:
			out = append(append(out, line...), line...)
		case 2:
			out = fmt.Appendf(append(out, line...), "new %d\n", e.IntN(5))
		default:
			out = append(out, line...)
		}
	}
	for range e.IntN(4) {
		out = fmt.Appendf(out, "%s%d\n", []string{"", "\t", "-- ", "+++ ", "From "}[e.IntN(5)], e.IntN(3))
	}
	if e.IntN(4) == 0 {
		out = bytes.TrimSuffix(out, []byte("\n"))
	}
	return out
}
