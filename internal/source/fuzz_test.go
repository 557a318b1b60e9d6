package source

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-git/go-billy/v5/memfs"
	"github.com/go-git/go-billy/v5/util"
	"github.com/go-git/go-git/v5/plumbing/cache"
	"github.com/go-git/go-git/v5/plumbing/format/pktline"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/storage/filesystem"

	"github.com/vxlite/vxlite/internal/gitconn"
	"github.com/vxlite/vxlite/internal/gitpack"
	"github.com/vxlite/vxlite/internal/store"
)

// FuzzRefs reads whatever a server says of its refs, or, where framed, any lines
// in sound packets, and the same as the file that a local repository has its refs
// in. However it is looked at, a ref is one thing.
func FuzzRefs(f *testing.F) {
	const a, b = "1111111111111111111111111111111111111111 ", "2222222222222222222222222222222222222222 "
	const caps = "\x00multi_ack symref=HEAD:refs/heads/main\n"
	for _, s := range []string{
		a + "HEAD" + caps + a + "refs/heads/main\n" + b + "refs/tags/v1.0.0\n" + a + "refs/tags/v1.0.0^{}\n",
		a + "refs/heads/-x" + caps + b + "refs/tags/../../x\n" + b + "refs/tags/\x1b[m\n" + b + "refs/tags/\n",
		a + "refs/tags/v1" + caps + b + "refs/tags/v1\n" + b + "refs/tags/v1^{}\n" + a + "refs/tags/v2^{}\nshallow " + a,
		"0000000000000000000000000000000000000000 capabilities^{}\x00ofs-delta\n",
		"# pack-refs with: peeled fully-peeled sorted\n" + a + "refs/heads/main\n" + b + "refs/tags/v1.0.0\n^" + a + "\n",
		a + "refs/heads/\n0000000000000000000000000000000000000000 refs/heads/main\n", // found: names that git does not allow, and no commit
		"ref: refs/heads/main\n", "", "ERR no such repository",
	} {
		f.Add([]byte(s), true)
	}
	f.Add([]byte("0048"+a+"HEAD\x00symref=HEAD:refs/heads/x\n0000"), false)
	f.Fuzz(func(t *testing.T, data []byte, framed bool) {
		said := data
		if framed {
			said = packets(t, data)
		}
		const most = 1 << 16 // bytes
		adv := packp.NewAdvRefs()
		if err := adv.Decode(gitconn.BoundedRefs(bytes.NewReader(said), most)); err == nil {
			oneThing(t, refsFromAdvertisement(adv))
		}
		dir := memfs.New()
		for name, text := range map[string]string{"HEAD": gitpack.Head, "packed-refs": string(data)} {
			if err := util.WriteFile(dir, name, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		oneThing(t, refsFromStorage(filesystem.NewStorage(dir, cache.NewObjectLRUDefault())))
	})
}

// packets puts each line into a packet of git's protocol, and an end behind them.
func packets(t *testing.T, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	enc := pktline.NewEncoder(&b)
	for line := range bytes.Lines(data) {
		if err := enc.Encode(line[:min(len(line), pktline.MaxPayloadSize)]); err != nil {
			t.Fatal(err)
		}
	}
	if err := enc.Flush(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// oneThing holds the ways to look at a repository's refs against each other.
func oneThing(t *testing.T, refs *Refs) {
	t.Helper()
	if !slices.IsSortedFunc(refs.list(), func(a, b Ref) int { return strings.Compare(a.Name, b.Name) }) {
		t.Errorf("not sorted: %q", refs.list())
	}
	same := func(ref Ref, prefix string, find func(string) (Ref, bool)) {
		if got, ok := find(strings.TrimPrefix(ref.Name, prefix)); !ok || got != ref || !strings.HasPrefix(ref.Name, prefix) {
			t.Errorf("listed as %+v, found as %+v, %v", ref, got, ok)
		}
		if !store.IsHash(ref.Commit) || !store.IsHash(ref.object) {
			t.Errorf("%+v has no commit", ref)
		}
		if strings.ContainsFunc(ref.Name, func(r rune) bool { return r < ' ' || r == 0x7f }) || !filepath.IsLocal(ref.Name) {
			t.Errorf("%q is a name", ref.Name)
		}
		if all := refs.complete(ref.Commit); len(all) != 1 || all[0] != ref.Commit {
			t.Errorf("%+v: its commit is completed as %q", ref, all)
		}
		if hash, ok := refs.object(ref.Commit); !ok || !store.IsHash(hash) {
			t.Errorf("%+v: nothing to ask for", ref)
		}
	}
	for _, ref := range refs.Tags() {
		same(ref, tagPrefix, refs.Tag)
	}
	for _, ref := range refs.Branches() {
		same(ref, branchPrefix, refs.Branch)
	}
	if head := refs.Head().Commit; head != "" && !store.IsHash(head) {
		t.Errorf("the default branch is at %q", head)
	}
}
