package gitconn

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/vxlite/vxlite/internal/brief"
	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/event"
	"github.com/vxlite/vxlite/internal/giturl"
	"github.com/vxlite/vxlite/internal/openssh"
)

// sshPool holds one connection a host and user, which carries the
// conversations of all its repositories.
type sshPool struct {
	env    Env
	git    config.Git
	cfg    openssh.Config
	limits config.Limits
	sink   event.Sink

	mu    sync.Mutex
	conns map[string]*sshConn
	facts map[string]sshFacts // of hosts that were reached
}

func newSSHPool(env Env, git config.Git, limits config.Limits, sink event.Sink) *sshPool {
	return &sshPool{env: env, git: git, limits: limits, sink: sink, cfg: openssh.ReadConfig(env), conns: map[string]*sshConn{}, facts: map[string]sshFacts{}}
}

// sshConn is one connection, made for the first who needs it.
type sshConn struct {
	slots *slots
	// waiting is how many wait for it; when nobody does any more, cancel ends
	// its making. Both are the pool's to guard.
	waiting int
	cancel  context.CancelFunc

	timeout time.Duration // how long the server may stay silent
	bounds  bounds
	heard   atomic.Int64 // when it last was not, in nanoseconds since 1970

	ready chan struct{} // closed when what follows is set
	err   error
	conn  *ssh.Client
	via   []*ssh.Client // the jump hosts before it

	gone   chan struct{} // closed when the connection has ended
	served atomic.Bool   // it has carried a conversation
	// remade says that it was made in place of one that has ended.
	remade bool
}

// ended reports whether the connection was there and is not any more.
func (c *sshConn) ended() bool {
	select {
	case <-c.gone:
		return true
	default:
		return false
	}
}

// mayBeRemade keeps a host that drops every connection from being called on
// and on.
func (c *sshConn) mayBeRemade() bool { return c.served.Load() || !c.remade }

// sshSessions is below OpenSSH's default MaxSessions of 10.
const sshSessions = 8

// session opens a conversation with a git program on the host's connection. A
// connection that has ended meanwhile (servers end idle ones) is made anew, once.
func (p *sshPool) session(ctx context.Context, program string, remote giturl.Remote) (*conversation, error) {
	host := p.cfg.Resolve(remote)
	for tries := 0; ; tries++ {
		c, err := p.connection(ctx, host)
		if err != nil {
			return nil, &unreachable{host.Key(), outOfReach(host.Alias, err)}
		}
		u, err := c.converse(ctx, program, remote)
		if err == nil {
			return u, nil
		}
		if tries > 0 || ctx.Err() != nil || !c.hasEndedWith(err) {
			return nil, err
		}
	}
}

// converse starts a conversation about one repository.
func (c *sshConn) converse(ctx context.Context, program string, remote giturl.Remote) (*conversation, error) {
	sess, err := c.open(ctx)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", remote, err)
	}
	u := &conversation{sess: sess, free: c.slots.release, silence: silence{longest: c.timeout}, stalled: c.stalled, bounds: c.bounds}
	if err := u.start(ctx, program, remote.Path); err != nil {
		u.Close()
		return nil, explainSSH(remote, err)
	}
	c.served.Store(true)
	return u, nil
}

// hasEndedWith reports whether err is what a connection's end looks like to one
// of its conversations, which may hear of it a moment before the others.
func (c *sshConn) hasEndedWith(err error) bool {
	const moment = 200 * time.Millisecond
	var said *serverError
	if errors.As(err, &said) && said.said != "" {
		return false
	}
	select {
	case <-c.gone:
		return true
	case <-time.After(moment):
		return false
	}
}

// explainSSH tells a missing repository from other refusals. SSH has no code
// for it, so the words of OpenSSH's git, Gitea, GitLab, GitHub, Bitbucket and gitolite count.
func explainSSH(remote giturl.Remote, err error) error {
	var said *serverError
	if !errors.As(err, &said) {
		return At(remote, err)
	}
	low := strings.ToLower(said.said)
	for _, phrase := range []string{"does not appear to be a git repository", "repository not found", "could not be found",
		"project you were looking for", "does not exist", "no such file", "denied by", "access denied"} {
		if strings.Contains(low, phrase) {
			return &NoRepositoryError{URL: remote.String(), Server: brief.Line(brief.FirstLine(said.said))}
		}
	}
	return fmt.Errorf("%s: %w", remote, err)
}

// connection returns the host's connection, which is made once for all who wait
// for it, and for as long as anybody does. What became of it is remembered: a
// host that lets nobody in is asked once a run.
func (p *sshPool) connection(ctx context.Context, host openssh.Host) (*sshConn, error) {
	key := host.Key()
	p.mu.Lock()
	c := p.conns[key]
	if c == nil || c.ended() && c.mayBeRemade() {
		making, cancel := context.WithCancel(context.WithoutCancel(ctx)) // not the first caller's alone
		c = &sshConn{ready: make(chan struct{}), gone: make(chan struct{}), slots: newSlots(sshSessions), cancel: cancel, remade: c != nil, timeout: p.git.Patience.Timeout, bounds: bounds{p.limits, p.git.Patience}}
		p.conns[key] = c
		go p.establish(making, c, host)
	}
	c.waiting++
	p.mu.Unlock()
	select {
	case <-c.ready:
		p.leave(c)
		return c, c.err
	case <-ctx.Done():
	}
	if p.leave(c) == 0 {
		p.abandon(key, c)
	}
	return nil, context.Cause(ctx)
}

// leave takes one who waited from the list and returns how many are left.
func (p *sshPool) leave(c *sshConn) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	c.waiting--
	return c.waiting
}

// abandon ends the making of a connection, unless it is made or somebody came.
func (p *sshPool) abandon(key string, c *sshConn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-c.ready:
		return
	default:
	}
	if c.waiting == 0 && p.conns[key] == c {
		delete(p.conns, key)
		c.cancel()
	}
}

// establish makes a connection, and says when it has ended.
func (p *sshPool) establish(ctx context.Context, c *sshConn, host openssh.Host) {
	c.conn, c.via, c.err = p.dial(ctx, host, 0, &c.heard)
	if c.err == nil && ctx.Err() != nil { // nobody wants it any more
		c.end()
		c.err = context.Cause(ctx)
	}
	close(c.ready)
	if c.err == nil {
		_ = c.conn.Wait()
		closeAll(c.via)
		close(c.gone)
	}
}

// forget forgets the connections that could not be made for a reason that may
// have passed, so that the next who needs one tries anew.
func (p *sshPool) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for key, c := range p.conns {
		select {
		case <-c.ready:
			if c.err != nil && isPassing(c.err) {
				delete(p.conns, key)
			}
		default:
		}
	}
}

// heardConn notes when something came.
type heardConn struct {
	net.Conn
	at *atomic.Int64
}

// Read implements net.Conn.
func (c *heardConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.at.Store(time.Now().UnixNano())
	return n, err
}

// stalled ends a connection on which nothing has come at all. Where something
// has, it is one conversation that is stuck, and the others may go on.
func (c *sshConn) stalled() {
	if time.Since(time.Unix(0, c.heard.Load())) >= c.timeout {
		c.end()
	}
}

// end closes a connection that was made.
func (c *sshConn) end() {
	if c.conn != nil {
		_ = c.conn.Close()
		closeAll(c.via)
	}
}

// dial connects to host, through its jump hosts if it has some.
func (p *sshPool) dial(ctx context.Context, host openssh.Host, depth int, heard *atomic.Int64) (*ssh.Client, []*ssh.Client, error) {
	const mostJumps = 8
	if depth > mostJumps {
		return nil, nil, fmt.Errorf("ssh %s: more than %d ProxyJump hosts", host, mostJumps)
	}
	if host.User == "" {
		return nil, nil, &noUserError{host}
	}
	timeout := p.git.Patience.ConnectTimeout // from dial to authentication
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, &ConnectError{timeout})
	defer cancel()
	raw, via, err := p.reach(ctx, host, depth)
	if err != nil {
		return nil, nil, err
	}
	client, err := p.handshake(ctx, host, &heardConn{raw, heard})
	if err != nil {
		raw.Close()
		closeAll(via)
		if proxy, ok := raw.(*proxyConn); ok && proxy.err != nil && ctx.Err() == nil {
			err = fmt.Errorf("ssh %s: %w", host, &openssh.ProxyCommandError{Line: host.Proxy.String(), Err: proxy.err})
		}
		return nil, nil, err
	}
	return client, via, nil
}

// reach makes the connection that SSH is spoken on: through a jump host, by a
// program, or without more ado.
func (p *sshPool) reach(ctx context.Context, host openssh.Host, depth int) (raw net.Conn, via []*ssh.Client, err error) {
	switch {
	case host.Jump != "":
		jump, first, err := openssh.ParseJump(host.Jump)
		if err != nil {
			return nil, nil, fmt.Errorf("ssh %s: %w", host, err)
		}
		hop := p.cfg.Resolve(jump)
		hop.Hop = true
		if first != "" {
			hop.Jump = first
		}
		last, before, err := p.dial(ctx, hop, depth+1, new(atomic.Int64))
		if err != nil {
			return nil, nil, fmt.Errorf("ssh %s: by ProxyJump %s: %w", host, host.Jump, err)
		}
		via = append(before, last)
		if raw, err = last.DialContext(ctx, "tcp", host.Addr()); err != nil {
			closeAll(via)
			return nil, nil, fmt.Errorf("ssh %s: from %s: %w", host, host.Jump, err)
		}
		return raw, via, nil
	case host.HasProxy():
		raw, err = p.dialProxy(ctx, host)
	default:
		raw, err = new(net.Dialer).DialContext(ctx, "tcp", host.Addr())
	}
	if err != nil {
		return nil, nil, fmt.Errorf("ssh %s: %w", host, cause(ctx, err))
	}
	return raw, nil, nil
}

func closeAll(clients []*ssh.Client) {
	for i := len(clients) - 1; i >= 0; i-- {
		_ = clients[i].Close()
	}
}

// cause prefers the context's reason over the network error it led to.
func cause(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// handshake checks the host key and authenticates.
func (p *sshPool) handshake(ctx context.Context, host openssh.Host, raw net.Conn) (*ssh.Client, error) {
	home, _ := p.env("HOME")
	keys, err := openssh.ReadHostKeys(host, p.git.KnownHosts, home)
	if err != nil {
		return nil, err
	}
	id := p.identities(host)
	defer id.close()
	safe := ssh.SupportedAlgorithms()
	cfg := &ssh.ClientConfig{
		Config:            ssh.Config{KeyExchanges: safe.KeyExchanges, Ciphers: safe.Ciphers, MACs: safe.MACs},
		User:              host.User,
		Auth:              id.methods(),
		HostKeyCallback:   keys.Check,
		HostKeyAlgorithms: keys.Algorithms(),
		ClientVersion:     "SSH-2.0-vxlite",
	}
	stop := context.AfterFunc(ctx, func() {
		_ = raw.Close()
		id.close() // an agent may wait for its user
	})
	defer stop()
	conn, chans, reqs, err := ssh.NewClientConn(raw, host.Addr(), cfg)
	if err != nil {
		if ctx.Err() != nil {
			return nil, fmt.Errorf("ssh %s: %w", host, context.Cause(ctx))
		}
		return nil, explainHandshake(keys, id, err)
	}
	p.learned(host, id, keys)
	return ssh.NewClient(conn, chans, reqs), nil
}

// open gets a channel. A server that allows fewer at once than we would use
// refuses one; then the refused waits until another has ended. One that is
// alone tries again: a server counts a conversation until its program has
// ended, which is a moment after we have.
func (c *sshConn) open(ctx context.Context) (*ssh.Session, error) {
	const tries, between = 50, 20 * time.Millisecond
	if err := c.slots.acquire(ctx); err != nil {
		return nil, err
	}
	for n := 1; ; n++ {
		sess, err := c.newSession(ctx)
		if err == nil {
			return sess, nil
		}
		var refused *ssh.OpenChannelError
		switch {
		case errors.As(err, &refused) && c.slots.shrink():
			if err := c.slots.acquire(ctx); err != nil {
				return nil, err
			}
		case errors.As(err, &refused) && n < tries && pause(ctx, between) == nil:
		default:
			c.slots.release()
			return nil, err
		}
	}
}

// newSession asks for a channel, which a server that hangs does not give.
func (c *sshConn) newSession(ctx context.Context) (*ssh.Session, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, c.timeout, &StallError{c.timeout})
	defer cancel()
	sess, err := await(ctx, c.conn.NewSession, func(late *ssh.Session) { _ = late.Close() })
	if ctx.Err() != nil {
		c.stalled()
	}
	return sess, err
}

// close ends all connections, and the making of others.
func (p *sshPool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.conns {
		c.cancel()
		select {
		case <-c.ready:
			c.end()
		default: // establish ends what comes of it
		}
	}
}

// await waits for f, but no longer than ctx: SSH's library has calls that wait
// for the server and cannot be told to stop. What f gives too late goes to drop.
func await[T any](ctx context.Context, f func() (T, error), drop func(T)) (T, error) {
	type result struct {
		v   T
		err error
	}
	done := make(chan result)
	go func() {
		v, err := f()
		select {
		case done <- result{v, err}:
		case <-ctx.Done():
			if err == nil {
				drop(v)
			}
		}
	}()
	select {
	case r := <-done:
		return r.v, r.err
	case <-ctx.Done():
		var none T
		return none, context.Cause(ctx)
	}
}

// slots is a semaphore that can become smaller.
type slots struct {
	mu      sync.Mutex
	limit   int
	used    int
	changed chan struct{} // closed and made anew when a place becomes free
}

func newSlots(limit int) *slots { return &slots{limit: limit, changed: make(chan struct{})} }

func (s *slots) acquire(ctx context.Context) error {
	for {
		s.mu.Lock()
		if s.used < s.limit {
			s.used++
			s.mu.Unlock()
			return nil
		}
		wait := s.changed
		s.mu.Unlock()
		select {
		case <-wait:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (s *slots) release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.used--
	close(s.changed)
	s.changed = make(chan struct{})
}

// shrink gives the caller's place back for good, unless it is the only one in use.
func (s *slots) shrink() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.used <= 1 {
		return false
	}
	s.used--
	s.limit = max(1, s.used)
	return true
}
