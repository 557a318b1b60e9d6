package source

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vxlite/vxlite/internal/testkit"
)

// prompt is how soon one who was told to stop has to be back.
const prompt = 10 * time.Second

// relay is a TCP connection to a server that can be held up and cut.
type relay struct {
	addr string
	to   string

	mu    sync.Mutex
	open  []net.Conn
	count int
	hold  chan struct{} // while it is open, nothing gets through
	// most is after how many bytes from the server it stalls by itself, and then
	// closes stalled; 0 for never.
	most    int
	stalled chan struct{}
}

// startRelay relays to a server.
func startRelay(t *testing.T, to string, r *relay) *relay {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r.addr, r.to, r.stalled = l.Addr().String(), to, make(chan struct{})
	if r.hold == nil {
		r.hold = make(chan struct{})
		close(r.hold)
	}
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", to)
			if err != nil {
				in.Close()
				continue
			}
			r.mu.Lock()
			r.open = append(r.open, in, out)
			r.count++
			r.mu.Unlock()
			go r.copy(in, out, true)
			go r.copy(out, in, false)
		}
	}()
	t.Cleanup(func() { l.Close(); r.cut() })
	return r
}

func (r *relay) copy(to, from net.Conn, fromServer bool) {
	buf := make([]byte, 1<<10)
	for {
		n, err := from.Read(buf)
		<-r.pass(n, fromServer)
		if _, err := to.Write(buf[:n]); err != nil {
			return
		}
		if err != nil {
			to.Close()
			return
		}
	}
}

// pass counts what comes, and returns what to wait for before it goes on.
func (r *relay) pass(n int, fromServer bool) chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	if fromServer && r.most > 0 {
		if r.most -= n; r.most <= 0 {
			r.hold, r.most = make(chan struct{}), 0
			close(r.stalled)
		}
	}
	return r.hold
}

func (r *relay) flow() {
	r.mu.Lock()
	defer r.mu.Unlock()
	close(r.hold)
}

func (r *relay) cut() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.open {
		c.Close()
	}
}

func (r *relay) connections() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.count
}

// relayed is a client's environment and the server's URL by way of a relay.
func relayed(t *testing.T, s *testkit.SSHD, r *relay) (testkit.Vars, string) {
	t.Helper()
	env := testkit.Home(t, s, "")
	testkit.WriteFile(t, filepath.Join(env["HOME"], ".ssh", "known_hosts"), testkit.KnownAs(s, r.addr)+"\n")
	return env, strings.Replace(s.URL(""), s.Addr, r.addr, 1)
}

// TestSSHWaiters has several wait for one connection: each may leave, and it is
// made for those who stay.
func TestSSHWaiters(t *testing.T) {
	repos := several(t, "a")
	s := testkit.ServeSSH(t, testkit.SSHDOptions{Repos: testkit.WriteRepos(t, repos...)})
	r := startRelay(t, s.Addr, &relay{hold: make(chan struct{})}) // flow lets it begin
	env, url := relayed(t, s, r)
	c := newClient(t, Options{Env: env.Env, Jobs: 4})
	host := c.ssh.cfg.resolve(mustParse(t, url))
	wait := func(ctx context.Context) chan error {
		done := make(chan error, 1)
		go func() {
			_, err := c.ssh.connection(ctx, host)
			done <- err
		}()
		return done
	}
	cause := errors.New("enough")
	ctx1, leave1 := context.WithCancelCause(t.Context())
	ctx3, leave3 := context.WithCancelCause(t.Context())
	one := wait(ctx1)
	for r.connections() == 0 {
		time.Sleep(time.Millisecond)
	}
	two, three := wait(t.Context()), wait(ctx3)
	for waiting := 0; waiting < 3; time.Sleep(time.Millisecond) {
		c.ssh.mu.Lock()
		waiting = c.ssh.conns[host.key()].waiting
		c.ssh.mu.Unlock()
	}
	start := time.Now()
	leave3(cause)
	if err := <-three; err != cause {
		t.Errorf("who waited has %v, want %v", err, cause)
	}
	leave1(cause)
	if err := <-one; err != cause {
		t.Errorf("who began has %v, want %v", err, cause)
	}
	if d := time.Since(start); d > prompt {
		t.Errorf("leaving took %v", d)
	}
	r.flow()
	if err := <-two; err != nil {
		t.Errorf("who stayed has %v", err)
	}
	if n := r.connections(); n != 1 {
		t.Errorf("%d connections, want 1", n)
	}
	mustFind(t, c, Request{URL: url + "acme/a.git", Choose: tag("v1.0.0")}, repos[0].Commit("v1.0.0"))
}

// TestSSHNobodyWaits ends the making of a connection that nobody waits for.
func TestSSHNobodyWaits(t *testing.T) {
	s := testkit.ServeSSH(t, testkit.SSHDOptions{Repos: testkit.WriteRepos(t, several(t, "a")...)})
	r := startRelay(t, s.Addr, &relay{hold: make(chan struct{})}) // flow lets it begin
	env, url := relayed(t, s, r)
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
	r.flow()
	if _, err := c.Find(t.Context(), Request{URL: url + "acme/a.git", Choose: tag("v1.0.0")}); err != nil {
		t.Errorf("a later try: %v", err)
	}
}

func mustParse(t *testing.T, url string) Remote {
	t.Helper()
	r, err := ParseRemote(url)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestSSHConnectionEnds has a connection that ends between two repositories:
// it is made anew, once for all who need it.
func TestSSHConnectionEnds(t *testing.T) {
	repos := several(t, "a", "b", "c", "d")
	s := testkit.ServeSSH(t, testkit.SSHDOptions{Repos: testkit.WriteRepos(t, repos...)})
	r := startRelay(t, s.Addr, &relay{})
	env, url := relayed(t, s, r)
	c := newClient(t, Options{Env: env.Env, Jobs: 4})
	mustFind(t, c, Request{URL: url + repos[0].Path(), Choose: tag("v1.0.0")}, repos[0].Commit("v1.0.0"))
	r.cut()
	var wg sync.WaitGroup
	for _, repo := range repos[1:] {
		wg.Go(func() {
			if _, err := c.Find(t.Context(), Request{URL: url + repo.Path(), Choose: tag("v1.0.0")}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := r.connections(); n != 2 {
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
		{"and stays", "echo fatal: out of disk >&2; echo rubbish; exec sleep 600", lastWords + prompt, "fatal: out of disk"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := testkit.ServeSSH(t, testkit.SSHDOptions{Script: tt.script})
			c := newClient(t, Options{Env: testkit.Home(t, s, "").Env})
			host := c.ssh.cfg.resolve(mustParse(t, s.URL("")))
			if _, err := c.ssh.connection(t.Context(), host); err != nil {
				t.Fatal(err)
			}
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
			r := startRelay(t, s.Addr, &relay{most: bytes})
			env, url := relayed(t, s, r)
			store := newStore(t)
			c := newClient(t, Options{Env: env.Env, Store: store})
			ctx, cancel := context.WithCancelCause(t.Context())
			cause := errors.New("enough")
			told := make(chan time.Time, 1)
			go func() {
				<-r.stalled
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
