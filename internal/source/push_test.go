package source

import (
	"cmp"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/vxlite/vxlite/internal/config"
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

// bigRepo is a repository of about that many bytes.
func bigRepo(t *testing.T, size int) (dir string) {
	t.Helper()
	random := make([]byte, size*3/4)
	_, _ = rand.Read(random)
	r := testkit.MustParse(t, "url git.example/acme/big\nbranch main\nadd 1\ncommit 2026-03-01T10:00:00Z First\n-- 1/file --\n"+base64.StdEncoding.EncodeToString(random)+"\n")
	return filepath.Join(testkit.WriteRepos(t, r), filepath.FromSlash(r.Path()))
}

// TestHostilePush has servers to push to that never come to an end, or do not
// listen, at each point of a conversation, over HTTP and SSH.
func TestHostilePush(t *testing.T) {
	const mib = 1 << 20
	dir := bigRepo(t, 6*mib)
	refs := text(pkt(hostileCommit+" refs/tags/v1.0.0\x00report-status side-band-64k ofs-delta quiet agent=git/2\n") + "0000")
	all := func(r io.Reader) { // what there is: nothing tells the end of the pack
		_, _ = io.CopyN(io.Discard, r, 100)
		go io.Copy(io.Discard, r)
	}
	slow := func(r io.Reader) { // no more than a window of SSH is ever on its way
		for range 4 {
			_, _ = io.CopyN(io.Discard, r, mib)
			time.Sleep(300 * time.Millisecond)
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
		{name: "who reads slowly", read: slow, answer: text(report), timeout: time.Second, only: "ssh"},
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
