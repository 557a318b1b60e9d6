package source

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/gitpack"
	"github.com/vxlite/vxlite/internal/testkit"
)

// TestPlanPush has what becomes of each ref.
func TestPlanPush(t *testing.T) {
	const old, now, other = hash1, hash2, "3333333333333333333333333333333333333333"
	leads := func(was, _ plumbing.Hash) (bool, error) { return was.String() == old, nil }
	for _, tt := range []struct {
		name, theirs string // theirs is empty for none
		want         PushState
	}{
		{"refs/heads/main", "", Made},
		{"refs/tags/v1.0.0", "", Made},
		{"refs/kept/" + now, "", Made},
		{"refs/heads/main", now, ""},
		{"refs/tags/v1.0.0", now, ""},
		{"refs/heads/main", old, Forwarded},
		{"refs/heads/main", other, Diverged},
		{"refs/tags/v1.0.0", old, Elsewhere},
		{"refs/pull/1/head", old, Elsewhere},
	} {
		theirs := map[string]plumbing.Hash{"refs/heads/theirs": plumbing.NewHash(other)}
		if tt.theirs != "" {
			theirs[tt.name] = plumbing.NewHash(tt.theirs)
		}
		got, err := planPush([]Ref{{Name: tt.name, object: now}}, theirs, leads)
		if err != nil {
			t.Fatal(err)
		}
		want := []PushedRef{{Name: tt.name, State: tt.want, Was: tt.theirs, New: now}}
		if tt.want == "" {
			want = nil
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s at %.4s: %v, want %v", tt.name, tt.theirs, got, want)
		}
	}
	failed := errors.New("no such object")
	_, err := planPush([]Ref{{Name: "refs/heads/main", object: now}}, map[string]plumbing.Hash{"refs/heads/main": plumbing.NewHash(old)},
		func(_, _ plumbing.Hash) (bool, error) { return false, failed })
	if !errors.Is(err, failed) {
		t.Errorf("error %v, want %v", err, failed)
	}
}

// bigRepo is a repository of one pack of that many bytes. Git makes it, because
// compressing so much takes seconds where the race detector looks at each byte.
func bigRepo(t *testing.T, size int) (dir string) {
	t.Helper()
	random := make([]byte, size)
	_, _ = rand.Read(random)
	dir = filepath.Join(t.TempDir(), "big.git")
	gitSays(t, "", "init", "-q", "--bare", "-b", "main", dir)
	stream := fmt.Sprintf("commit refs/heads/main\ncommitter A <a@example.com> 1767603600 +0000\ndata 5\nFirst\nM 100644 inline file\ndata %d\n%s\n", size, random)
	runGit(t, dir, strings.NewReader(stream), "-c", "core.compression=0", "-c", "fastimport.unpackLimit=1", "fast-import", "--quiet")
	return dir
}

// TestHostilePush has servers to push to that never come to an end, or do not
// listen, at each point of a conversation, over HTTP and SSH.
func TestHostilePush(t *testing.T) {
	const mib = 1 << 20
	dir := bigRepo(t, 3*mib) // more than a window of SSH, which is 2 MiB
	refs := text(pkt(hostileCommit+" refs/tags/v1.0.0\x00report-status side-band-64k ofs-delta quiet agent=git/2\n") + "0000")
	all := func(r io.Reader) { // what there is: nothing tells the end of the pack
		_, _ = io.CopyN(io.Discard, r, 100)
		go io.Copy(io.Discard, r)
	}
	slow := func(r io.Reader) { // no more than a window of SSH is ever on its way
		for range 5 {
			_, _ = io.CopyN(io.Discard, r, mib/5)
			time.Sleep(600 * time.Millisecond)
		}
		all(r)
	}
	report := pkt("\x01"+pkt("unpack ok\n")+pkt("ok refs/heads/main\n")+"0000") + "0000"
	never := func(t *testing.T) func(io.Writer) {
		return func(io.Writer) { <-t.Context().Done() }
	}
	const tooMuch = "what the server says of a push is more than 1MiB"
	for _, tt := range []struct {
		name    string
		refs    func(io.Writer)
		read    func(io.Reader)
		answer  func(io.Writer) // nil for none
		want    string
		timeout time.Duration
		total   time.Duration
		only    string
	}{
		{name: "who reads slowly", read: slow, answer: text(report), timeout: 2 * time.Second, only: "ssh"},
		{name: "a report without end", answer: say(text(pkt("\x01"+pkt("unpack ok\n"))), forever(pkt("\x01"+pkt("ok refs/heads/main\n")))), want: tooMuch},
		{name: "words without end", answer: forever(pkt("\x02and another thing")), want: tooMuch},
		{name: "no answer", answer: nil, want: "the server has sent nothing for 1s", timeout: time.Second},
		{name: "nobody reads", read: func(io.Reader) {}, want: "the server has sent nothing for 1s", timeout: time.Second, only: "ssh"},
		{name: "thinking without end", answer: slowly(pkt("\x01"), 20*time.Millisecond), want: "the push is not done after 1s", total: time.Second},
		{name: "no pack", answer: text(pkt("\x02remote is full\n") + pkt("\x01"+pkt("unpack index-pack failed\n")+pkt("ng refs/heads/main unpacker error\n")+"0000") + "0000"), want: "the server did not take the pack: index-pack failed (it says: remote is full)"},
		{name: "no report", refs: text(pkt(hostileCommit+" refs/tags/v1.0.0\x00side-band-64k\n") + "0000"), want: "the server cannot tell what becomes of a push"},
	} {
		for _, over := range []string{"http", "ssh"} {
			if tt.only != "" && tt.only != over {
				continue
			}
			t.Run(tt.name+", "+over, func(t *testing.T) {
				t.Parallel()
				h := &hostile{refs: refs, answer: never(t)}
				if over == "ssh" {
					h.read = all
				}
				if tt.refs != nil {
					h.refs = tt.refs
				}
				if tt.read != nil {
					h.read = tt.read
				}
				if tt.answer != nil {
					h.answer = tt.answer
				}
				o := Options{Git: config.Git{Patience: config.Patience{Timeout: cmp.Or(tt.timeout, time.Minute), TotalTimeout: tt.total}}}
				var url string
				if over == "http" {
					url = h.overHTTP(t)
				} else {
					var known string
					url, known = h.overSSH(t)
					o.Git.KnownHosts = []string{known}
				}
				c := newClient(t, o)
				done, err := c.Push(t.Context(), PushRequest{Name: "big", Dir: dir, URL: url})
				if tt.want == "" {
					if err != nil || len(done.Refs) != 1 || done.Refs[0].State != Made {
						t.Errorf("%+v, %v", done, err)
					}
					return
				}
				if err == nil || err.Error() != url+": "+tt.want {
					t.Errorf("error %v, want %s", err, tt.want)
				}
			})
		}
	}
}

// gitSays runs git and returns what it says, without the end of the line.
func gitSays(t *testing.T, dir string, args ...string) string {
	t.Helper()
	who := []string{"-c", "user.name=a", "-c", "user.email=a@example.com"}
	return strings.TrimSpace(runGit(t, dir, nil, append(who, args...)...))
}

// merged is a repository with a branch that was merged, and tags of commits, of a
// tag, of a tree and of a file.
func merged(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	gitSays(t, dir, "init", "-q", "-b", "main")
	commit := func(file, content string) {
		testkit.WriteFile(t, filepath.Join(dir, file), content+"\n")
		gitSays(t, dir, "add", ".")
		gitSays(t, dir, "commit", "-q", "-m", content)
	}
	commit("a", "one")
	gitSays(t, dir, "tag", "v1.0.0")
	commit("sub/deep/b", "two")
	gitSays(t, dir, "switch", "-q", "-c", "side")
	commit("sub/c", "three")
	gitSays(t, dir, "switch", "-q", "main")
	commit("a", "four")
	gitSays(t, dir, "merge", "-q", "-m", "five", "side")
	gitSays(t, dir, "tag", "-a", "-m", "six", "v1.1.0")
	gitSays(t, dir, "-c", "advice.nestedTag=false", "tag", "-a", "-m", "seven", "nested", "v1.1.0")
	commit("d", "one") // a file that there is
	gitSays(t, dir, "tag", "tree", "HEAD:sub")
	gitSays(t, dir, "tag", "-a", "-m", "eight", "file", "HEAD:sub/c")
	gitSays(t, dir, "repack", "-adq")
	return filepath.Join(dir, ".git")
}

// TestLacking compares with what git lists.
func TestLacking(t *testing.T) {
	dir := merged(t)
	st, err := gitpack.OpenFolder(dir, config.Limits{}.OrDefault())
	testkit.Check(t, err)
	defer st.Close()
	hash := func(rev string) plumbing.Hash { return plumbing.NewHash(gitSays(t, dir, "rev-parse", rev)) }
	for _, tt := range []struct {
		wants, haves string
	}{
		{"main", ""},
		{"main side v1.1.0 nested tree file", ""},
		{"main", "v1.0.0"},
		{"main", "side"},
		{"side", "main^"},
		{"nested", "main"},
		{"v1.1.0", "nested"},
		{"main nested", "v1.0.0 side"},
		{"file", "v1.0.0"},
		{"tree", ""},
	} {
		args := []string{"rev-list", "--objects-edge-aggressive", "--objects", "--no-object-names"}
		var wants, haves []plumbing.Hash
		for _, w := range strings.Fields(tt.wants) {
			args, wants = append(args, w), append(wants, hash(w))
		}
		for _, h := range strings.Fields(tt.haves) {
			args, haves = append(args, "^"+h), append(haves, hash(h))
		}
		got, err := lacking(t.Context(), st, wants, haves, nil)
		if err != nil {
			t.Fatal(err)
		}
		want := hashes{}
		for _, h := range strings.Fields(gitSays(t, dir, args...)) {
			if !strings.HasPrefix(h, "-") {
				want[plumbing.NewHash(h)] = true
			}
		}
		if !maps.Equal(got, want) {
			t.Errorf("%s without %s:\n%v\nwant:\n%v", tt.wants, tt.haves, got, want)
		}
	}
}

// TestPushShallow has a repository that does not begin at the beginning, for
// servers that take such and those that do not, which is as git sets them up.
func TestPushShallow(t *testing.T) {
	shallow, to := filepath.Join(t.TempDir(), "shallow.git"), t.TempDir()
	gitSays(t, "", "clone", "-q", "--bare", "--depth", "2", "file://"+merged(t), shallow)
	s := testkit.ServeSSH(t, testkit.SSHDOptions{Repos: to, Push: true})
	c := newClient(t, Options{Env: testkit.Home(t, s, "").Env})
	for _, tt := range []struct {
		name, takes string
		why         []string // of main and of v1.1.0, at each push
	}{
		{"never.git", "false", []string{"shallow update not allowed", "shallow update not allowed"}},
		// git forgets about annotated tags as long as it does not know the commits
		// that the history begins at.
		{"taken.git", "true", []string{"", "no report of it"}},
		{"taken.git", "true", []string{"", ""}},
	} {
		runGit(t, to, nil, "init", "-q", "--bare", "-b", "main", tt.name)
		runGit(t, filepath.Join(to, tt.name), nil, "config", "receive.shallowUpdate", tt.takes)
		done, err := c.Push(t.Context(), PushRequest{Name: "shallow", Dir: shallow, URL: s.URL(tt.name)})
		if err != nil {
			t.Fatal(err)
		}
		why := map[string]string{}
		for _, ref := range done.Refs {
			why[ref.Name] = ref.Why
		}
		if got := []string{why["refs/heads/main"], why["refs/tags/v1.1.0"]}; !slices.Equal(got, tt.why) {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.why)
		}
	}
	runGit(t, filepath.Join(to, "taken.git"), nil, "fsck", "--strict")
	for _, of := range [][]string{{"log", "--format=%s", "main"}, {"for-each-ref"}} {
		if got, want := gitSays(t, filepath.Join(to, "taken.git"), of...), gitSays(t, shallow, of...); got != want {
			t.Errorf("git %q: %q, want %q", of, got, want)
		}
	}
}

// TestPushBroken has repositories whose pack is cut off, and which lack a file. That
// is not the server's fault, and nothing is left there.
func TestPushBroken(t *testing.T) {
	cut, to := bigRepo(t, 1<<20), t.TempDir()
	packs, err := filepath.Glob(filepath.Join(cut, "objects", "pack", "*.pack"))
	if err != nil || len(packs) != 1 {
		t.Fatalf("packs %q, %v", packs, err)
	}
	testkit.Check(t, os.Chmod(packs[0], 0o600))
	testkit.Check(t, os.Truncate(packs[0], 500_000))
	work := t.TempDir()
	gitSays(t, work, "init", "-q", "-b", "main")
	testkit.WriteFile(t, filepath.Join(work, "a"), "one\n")
	gitSays(t, work, "add", ".")
	gitSays(t, work, "commit", "-q", "-m", "first")
	lost := gitSays(t, work, "rev-parse", "HEAD:a")
	lacks := filepath.Join(work, ".git")
	testkit.Check(t, os.Remove(filepath.Join(lacks, "objects", lost[:2], lost[2:])))
	gitSays(t, to, "init", "-q", "--bare", "big.git")
	s := testkit.ServeSSH(t, testkit.SSHDOptions{Repos: to, Push: true})
	b := testkit.ServeHTTP(t, testkit.HTTPBackendOptions{Repos: to, Push: true})
	for _, url := range []string{s.URL("big.git"), b.URL + "/big.git"} {
		c := newClient(t, Options{Env: testkit.Home(t, s, "").Env})
		for dir, want := range map[string]string{
			cut:   cut + ": " + packs[0] + ": it does not end with the checksum that its index has of it",
			lacks: lacks + ": object " + lost + ": object not found",
		} {
			_, err = c.Push(t.Context(), PushRequest{Name: "big", Dir: dir, URL: url})
			testkit.WantError(t, err, want)
		}
	}
	if refs := gitSays(t, filepath.Join(to, "big.git"), "for-each-ref"); refs != "" {
		t.Errorf("refs %s", refs)
	}
}
