// Package gitconn holds conversations with git servers, over SSH and HTTP: it knows
// how to log in, whom to trust, what a server may send, and whether to try again. It
// knows nothing of refs, commits or the store.
//
// Begin with [Conns], whose Connect starts a conversation to fetch from, and whose
// ConnectPush one to push to. ssh.go, session.go and sshauth.go speak SSH, by what
// package openssh reads of the user's settings; http.go and tls.go speak HTTP; push.go
// sends packs over both. bounds.go ends what is too much or too slow, retry.go decides
// what may pass, and explain.go puts the remote in front of an error.
//
// # What is go-git's, and what is not
//
// go-git's are the conversation over HTTP and the messages of git's protocol on both.
// The SSH transport is not: go-git's makes a connection for each conversation, and a
// handshake costs a tenth of a second; here all repositories of a host share one. What
// a server sends before a pack is read here, too, since go-git keeps each line of it
// without a limit. A pack that is pushed over HTTP is sent from here: go-git holds all
// of a request in memory.
package gitconn

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/transport"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/event"
	"github.com/vxlite/vxlite/internal/giturl"
)

// Env looks up an environment variable.
type Env func(name string) (value string, ok bool)

// Options say how servers are reached.
type Options struct {
	Env     Env
	Mirrors []config.Mirror
	// Git and Limits are complete: see OrDefault of each.
	Git    config.Git
	Limits config.Limits
	Sink   event.Sink
}

// Conns are the connections to all servers, and how each is reached.
type Conns struct {
	env      Env
	patience config.Patience
	sink     event.Sink
	urls     giturl.Rewriter
	ssh      *sshPool
	http     *httpPool

	// unreachable holds the hosts that could not be reached however often they
	// were tried.
	unreachable sync.Map
	// Pause waits before another attempt. It is a field for tests.
	Pause func(context.Context, time.Duration) error
}

// New makes no connection yet; Close ends those that are made.
func New(o Options) (*Conns, error) {
	hosts, err := newHTTPPool(o.Env, o.Git, o.Limits, o.Sink)
	if err != nil {
		return nil, err
	}
	return &Conns{
		env:      o.Env,
		patience: o.Git.Patience,
		sink:     o.Sink,
		urls:     giturl.NewRewriter(o.Env, o.Mirrors),
		ssh:      newSSHPool(o.Env, o.Git, o.Limits, o.Sink),
		http:     hosts,
		Pause:    pause,
	}, nil
}

// Close ends all connections.
func (c *Conns) Close() {
	c.ssh.close()
	c.http.close()
}

// HTTP returns the client that trusts what the config trusts.
func (c *Conns) HTTP() *http.Client { return c.http.client }

// Candidates returns the URLs that a repository can be cloned from, after
// mirrors and insteadOf, in order.
func (c *Conns) Candidates(repo string) []string { return c.urls.Candidates(repo) }

// Learn remembers the credential that a URL brings.
func (c *Conns) Learn(remote giturl.Remote) { c.http.creds.Learn(remote) }

// Connect starts a conversation with git-upload-pack at remote.
func (c *Conns) Connect(ctx context.Context, remote giturl.Remote) (transport.UploadPackSession, *packp.AdvRefs, error) {
	return connect(ctx, c, remote, transport.UploadPackServiceName, transport.Transport.NewUploadPackSession,
		func(u *conversation) transport.UploadPackSession { return uploadPack{u} })
}

// ConnectPush starts a conversation with git-receive-pack at remote.
func (c *Conns) ConnectPush(ctx context.Context, remote giturl.Remote) (PushSession, *packp.AdvRefs, error) {
	return connect(ctx, c, remote, transport.ReceivePackServiceName, openPush, func(u *conversation) PushSession { return receivePack{u} })
}

// connect starts a conversation with one of git's programs.
func connect[S transport.Session](ctx context.Context, c *Conns, remote giturl.Remote, program string, byHTTP opener[S], bySSH func(*conversation) S) (sess S, adv *packp.AdvRefs, err error) {
	if remote.Scheme == "ssh" {
		var u *conversation
		if u, err = c.ssh.session(ctx, program, remote); err == nil {
			return bySSH(u), u.adv, nil
		}
	} else {
		sess, adv, err = session(ctx, c.http, remote, byHTTP)
	}
	if err != nil && ctx.Err() == nil {
		err = withUnused(err, c.UnusedFor(remote))
	}
	return sess, adv, err
}

// Explain says what went wrong in a conversation that had begun.
func (c *Conns) Explain(ctx context.Context, remote giturl.Remote, err error) error {
	return c.http.explain(ctx, remote, err)
}

// Took returns the credential or the key that a server took last, and where it
// came from, and the line of known_hosts that its key is in.
func (c *Conns) Took(remote giturl.Remote) (with, hostKey string) {
	if remote.Scheme == "ssh" {
		f := c.ssh.known(c.ssh.cfg.Resolve(remote))
		return f.used, f.hostKey
	}
	return c.http.took(remote), ""
}

// UnusedFor are settings of git's and OpenSSH's for a remote that do not count.
func (c *Conns) UnusedFor(remote giturl.Remote) []giturl.Unused {
	unused := c.urls.Git.UnusedFor(remote, c.env)
	if remote.Scheme == "ssh" {
		unused = append(unused, c.ssh.cfg.Resolve(remote).Unused...)
	}
	return unused
}

// Retry runs try until it succeeds, fails for good, or has failed often enough.
// A host that was unreachable once for all attempts is not waited for again.
func (c *Conns) Retry(ctx context.Context, module, ref string, try func() error) error {
	for attempt := 0; ; attempt++ {
		err := try()
		if err == nil || ctx.Err() != nil {
			return err
		}
		wait, passing := passes(err, attempt)
		if !passing || attempt >= c.patience.Retries || c.isUnreachable(err) {
			if passing {
				c.setUnreachable(err)
			}
			return err
		}
		c.sink.Send(event.Event{Kind: event.Retry, Module: module, Ref: ref, Text: err.Error(), Seconds: wait.Seconds()})
		if err := c.Pause(ctx, wait); err != nil {
			return err
		}
		c.ssh.forget()
	}
}

// isUnreachable reports whether a failure is one that other requests have waited
// for in vain: a host that cannot be reached is the same for all its repositories.
func (c *Conns) isUnreachable(err error) bool {
	host, ok := errors.AsType[*unreachable](err)
	if !ok {
		return false
	}
	_, ok = c.unreachable.Load(host.addr)
	return ok
}

func (c *Conns) setUnreachable(err error) {
	if host, ok := errors.AsType[*unreachable](err); ok {
		c.unreachable.Store(host.addr, true)
	}
}
