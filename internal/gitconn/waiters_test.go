package gitconn

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/giturl"
	"github.com/vxlite/vxlite/internal/testkit"
)

// TestSSHWaiters has several wait for one connection: each may leave, and it is
// made for those who stay.
func TestSSHWaiters(t *testing.T) {
	s := testkit.ServeSSH(t, testkit.SSHDOptions{Repos: testkit.WriteRepos(t, testkit.MustParse(t, testkit.ModuleArchive("a")))})
	r := testkit.StartRelay(t, s.Addr, &testkit.Relay{Hold: make(chan struct{})}) // flow lets it begin
	env, url := testkit.RelayedHome(t, s, r)
	c, err := New(Options{Env: env.Env, Git: config.Git{Patience: config.Patience{}.OrDefault()}, Limits: config.Limits{}.OrDefault()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	remote, err := giturl.Parse(url + "acme/a.git")
	if err != nil {
		t.Fatal(err)
	}
	host := c.ssh.cfg.Resolve(remote)
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
	for r.Connections() == 0 {
		time.Sleep(time.Millisecond)
	}
	two, three := wait(t.Context()), wait(ctx3)
	for waiting := 0; waiting < 3; time.Sleep(time.Millisecond) {
		c.ssh.mu.Lock()
		waiting = c.ssh.conns[host.Key()].waiting
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
	if d := time.Since(start); d > 10*time.Second {
		t.Errorf("leaving took %v", d)
	}
	r.Flow()
	if err := <-two; err != nil {
		t.Errorf("who stayed has %v", err)
	}
	sess, _, err := c.Connect(t.Context(), remote)
	if err != nil {
		t.Fatal(err)
	}
	sess.Close()
	if n := r.Connections(); n != 1 {
		t.Errorf("%d connections, want 1", n)
	}
}
