package mirrordir

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"
	"github.com/go-git/go-git/v5/storage/memory"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/event"
	"github.com/vxlite/vxlite/internal/gitpack"
	"github.com/vxlite/vxlite/internal/testkit"
)

var (
	noSink   = event.Sink(func(event.Event) {})
	defaults = ApplyOptions{Limits: config.Limits{}.OrDefault(), Sink: noSink}
	aRepo    = Repository{URL: "https://example.com/acme/a", Path: "git/example.com/acme/a.git"}
	bRepo    = Repository{URL: "https://example.com/acme/b", Path: "git/example.com/acme/b.git"}
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// blobs are a pack of these contents, and their hashes.
func blobs(t testing.TB, contents ...string) ([]byte, []plumbing.Hash) {
	t.Helper()
	st := memory.NewStorage()
	var hashes []plumbing.Hash
	for _, c := range contents {
		obj := new(plumbing.MemoryObject)
		obj.SetType(plumbing.BlobObject)
		_, err := obj.Write([]byte(c))
		must(t, err)
		h, err := st.SetEncodedObject(obj)
		must(t, err)
		hashes = append(hashes, h)
	}
	var b bytes.Buffer
	_, err := packfile.NewEncoder(&b, st, false).Encode(hashes, 0)
	must(t, err)
	return b.Bytes(), hashes
}

// addTo adds a pack to a repository, which is made if it is not there, and refs to
// its object.
func addTo(t testing.TB, dir string, content string, names ...string) {
	t.Helper()
	if _, err := os.Stat(filepath.Join(dir, "HEAD")); err != nil {
		must(t, gitpack.InitBare(dir))
	}
	pack, hashes := blobs(t, content)
	_, _, err := gitpack.AddPack(dir, bytes.NewReader(pack), defaults.Limits)
	must(t, err)
	old, err := gitpack.ReadPackedRefs(dir, defaults.Limits)
	must(t, err)
	refs := map[string]gitpack.PackedRef{}
	for _, r := range old {
		refs[r.Name] = r
	}
	for _, name := range names {
		refs[name] = gitpack.PackedRef{Name: name, Hash: hashes[0]}
	}
	must(t, gitpack.WritePackedRefs(dir, slices.Collect(maps.Values(refs))))
}

// addCommit adds to a repository's main branch a commit that has a tree of its own.
func addCommit(t testing.TB, dir, parent string) string {
	t.Helper()
	if _, err := os.Stat(filepath.Join(dir, "HEAD")); err != nil {
		must(t, gitpack.InitBare(dir))
	}
	st := memory.NewStorage()
	set := func(kind plumbing.ObjectType, data string) plumbing.Hash {
		obj := new(plumbing.MemoryObject)
		obj.SetType(kind)
		_, err := obj.Write([]byte(data))
		must(t, err)
		h, err := st.SetEncodedObject(obj)
		must(t, err)
		return h
	}
	blob := set(plumbing.BlobObject, "after "+parent)
	tree := set(plumbing.TreeObject, "100644 file\x00"+string(blob[:]))
	text := "tree " + tree.String() + "\n"
	if parent != "" {
		text += "parent " + parent + "\n"
	}
	commit := set(plumbing.CommitObject, text+"author A <a@example.com> 1772359200 +0000\ncommitter A <a@example.com> 1772359200 +0000\n\nparent "+strings.Repeat("a", 40)+"\n")
	var b bytes.Buffer
	_, err := packfile.NewEncoder(&b, st, false).Encode([]plumbing.Hash{blob, tree, commit}, 0)
	must(t, err)
	_, _, err = gitpack.AddPack(dir, &b, defaults.Limits)
	must(t, err)
	must(t, gitpack.WritePackedRefs(dir, []gitpack.PackedRef{{Name: "refs/heads/main", Hash: commit}}))
	return commit.String()
}

// fill is what the n-th run outside adds to a mirror: to two repositories, of which
// one appears with the second run, and to the proxy tree.
func fill(t testing.TB, dir string, n int) {
	t.Helper()
	m, err := Open(t.Context(), dir, Make, noSink)
	must(t, err)
	defer m.Close()
	must(t, m.Begin())
	s := State{Layout: DefaultLayout, Repositories: []Repository{aRepo}, Bundles: m.State.Bundles,
		Needs: []Needs{{Config: "velox.toml", Digest: fmt.Sprint(n), Proxied: []string{"example.com/m@v1.0.0"}}}}
	addTo(t, m.Path(aRepo.Path), fmt.Sprintf("a %d", n), "refs/heads/main", fmt.Sprintf("refs/tags/v1.%d.0", n))
	if n > 1 {
		s.Repositories = append(s.Repositories, bRepo)
		addTo(t, m.Path(bRepo.Path), fmt.Sprintf("b %d", n), "refs/heads/main")
	}
	versions := ""
	for i := 1; i <= n; i++ {
		versions += fmt.Sprintf("v1.%d.0\n", i)
	}
	testkit.WriteFile(t, m.Path("proxy/example.com/m/@v/list"), versions)
	for _, ext := range []string{"info", "mod", "zip"} {
		testkit.WriteFile(t, m.Path(fmt.Sprintf("proxy/example.com/m/@v/v1.%d.0.%s", n, ext)), fmt.Sprint(ext, n))
	}
	testkit.WriteFile(t, m.Path("proxy/sumdb/sum.golang.org/latest"), fmt.Sprintf("tree %d", n))
	testkit.WriteFile(t, m.Path(fmt.Sprintf("releases/v%d/velox.lock", n)), "lock")
	must(t, m.Finish(t.Context(), s))
}

// bundle writes the n-th bundle of a mirror, beside it.
func bundle(t testing.TB, mirror string, n int) (file string) {
	t.Helper()
	name := func(n int) string { return filepath.Join(filepath.Dir(mirror), fmt.Sprintf("out-%d", n)) }
	o := BundleOptions{Sink: noSink}
	if n > 1 {
		o.Since = name(n-1) + ".json"
	}
	made, err := WriteBundle(t.Context(), mirror, name(n)+".tar.zst", o)
	must(t, err)
	if made.Bundle.Number != n {
		t.Errorf("bundle %d has the number %d", n, made.Bundle.Number)
	}
	return made.Path
}

// contents are all files of a mirror but the list and the state, in which there are
// the bundles that were applied.
func contents(t testing.TB, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	names, err := form.Walk(dir)
	must(t, err)
	for _, name := range names {
		data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		must(t, err)
		if name != StateFile && name != ListFile && name != lockFile {
			out[name] = string(data)
		}
	}
	return out
}

func sameContents(t testing.TB, got, want map[string]string) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if have, ok := got[name]; !ok || have != want[name] {
			t.Errorf("%s is %.100q (there: %v), want %.100q", name, have, ok, want[name])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(got)) {
		if _, ok := want[name]; !ok {
			t.Errorf("%s should not be there", name)
		}
	}
}

// carried are three bundles of a mirror, and what it had with each.
func carried(t testing.TB) (files []string, had []map[string]string) {
	t.Helper()
	outside := filepath.Join(t.TempDir(), "outside")
	for n := 1; n <= 3; n++ {
		fill(t, outside, n)
		files, had = append(files, bundle(t, outside, n)), append(had, contents(t, outside))
	}
	return files, had
}

// TestCarry carries three states of a mirror, one after the other. Each arrives as it
// was, and what has arrived already changes nothing.
func TestCarry(t *testing.T) {
	files, had := carried(t)
	inside := filepath.Join(t.TempDir(), "inside")
	for n, file := range files {
		a, err := Apply(t.Context(), inside, file, defaults)
		must(t, err)
		if a.Already || a.Bundle.Number != n+1 {
			t.Errorf("%+v", a)
		}
		sameContents(t, contents(t, inside), had[n])
		for _, again := range files[:n+1] {
			if a, err := Apply(t.Context(), inside, again, defaults); err != nil || !a.Already || a.Now.Number != n+1 {
				t.Errorf("again: %+v, %v", a, err)
			}
		}
	}
	m, err := Open(t.Context(), inside, Existing, noSink)
	must(t, err)
	defer m.Close()
	if got := m.State; len(got.Bundles) != 3 || len(got.Repositories) != 2 || got.Needs[0].Digest != "3" || got.Layout != DefaultLayout {
		t.Errorf("state %+v", got)
	}
	list, err := m.ReadList()
	must(t, err)
	names, err := m.Files()
	must(t, err)
	if !slices.Equal(list.Names(), names) {
		t.Errorf("listed are %q, there are %q", list.Names(), names)
	}
}

// TestSecond says what the second bundle brings, and how large it is.
func TestSecond(t *testing.T) {
	files, _ := carried(t)
	inside := filepath.Join(t.TempDir(), "inside")
	_, err := Apply(t.Context(), inside, files[0], defaults)
	must(t, err)
	a, err := Apply(t.Context(), inside, files[1], defaults)
	must(t, err)
	for i := range a.Repositories {
		a.Repositories[i].Bytes = 0
	}
	want := []AppliedRepository{
		{Repository: aRepo, New: []string{"refs/tags/v1.2.0"}, Changed: []string{"refs/heads/main"}},
		{Repository: bRepo, New: []string{"refs/heads/main"}},
	}
	if !reflect.DeepEqual(a.Repositories, want) || a.Files != 5 {
		t.Errorf("%+v\nwant %+v", a, want)
	}
}

// TestSameBundle has the same state twice, in different directories: the bytes are
// the same. One more bundle without anything new has nothing but its number.
func TestSameBundle(t *testing.T) {
	var sums []string
	for range 2 {
		outside := filepath.Join(t.TempDir(), "outside")
		fill(t, outside, 1)
		data, err := os.ReadFile(bundle(t, outside, 1))
		must(t, err)
		sums = append(sums, sumOf(data))
		o := BundleOptions{Since: filepath.Join(filepath.Dir(outside), "out-1.json"), Sink: noSink}
		made, err := WriteBundle(t.Context(), outside, filepath.Join(filepath.Dir(outside), "out-2.tar.zst"), o)
		must(t, err)
		if made.Packs != 0 || made.Files != 0 || made.Bundle.Number != 2 {
			t.Errorf("nothing is new, and it has %+v", made)
		}
	}
	if sums[0] != sums[1] {
		t.Error("the bytes differ")
	}
}

// TestFollows has mirrors with bundles before one.
func TestFollows(t *testing.T) {
	b := func(n int, id string) Bundle {
		return Bundle{Number: n, ID: id, Name: fmt.Sprintf("%s-%d.tar.zst", id[:1], n)}
	}
	all := []Bundle{b(1, "a1"), b(2, "a2"), b(3, "a3"), b(4, "a4")}
	fourth := &Record{Bundle: all[3], Before: all[:3]}
	whole := &Record{Bundle: b(1, "b1")}
	for _, tt := range []struct {
		name    string
		r       *Record
		have    []Bundle
		already bool
		want    string
		hint    string
	}{
		{"the next", fourth, all[:3], false, "", ""},
		{"there", fourth, all, true, "", ""},
		{"behind", fourth, append(slices.Clone(all), b(5, "a5")), true, "", ""},
		{"whole, of none", whole, nil, false, "", ""},
		{"whole, of others", whole, all, false, "", ""},
		{"one is missing", fourth, all[:2], false, "FILE is bundle 4: a-3.tar.zst (bundle 3) has to be applied first; DIR has bundle 2 (a-2.tar.zst)",
			"apply what is missing, or write a whole bundle, without --since-bundle"},
		{"two are missing", fourth, all[:1], false,
			"FILE is bundle 4: a-2.tar.zst (bundle 2), a-3.tar.zst (bundle 3) have to be applied first, in this order; DIR has bundle 1 (a-1.tar.zst)",
			"apply what is missing, or write a whole bundle, without --since-bundle"},
		{"all are missing", &Record{Bundle: all[1], Before: all[:1]}, nil, false, "FILE is bundle 2: a-1.tar.zst (bundle 1) has to be applied first; DIR has no bundle",
			"apply what is missing, or write a whole bundle, without --since-bundle"},
		{"of another", &Record{Bundle: all[1], Before: all[:1]}, []Bundle{b(1, "b1")}, false,
			"FILE is bundle 2: a-1.tar.zst (bundle 1) has to be applied first; DIR has bundle 1 (b-1.tar.zst), which is none of them",
			"apply what is missing, or write a whole bundle, without --since-bundle"},
		{"ahead", &Record{Bundle: b(3, "c3"), Before: all[:2]}, all[:3], false,
			"FILE is for a mirror with bundle 2 (a-2.tar.zst), and DIR has bundle 3 (a-3.tar.zst)",
			"write one with --since-bundle a-3.json, or a whole one, without --since-bundle"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			already, wrong := tt.r.follows(tt.have)
			got, hint := "", ""
			if wrong != nil {
				wrong.File, wrong.Dir = "FILE", "DIR"
				got, hint = wrong.Error(), strings.Join(wrong.Hints(), "\n")
			}
			if already != tt.already || got != tt.want || hint != tt.hint {
				t.Errorf("%v\n%s\n%s\nwant %v\n%s\n%s", already, got, hint, tt.already, tt.want, tt.hint)
			}
		})
	}
}

// TestKept applies a whole bundle to a mirror that has more: refs, versions of a
// module and ends of a history that only it has are kept, and a tag that is
// elsewhere in the bundle is the bundle's, and told of.
func TestKept(t *testing.T) {
	outside, inside := filepath.Join(t.TempDir(), "outside"), filepath.Join(t.TempDir(), "inside")
	fill(t, outside, 1)
	commit := strings.Repeat("a", 40)
	fill(t, inside, 3)
	m, err := Open(t.Context(), inside, Existing, noSink)
	must(t, err)
	must(t, m.Begin())
	addTo(t, m.Path(aRepo.Path), "own", "refs/tags/v1.1.0", "refs/heads/own")
	testkit.WriteFile(t, m.Path(aRepo.Path+"/shallow"), commit+"\n")
	must(t, m.Finish(t.Context(), m.State))
	must(t, m.Close())
	other := strings.Repeat("b", 40)
	testkit.WriteFile(t, filepath.Join(outside, filepath.FromSlash(aRepo.Path), "shallow"), other+"\n")
	m, err = Open(t.Context(), outside, Existing, noSink)
	must(t, err)
	must(t, m.Begin())
	must(t, m.Finish(t.Context(), m.State))
	must(t, m.Close())

	a, err := Apply(t.Context(), inside, bundle(t, outside, 1), defaults)
	must(t, err)
	_, ours := blobs(t, "own")
	_, theirs := blobs(t, "a 1")
	if want := []MovedTag{{"refs/tags/v1.1.0", ours[0].String(), theirs[0].String()}}; !slices.Equal(a.Repositories[0].Moved, want) {
		t.Errorf("moved %v, want %v", a.Repositories[0].Moved, want)
	}
	got := contents(t, inside)
	if list := got["proxy/example.com/m/@v/list"]; list != "v1.1.0\nv1.2.0\nv1.3.0\n" {
		t.Errorf("list %q", list)
	}
	if shallow := got[aRepo.Path+"/shallow"]; shallow != commit+"\n"+other+"\n" {
		t.Errorf("shallow %q", shallow)
	}
	refs, err := gitpack.ParsePackedRefs([]byte(got[aRepo.Path+"/packed-refs"]))
	must(t, err)
	names := map[string]plumbing.Hash{}
	for _, r := range refs {
		names[r.Name] = r.Hash
	}
	if names["refs/heads/own"] != ours[0] || names["refs/tags/v1.1.0"] != theirs[0] || len(names) != 4 {
		t.Errorf("refs %v", names)
	}
}

// TestWriteBundleRefused has places for a bundle, and mirrors, that do not do.
func TestWriteBundleRefused(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "outside")
	parent := filepath.Dir(outside)
	fill(t, outside, 1)
	bundle(t, outside, 1)
	testkit.WriteFile(t, filepath.Join(parent, "text.tar.zst"), "text")
	testkit.WriteFile(t, filepath.Join(parent, "text.json"), "{}")
	testkit.WriteFile(t, filepath.Join(parent, "list.json"), `{"version": 1, "bundle": {"number": 1, "id": "`+strings.Repeat("0", 64)+`", "name": "a.tar.zst"}}`)
	must(t, os.Mkdir(filepath.Join(parent, "dir.tar.zst"), 0o755))
	for _, tt := range []struct{ name, file, since, want string }{
		{"no archive", "out.tar", "", "output DIR/out.tar: the name of a bundle ends in .tar.zst"},
		{"hidden", ".tar.zst", "", "output DIR/.tar.zst: is not a valid name for a bundle"},
		{"text", "text.tar.zst", "", "output DIR/text.tar.zst: exists and is not a zstd file"},
		{"directory", "dir.tar.zst", "", "output DIR/dir.tar.zst: is a directory"},
		{"missing directory", "none/out.tar.zst", "", "output DIR/none/out.tar.zst: no such file or directory"},
		{"inside", "outside/out.tar.zst", "", "output DIR/outside/out.tar.zst: is in the mirror"},
		{"other json", "list.tar.zst", "", "output DIR/list.tar.zst: DIR/list.json exists and is not the record of a bundle"},
		{"its own record", "out-1.tar.zst", "out-1.json", "output DIR/out-1.tar.zst: DIR/out-1.json is the record of the bundle before, and would be replaced"},
		{"no record", "new.tar.zst", "none.json", "--since-bundle DIR/none.json: no such file or directory"},
		{"no version", "new.tar.zst", "text.json", "--since-bundle DIR/text.json: is not the record of a bundle: it has version 0, and this vxlite knows 1"},
		{"no files", "new.tar.zst", "list.json", "--since-bundle DIR/list.json: is not the record of a bundle: it has no list of files"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := BundleOptions{Sink: noSink}
			if tt.since != "" {
				o.Since = filepath.Join(parent, tt.since)
			}
			_, err := WriteBundle(t.Context(), outside, filepath.Join(parent, filepath.FromSlash(tt.file)), o)
			if got := strings.ReplaceAll(testkit.Unix(fmt.Sprint(err)), testkit.Unix(parent), "DIR"); got != tt.want {
				t.Errorf("%s\nwant %s", got, tt.want)
			}
		})
	}
	for _, tt := range []struct {
		name   string
		damage func(m *Mirror) error
		want   string
	}{
		{"changed", func(m *Mirror) error {
			return os.WriteFile(m.Path("proxy/example.com/m/@v/v1.1.0.zip"), []byte("x"), 0o644)
		},
			"DIR is damaged: proxy/example.com/m/@v/v1.1.0.zip is not as SHA256SUMS has it"},
		{"missing", func(m *Mirror) error { return os.Remove(m.Path(aRepo.Path + "/HEAD")) }, "DIR is damaged: git/example.com/acme/a.git/HEAD is missing"},
		{"unfinished", func(m *Mirror) error { return m.Begin() }, "DIR: a run was interrupted before it was done"},
		{"leads elsewhere", func(m *Mirror) error {
			return os.WriteFile(m.Path(ListFile), []byte(strings.Repeat("0", 64)+"  proxy/../../x\n"), 0o644)
		}, "DIR/SHA256SUMS: line 1 is not a hash and a path"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "mirror")
			fill(t, dir, 1)
			must(t, tt.damage(&Mirror{Dir: dir}))
			out := filepath.Join(filepath.Dir(dir), "out.tar.zst")
			_, err := WriteBundle(t.Context(), dir, out, BundleOptions{Sink: noSink})
			if got := strings.ReplaceAll(testkit.Unix(fmt.Sprint(err)), testkit.Unix(dir), "DIR"); got != tt.want {
				t.Errorf("%s\nwant %s", got, tt.want)
			}
			if left, _ := os.ReadDir(filepath.Dir(dir)); len(left) != 1 {
				t.Errorf("beside the mirror: %v", left)
			}
		})
	}
}

// FuzzParseRecord has any text for a record: what is read has its bundles in order,
// under names that are those of files.
func FuzzParseRecord(f *testing.F) {
	data, err := next(next(nil, "a.tar.zst", List{}), "b.tar.zst", List{"x": "y"}).format()
	must(f, err)
	f.Add(data)
	f.Add([]byte(`{"version": 1, "bundle": {"number": 2}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := ParseRecord(data)
		if err != nil {
			return
		}
		for i, b := range r.all() {
			if b.Number != i+1 || filepath.Base(b.Name) != b.Name || !filepath.IsLocal(b.Name) {
				t.Errorf("bundle %d is %+v", i+1, b)
			}
		}
		if back, err := r.format(); err != nil || !json.Valid(back) {
			t.Errorf("written again: %v", err)
		}
	})
}
