package source

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vxlite/vxlite/internal/testkit"
)

// prompt is how soon one who was told to stop has to be back.
const prompt = 10 * time.Second

// TestSSHNobodyWaits ends the making of a connection that nobody waits for.
func TestSSHNobodyWaits(t *testing.T) {
	s := testkit.ServeSSH(t, testkit.SSHDOptions{Repos: testkit.WriteRepos(t, several(t, "a")...)})
	r := testkit.StartRelay(t, s.Addr, &testkit.Relay{Hold: make(chan struct{})}) // flow lets it begin
	env, url := testkit.RelayedHome(t, s, r)
	c := newClient(t, Options{Env: env.Env})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	start := time.Now()
	if _, err := c.Find(ctx, Request{URL: url + "acme/a.git", Choose: refuse(t)}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v, want %v", err, context.DeadlineExceeded)
	}
	if d := time.Since(start); d > prompt {
		t.Errorf("it took %v", d)
	}
	r.Flow()
	if _, err := c.Find(t.Context(), Request{URL: url + "acme/a.git", Choose: tag("v1.0.0")}); err != nil {
		t.Errorf("a later try: %v", err)
	}
}

// TestSSHConnectionEnds has a connection that ends between two repositories:
// it is made anew, once for all who need it.
func TestSSHConnectionEnds(t *testing.T) {
	repos := several(t, "a", "b", "c", "d")
	s := testkit.ServeSSH(t, testkit.SSHDOptions{Repos: testkit.WriteRepos(t, repos...)})
	r := testkit.StartRelay(t, s.Addr, &testkit.Relay{})
	env, url := testkit.RelayedHome(t, s, r)
	c := newClient(t, Options{Env: env.Env, Jobs: 4})
	mustFind(t, c, Request{URL: url + repos[0].Path(), Choose: tag("v1.0.0")}, repos[0].Commit("v1.0.0"))
	r.Cut()
	var wg sync.WaitGroup
	for _, repo := range repos[1:] {
		wg.Go(func() {
			if _, err := c.Find(t.Context(), Request{URL: url + repo.Path(), Choose: tag("v1.0.0")}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := r.Connections(); n != 2 {
		t.Errorf("%d connections, want 2", n)
	}
}

// TestSSHConnectionEndsAlways has a server that drops every connection: it is
// called twice and no more.
func TestSSHConnectionEndsAlways(t *testing.T) {
	s := testkit.ServeSSH(t, testkit.SSHDOptions{Script: "kill -9 $PPID"})
	c := newClient(t, Options{Env: testkit.Home(t, s, "").Env})
	for range 3 {
		_, err := c.Find(t.Context(), Request{URL: s.URL("acme/a.git"), Choose: refuse(t)})
		if err == nil {
			t.Error("a repository was found")
		}
	}
	if n := s.Connections(); n != 2 {
		t.Errorf("%d connections, want 2", n)
	}
}

// TestSSHTalkers has servers that do not end what they say about an error.
func TestSSHTalkers(t *testing.T) {
	for _, tt := range []struct {
		name, script string
		atMost       time.Duration
		want         string
	}{
		{"without end", "echo fatal: out of disk >&2; echo rubbish; exec yes fatal: no room >&2", prompt, "fatal: out of disk fatal: no room fatal: no room"},
		{"and stays", "echo fatal: out of disk >&2; echo rubbish; exec sleep 600", 2*time.Second + prompt, "fatal: out of disk"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := testkit.ServeSSH(t, testkit.SSHDOptions{Script: tt.script})
			c := newClient(t, Options{Env: testkit.Home(t, s, "").Env})
			start := time.Now()
			_, err := c.Find(t.Context(), Request{URL: s.URL("acme/a.git"), Choose: refuse(t)})
			if d := time.Since(start); d > tt.atMost {
				t.Errorf("it took %v, want no more than %v", d, tt.atMost)
			}
			const most = 5 << 10
			if want := s.URL("acme/a.git") + ": " + tt.want; err == nil || !strings.HasPrefix(err.Error(), want) || len(err.Error()) > most {
				t.Errorf("error %.200v, want %s", err, want)
			}
		})
	}
}

// TestSSHStalled has servers that fall silent, in each part of a conversation:
// who is told to stop does, and leaves nothing half-made.
func TestSSHStalled(t *testing.T) {
	var data strings.Builder
	random := rand.New(rand.NewPCG(1, 2)) // what would not compress
	for range 20_000 {
		fmt.Fprintf(&data, "%016x\n", random.Uint64())
	}
	repos := testkit.WriteRepos(t, testkit.MustParse(t, testkit.ModuleArchive("big")+"-- 1/data.txt --\n"+data.String()))
	for name, bytes := range map[string]int{
		"greeting": 1, "keys": 500, "login": 1300, "session": 1700, "refs": 2200, "pack": 50_000,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := testkit.ServeSSH(t, testkit.SSHDOptions{Repos: repos})
			r := testkit.StartRelay(t, s.Addr, &testkit.Relay{Most: bytes})
			env, url := testkit.RelayedHome(t, s, r)
			store := newStore(t)
			c := newClient(t, Options{Env: env.Env, Store: store})
			ctx, cancel := context.WithCancelCause(t.Context())
			cause := errors.New("enough")
			told := make(chan time.Time, 1)
			go func() {
				<-r.Stalled
				time.Sleep(100 * time.Millisecond) // for the client to have nothing left to do
				told <- time.Now()
				cancel(cause)
			}()
			_, err := c.Find(ctx, Request{URL: url + "acme/big.git", Choose: tag("v1.0.0")})
			if !errors.Is(err, cause) {
				t.Fatalf("error %v, want %v", err, cause)
			}
			c.Close()
			if d := time.Since(<-told); d > prompt {
				t.Errorf("it took %v to stop", d)
			}
			for _, dir := range []string{"tmp", "git", "said"} {
				if got := entries(t, store, dir); len(got) != 0 {
					t.Errorf("left in %s: %q", dir, got)
				}
			}
		})
	}
}
