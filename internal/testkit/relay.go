package testkit

import (
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// Relay is a TCP connection to a server that can be held up and cut.
type Relay struct {
	Addr string
	To   string

	mu    sync.Mutex
	open  []net.Conn
	count int
	Hold  chan struct{} // while it is open, nothing gets through
	// Most is after how many bytes from the server it stalls by itself, and then
	// closes stalled; 0 for never.
	Most    int
	Stalled chan struct{}
}

// StartRelay relays to a server.
func StartRelay(t testing.TB, to string, r *Relay) *Relay {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r.Addr, r.To, r.Stalled = l.Addr().String(), to, make(chan struct{})
	if r.Hold == nil {
		r.Hold = make(chan struct{})
		close(r.Hold)
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
	t.Cleanup(func() { l.Close(); r.Cut() })
	return r
}

func (r *Relay) copy(to, from net.Conn, fromServer bool) {
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
func (r *Relay) pass(n int, fromServer bool) chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	if fromServer && r.Most > 0 {
		if r.Most -= n; r.Most <= 0 {
			r.Hold, r.Most = make(chan struct{}), 0
			close(r.Stalled)
		}
	}
	return r.Hold
}

func (r *Relay) Flow() {
	r.mu.Lock()
	defer r.mu.Unlock()
	close(r.Hold)
}

func (r *Relay) Cut() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.open {
		c.Close()
	}
}

func (r *Relay) Connections() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.count
}

// RelayedHome is a client's environment and the server's URL by way of a relay.
func RelayedHome(t testing.TB, s *SSHD, r *Relay) (Vars, string) {
	t.Helper()
	env := Home(t, s, "")
	WriteFile(t, filepath.Join(env["HOME"], ".ssh", "known_hosts"), KnownAs(s, r.Addr)+"\n")
	return env, strings.Replace(s.URL(""), s.Addr, r.Addr, 1)
}
