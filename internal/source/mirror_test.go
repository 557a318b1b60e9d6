package source

import (
	"cmp"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/gitpack"
	"github.com/vxlite/vxlite/internal/testkit"
)

const hash3 = "3333333333333333333333333333333333333333"

// TestPlanMirror has what becomes of each ref.
func TestPlanMirror(t *testing.T) {
	ref := func(name, object, commit string) Ref { return Ref{Name: name, object: object, Commit: commit} }
	packed := func(name, hash, peeled string) gitpack.PackedRef {
		return gitpack.PackedRef{Name: name, Hash: plumbing.NewHash(hash), Peeled: plumbing.NewHash(peeled)}
	}
	const tag, branch, kept = "refs/tags/v1.0.0", "refs/heads/main", "refs/kept/"
	for _, tt := range []struct {
		name   string
		wanted []Ref
		have   []gitpack.PackedRef
		move   bool
		want   Mirrored
		next   []gitpack.PackedRef
	}{
		{name: "nothing"},
		{name: "a new tag", wanted: []Ref{ref(tag, hash1, hash1)}, want: Mirrored{Tags: []string{"v1.0.0"}}, next: []gitpack.PackedRef{packed(tag, hash1, "")}},
		{name: "a new annotated tag", wanted: []Ref{ref(tag, hash1, hash2)}, want: Mirrored{Tags: []string{"v1.0.0"}}, next: []gitpack.PackedRef{packed(tag, hash1, hash2)}},
		{name: "a new branch", wanted: []Ref{ref(branch, hash1, hash1)}, want: Mirrored{Branches: []string{"main"}}, next: []gitpack.PackedRef{packed(branch, hash1, "")}},
		{name: "the same", wanted: []Ref{ref(tag, hash1, hash2), ref(branch, hash3, hash3)},
			have: []gitpack.PackedRef{packed(tag, hash1, hash2), packed(branch, hash3, "")}, next: []gitpack.PackedRef{packed(tag, hash1, hash2), packed(branch, hash3, "")}},
		{name: "gone upstream", have: []gitpack.PackedRef{packed(tag, hash1, ""), packed(branch, hash1, "")}, next: []gitpack.PackedRef{packed(tag, hash1, ""), packed(branch, hash1, "")}},
		{name: "a branch elsewhere", wanted: []Ref{ref(branch, hash2, hash2)}, have: []gitpack.PackedRef{packed(branch, hash1, "")},
			want: Mirrored{Branches: []string{"main"}}, next: []gitpack.PackedRef{packed(branch, hash2, "")}},
		{name: "a tag elsewhere", wanted: []Ref{ref(tag, hash2, hash3)}, have: []gitpack.PackedRef{packed(tag, hash1, "")},
			want: Mirrored{Moved: []Moved{{Tag: "v1.0.0", Was: hash1, Now: hash3}}}, next: []gitpack.PackedRef{packed(tag, hash1, "")}},
		{name: "a tag that may move", wanted: []Ref{ref(tag, hash2, hash2)}, have: []gitpack.PackedRef{packed(tag, hash1, hash3)}, move: true,
			want: Mirrored{Moved: []Moved{{Tag: "v1.0.0", Was: hash3, Now: hash2}}}, next: []gitpack.PackedRef{packed(tag, hash2, ""), packed(kept+hash3, hash3, "")}},
		{name: "a branch in the way", wanted: []Ref{ref(branch+"/next", hash2, hash2)}, have: []gitpack.PackedRef{packed(branch, hash1, "")},
			want: Mirrored{Branches: []string{"main/next"}}, next: []gitpack.PackedRef{packed(branch+"/next", hash2, ""), packed(kept+hash1, hash1, "")}},
		{name: "branches in the way", wanted: []Ref{ref(branch, hash3, hash3)}, have: []gitpack.PackedRef{packed(branch+"/1", hash1, ""), packed(branch+"/2/2", hash2, "")},
			want: Mirrored{Branches: []string{"main"}}, next: []gitpack.PackedRef{packed(branch, hash3, ""), packed(kept+hash1, hash1, ""), packed(kept+hash2, hash2, "")}},
		{name: "in each other's way", wanted: []Ref{ref(branch, hash1, hash1), ref(branch+"/next", hash2, hash2)},
			want: Mirrored{Branches: []string{"main", "main/next"}}, next: []gitpack.PackedRef{packed(branch+"/next", hash2, ""), packed(kept+hash1, hash1, "")}},
		{name: "a tag in the way", wanted: []Ref{ref(tag+"/rc1", hash2, hash2)}, have: []gitpack.PackedRef{packed(tag, hash1, hash3)},
			want: Mirrored{Moved: []Moved{{Tag: "v1.0.0", Was: hash3}}}, next: []gitpack.PackedRef{packed(tag, hash1, hash3)}},
		{name: "a tag in the way that may move", wanted: []Ref{ref(tag+"/rc1", hash2, hash2)}, have: []gitpack.PackedRef{packed(tag, hash1, hash3)}, move: true,
			want: Mirrored{Moved: []Moved{{Tag: "v1.0.0", Was: hash3}}}, next: []gitpack.PackedRef{packed(tag+"/rc1", hash2, ""), packed(kept+hash3, hash3, "")}},
		{name: "a tag made anew of the same commit", wanted: []Ref{ref(tag, hash2, hash3)}, have: []gitpack.PackedRef{packed(tag, hash1, hash3)},
			want: Mirrored{Moved: []Moved{{Tag: "v1.0.0", Was: hash3, Now: hash3}}}, next: []gitpack.PackedRef{packed(tag, hash1, hash3)}},
	} {
		have := byName(tt.have)
		next := maps.Clone(have)
		got := planMirror(tt.wanted, have, next, tt.move)
		if !reflect.DeepEqual(got, tt.want) || !maps.Equal(next, byName(tt.next)) {
			t.Errorf("%s: %+v, %v, want %+v, %v", tt.name, got, next, tt.want, tt.next)
		}
	}
}

func byName(refs []gitpack.PackedRef) map[string]gitpack.PackedRef {
	out := map[string]gitpack.PackedRef{}
	for _, r := range refs {
		out[r.Name] = r
	}
	return out
}

// mirrorTest is a repository that changes, mirrored over every transport.
type mirrorTest struct {
	t     *testing.T
	repos string
	path  string
	ways  []way
	into  map[string]string // a mirror by the name of the way
}

// newMirrorTest has mirrors of the repository that an archive describes.
func newMirrorTest(t *testing.T, archive string) *mirrorTest {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	m := &mirrorTest{t: t, repos: t.TempDir()}
	m.path = m.upstream(archive).Path()
	m.ways = ways(t, m.repos, m.path)
	m.anew()
	return m
}

// anew begins with empty mirrors.
func (m *mirrorTest) anew() {
	m.into = map[string]string{}
	for _, w := range m.ways {
		m.into[w.name] = filepath.Join(m.t.TempDir(), "acme", "lib.git")
	}
}

// upstream makes the repository what an archive describes; more are lines for its
// config.
func (m *mirrorTest) upstream(archive string, more ...string) *testkit.Repo {
	m.t.Helper()
	r := testkit.MustParse(m.t, archive)
	dir := filepath.Join(m.repos, filepath.FromSlash(r.Path()))
	testkit.Check(m.t, os.RemoveAll(dir))
	testkit.Check(m.t, r.Write(m.repos))
	if len(more) > 0 {
		f, err := os.OpenFile(filepath.Join(dir, "config"), os.O_APPEND|os.O_WRONLY, 0)
		testkit.Check(m.t, err)
		_, err = f.WriteString(strings.Join(more, "\n") + "\n")
		testkit.Check(m.t, err)
		testkit.Check(m.t, f.Close())
	}
	return r
}

// mirror is what one way makes of a request.
func (m *mirrorTest) mirror(w way, req MirrorRequest) (Mirrored, error) {
	m.t.Helper()
	c := newClient(m.t, Options{Env: w.env.Env, Git: config.Git{}})
	dir := m.into[w.name]
	req.Module, req.URL, req.Dir, req.Stage = "lib", w.url, dir, filepath.Join(filepath.Dir(filepath.Dir(dir)), "stage")
	if req.Wants == nil {
		req.Wants = func(string) bool { return true }
	}
	defer os.RemoveAll(req.Stage)
	return c.Mirror(m.t.Context(), req)
}

// all mirrors over every transport, compares what is said to have changed, and has
// git look at what there is then.
func (m *mirrorTest) all(name string, req MirrorRequest, want Mirrored, refs ...string) {
	m.t.Helper()
	for _, w := range m.ways {
		packs := m.packs(w)
		got, err := m.mirror(w, req)
		if err != nil {
			m.t.Errorf("%s, %s: %v", name, w.name, err)
			continue
		}
		if got.From != w.url {
			m.t.Errorf("%s, %s: from %s", name, w.name, got.From)
		}
		if came := m.packs(w) > packs; came != (got.Bytes > 0) {
			m.t.Errorf("%s, %s: %d bytes, %d packs before and %d now", name, w.name, got.Bytes, packs, m.packs(w))
		}
		if want.Bytes == 0 && got.Bytes > 0 {
			m.t.Errorf("%s, %s: %d bytes came", name, w.name, got.Bytes)
		}
		got.From, got.Bytes = "", want.Bytes
		if !reflect.DeepEqual(got, want) {
			m.t.Errorf("%s, %s: %+v\nwant %+v", name, w.name, got, want)
		}
		m.check(name+", "+w.name, m.into[w.name], refs)
	}
}

// some stands for any number of bytes.
const some = 1

func (m *mirrorTest) packs(w way) int {
	names, _ := filepath.Glob(filepath.Join(m.into[w.name], "objects", "pack", "*"))
	return len(names)
}

// check has git look through a mirror and clone it.
func (m *mirrorTest) check(name, dir string, refs []string) {
	m.t.Helper()
	m.git(name, dir, "fsck", "--full", "--strict", "--no-dangling")
	clone := m.t.TempDir()
	m.git(name, clone, "clone", "-q", "--mirror", "file://"+dir, ".")
	if got := strings.Fields(m.git(name, clone, "for-each-ref", "--format=%(refname)")); !slices.Equal(got, refs) {
		m.t.Errorf("%s: a clone has the refs %q\nwant %q", name, got, refs)
	}
}

// git runs git and returns what it says.
func (m *mirrorTest) git(name, dir string, args ...string) string {
	m.t.Helper()
	cmd := exec.CommandContext(m.t.Context(), "git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null", "LC_ALL=C",
		"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*")
	out, err := cmd.CombinedOutput()
	if err != nil {
		m.t.Errorf("%s: git %s: %v\n%s", name, args, err, out)
	}
	return string(out)
}

const (
	// more is what becomes of testkit's Lib.
	more = `
branch main
add 6
commit 2026-01-10T09:00:00Z Six
tag v1.2.0
branch next
add 7
commit 2026-01-11T09:00:00Z Seven
`
	moreFiles = `-- 6/six.go --
package lib
-- 7/seven.go --
package lib
`
)

var (
	lib     = testkit.LibStart + testkit.LibRest + testkit.LibFiles1 + testkit.LibFiles2
	libMore = testkit.LibStart + testkit.LibRest + more + testkit.LibFiles1 + testkit.LibFiles2 + moreFiles
	// libMoved has v1.0.0 elsewhere, libRewritten another side.
	libMoved     = strings.Replace(strings.Replace(libMore, "tag v1.0.0\n", "", 1), "Z Two\n", "Z Two\ntag v1.0.0\n", 1)
	libRewritten = strings.Replace(libMore, "2026-01-09T09:00:00Z Five", "2026-01-09T10:00:00Z Five anew", 1)
)

const (
	refsOfLib  = "refs/heads/main refs/heads/side refs/tags/unversioned refs/tags/v1.0.0 refs/tags/v1.1.0"
	refsOfMore = "refs/heads/main refs/heads/next refs/heads/side refs/tags/unversioned refs/tags/v1.0.0 refs/tags/v1.1.0 refs/tags/v1.2.0"
)

// TestMirror has a repository grow, and change in ways that it should not.
func TestMirror(t *testing.T) {
	m := newMirrorTest(t, lib)
	was := testkit.MustParse(t, lib)
	m.all("first", MirrorRequest{}, Mirrored{New: true, Tags: []string{"unversioned", "v1.0.0", "v1.1.0"}, Branches: []string{"main", "side"}, Bytes: some}, strings.Fields(refsOfLib)...)
	m.all("nothing new", MirrorRequest{}, Mirrored{}, strings.Fields(refsOfLib)...)
	m.upstream(libMore)
	m.all("more", MirrorRequest{}, Mirrored{Tags: []string{"v1.2.0"}, Branches: []string{"main", "next"}, Bytes: some}, strings.Fields(refsOfMore)...)
	moved := Moved{Tag: "v1.0.0", Was: was.Commit("v1.0.0"), Now: m.upstream(libMoved).Commit("v1.0.0")}
	for range 2 {
		m.all("moved", MirrorRequest{}, Mirrored{Moved: []Moved{moved}}, strings.Fields(refsOfMore)...)
	}
	m.at("v1.0.0", was.Commit("v1.0.0"))
	refs := slices.Insert(strings.Fields(refsOfMore), 3, "refs/kept/"+moved.Was)
	m.all("may move", MirrorRequest{MoveTags: true}, Mirrored{Moved: []Moved{moved}}, refs...)
	m.at("v1.0.0", moved.Now)
	m.all("has moved", MirrorRequest{}, Mirrored{}, refs...)
	now := m.upstream(libRewritten)
	kept := "refs/kept/" + was.Commit("side")
	m.all("rewritten", MirrorRequest{}, Mirrored{Branches: []string{"side"}, Rewritten: []string{"side"}, Moved: []Moved{
		{Tag: "unversioned", Was: was.Commit("side"), Now: now.Commit("side")}, {Tag: "v1.0.0", Was: moved.Now, Now: moved.Was}}, Bytes: some},
		slices.Insert(refs, 4, kept)...)
	m.at("side", now.Commit("side"))
	m.at(kept, was.Commit("side"))
}

// at has all mirrors' refs of a name lead to a commit.
func (m *mirrorTest) at(ref, commit string) {
	m.t.Helper()
	for _, w := range m.ways {
		if got := strings.TrimSpace(m.git(w.name, m.into[w.name], "rev-parse", ref+"^{commit}")); got != commit {
			m.t.Errorf("%s: %s is %s, want %s", w.name, ref, got, commit)
		}
	}
}

// TestMirrorBranchInTheWay has a branch that is gone, and one in a folder of that name.
func TestMirrorBranchInTheWay(t *testing.T) {
	m := newMirrorTest(t, lib)
	was := testkit.MustParse(t, lib)
	m.all("first", MirrorRequest{}, Mirrored{New: true, Tags: []string{"unversioned", "v1.0.0", "v1.1.0"}, Branches: []string{"main", "side"}, Bytes: some}, strings.Fields(refsOfLib)...)
	m.upstream(strings.Replace(lib, "branch side", "branch side/two", 1))
	m.all("in the way", MirrorRequest{}, Mirrored{Branches: []string{"side/two"}},
		"refs/heads/main", "refs/heads/side/two", "refs/kept/"+was.Commit("side"), "refs/tags/unversioned", "refs/tags/v1.0.0", "refs/tags/v1.1.0")
	m.upstream(lib)
	m.all("and back", MirrorRequest{}, Mirrored{Branches: []string{"side"}},
		"refs/heads/main", "refs/heads/side", "refs/kept/"+was.Commit("side"), "refs/tags/unversioned", "refs/tags/v1.0.0", "refs/tags/v1.1.0")
}

// TestMirrorSome has part of the refs mirrored, with commits that only the others
// lead to, that none leads to, and that are nowhere.
func TestMirrorSome(t *testing.T) {
	m := newMirrorTest(t, libMore)
	r := testkit.MustParse(t, libMore)
	versions := func(ref string) bool { return strings.HasPrefix(ref, "refs/tags/v1.") }
	all := []string{"v1.0.0", "v1.1.0", "v1.2.0"}
	refs := []string{"refs/tags/v1.0.0", "refs/tags/v1.1.0", "refs/tags/v1.2.0"}
	m.all("versions", MirrorRequest{Wants: versions}, Mirrored{New: true, Tags: all, Bytes: some}, refs...)
	// A server that gives no commits by their hashes gives all of its history.
	m.all("a branch's", MirrorRequest{Wants: versions, Keep: []string{r.Commit("next")}}, Mirrored{Bytes: some}, append([]string{"refs/kept/" + r.Commit("next")}, refs...)...)
	m.all("a tag's", MirrorRequest{Wants: versions, Keep: []string{r.Commit("unversioned")}}, Mirrored{Tags: []string{"unversioned"}, Bytes: some},
		"refs/kept/"+r.Commit("next"), "refs/tags/unversioned", "refs/tags/v1.0.0", "refs/tags/v1.1.0", "refs/tags/v1.2.0")
	for _, more := range []string{"", "[uploadpack]\nallowAnySHA1InWant = true"} {
		m.upstream(libMore, more)
		for _, w := range m.ways {
			_, err := m.mirror(w, MirrorRequest{Keep: []string{r.Commit("main"), hash1}})
			if err == nil || err.Error() != w.url+" has no commit "+hash1 {
				t.Errorf("%s: %v", w.name, err)
			}
		}
	}
}

// TestMirrorKeep has a commit that no ref leads to any more.
func TestMirrorKeep(t *testing.T) {
	m := newMirrorTest(t, lib)
	dir := filepath.Join(m.repos, filepath.FromSlash(m.path))
	lost := strings.TrimSpace(m.git("upstream", dir, "-c", "user.name=Ann", "-c", "user.email=ann@example.com", "commit-tree", "-p", "main", "-m", "Lost", "main^{tree}"))
	m.git("upstream", dir, "config", "uploadpack.allowAnySHA1InWant", "true")
	first := Mirrored{New: true, Tags: []string{"unversioned", "v1.0.0", "v1.1.0"}, Branches: []string{"main", "side"}, Bytes: some}
	refs := slices.Insert(strings.Fields(refsOfLib), 2, "refs/kept/"+lost)
	m.all("first", MirrorRequest{Keep: []string{lost}}, first, refs...)
	m.all("again", MirrorRequest{Keep: []string{lost}}, Mirrored{}, refs...)
	m.anew()
	m.all("without it", MirrorRequest{}, first, strings.Fields(refsOfLib)...)
	m.all("then with it", MirrorRequest{Keep: []string{lost}}, Mirrored{Bytes: some}, refs...)
	for _, w := range m.ways { // what came before has not come again
		if n, all := m.count(w, "count-objects", "-v"), m.count(w, "rev-list", "--objects", "--all"); n != all {
			t.Errorf("%s: %d objects in packs, %d that refs lead to", w.name, n, all)
		}
	}
}

// count is the number of objects that git finds in packs, or of lines that it says.
func (m *mirrorTest) count(w way, args ...string) int {
	m.t.Helper()
	said := m.git(w.name, m.into[w.name], args...)
	if _, after, ok := strings.Cut(said, "in-pack: "); ok {
		n, err := strconv.Atoi(strings.Fields(after)[0])
		testkit.Check(m.t, err)
		return n
	}
	return strings.Count(said, "\n")
}

// TestMirrorShallow leaves out history, also of what comes later.
func TestMirrorShallow(t *testing.T) {
	m := newMirrorTest(t, lib)
	m.ways = m.ways[1:] // a local repository is there as a whole
	m.all("first", MirrorRequest{Shallow: true}, Mirrored{New: true, Tags: []string{"unversioned", "v1.0.0", "v1.1.0"}, Branches: []string{"main", "side"}, Bytes: some}, strings.Fields(refsOfLib)...)
	m.commits("main", 1)
	m.all("nothing new", MirrorRequest{Shallow: true}, Mirrored{}, strings.Fields(refsOfLib)...)
	now := m.upstream(libMore)
	refs := strings.Fields(refsOfMore)
	m.all("more", MirrorRequest{Shallow: true}, Mirrored{Tags: []string{"v1.2.0"}, Branches: []string{"main", "next"}, Bytes: some}, refs...)
	m.commits("next", 1)
	unnamed := testkit.MustParse(t, testkit.LibStart+testkit.LibFiles1).Commit("main")
	m.all("a commit of the history", MirrorRequest{Shallow: true, Keep: []string{unnamed, now.Commit("v1.2.0")}}, Mirrored{Bytes: some},
		slices.Sorted(slices.Values(append(refs, "refs/kept/"+unnamed)))...)
}

// commits has all mirrors' refs of a name have that many commits.
func (m *mirrorTest) commits(ref string, want int) {
	m.t.Helper()
	for _, w := range m.ways {
		if got := m.count(w, "rev-list", ref); got != want {
			m.t.Errorf("%s: %s has %d commits, want %d", w.name, ref, got, want)
		}
	}
}

// TestMirrorSince leaves out what is older, but for what a lock needs.
func TestMirrorSince(t *testing.T) {
	m := newMirrorTest(t, lib)
	r := testkit.MustParse(t, lib)
	req := MirrorRequest{Since: time.Date(2026, 1, 8, 0, 0, 0, 0, time.UTC)}
	newer := strings.Fields("refs/heads/main refs/heads/side refs/tags/unversioned")
	m.all("first", req, Mirrored{New: true, Tags: []string{"unversioned"}, Branches: []string{"main", "side"}, Bytes: some}, newer...)
	m.all("nothing new", req, Mirrored{}, newer...)
	locked := req
	locked.Keep = []string{r.Commit("v1.0.0")}
	withTag := append(newer, "refs/tags/v1.0.0")
	m.all("an old tag", locked, Mirrored{Tags: []string{"v1.0.0"}, Bytes: some}, withTag...)
	m.upstream(libMore)
	m.all("more", req, Mirrored{Tags: []string{"v1.2.0"}, Branches: []string{"main", "next"}, Bytes: some},
		strings.Fields("refs/heads/main refs/heads/next refs/heads/side refs/tags/unversioned refs/tags/v1.0.0 refs/tags/v1.2.0")...)
	m.anew()
	m.all("all at once", locked, Mirrored{New: true, Tags: []string{"unversioned", "v1.0.0", "v1.2.0"}, Branches: []string{"main", "next", "side"}, Bytes: some},
		strings.Fields("refs/heads/main refs/heads/next refs/heads/side refs/tags/unversioned refs/tags/v1.0.0 refs/tags/v1.2.0")...)
	m.anew()
	req.Since = time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	m.all("nothing is as new", req, Mirrored{New: true})
}

// TestMirrorOf has repositories that are not as servers have them: shallow, with
// loose objects, and with another's objects.
func TestMirrorOf(t *testing.T) {
	m := newMirrorTest(t, lib)
	dir := filepath.Join(m.repos, filepath.FromSlash(m.path))
	other := filepath.Join(t.TempDir(), "other.git")
	testkit.Check(t, os.Rename(dir, other))
	first := Mirrored{New: true, Tags: []string{"unversioned", "v1.0.0", "v1.1.0"}, Branches: []string{"main", "side"}, Bytes: some}
	for _, tt := range []struct {
		name string
		make []string
	}{
		{"alternates", []string{"clone", "-q", "--mirror", "--shared", other, dir}},
		{"shallow", []string{"clone", "-q", "--mirror", "--no-single-branch", "--depth=1", "file://" + other, dir}},
	} {
		m.anew()
		m.git(tt.name, t.TempDir(), tt.make...)
		m.all(tt.name, MirrorRequest{}, first, strings.Fields(refsOfLib)...)
		m.git(tt.name, dir, "-c", "user.name=Ann", "-c", "user.email=ann@example.com", "update-ref", "refs/heads/main",
			cmp.Or(strings.TrimSpace(m.git(tt.name, dir, "-c", "user.name=Ann", "-c", "user.email=ann@example.com", "commit-tree", "-p", "main", "-m", "Loose", "main^{tree}"))))
		m.all(tt.name+", with a loose object", MirrorRequest{}, Mirrored{Branches: []string{"main"}, Bytes: some}, strings.Fields(refsOfLib)...)
		testkit.Check(t, os.RemoveAll(dir))
	}
}
