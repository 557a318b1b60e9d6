package source

import (
	"context"

	"github.com/vxlite/vxlite/internal/giturl"
)

// Probe is what asking a repository for its refs has shown. No secret is in it.
type Probe struct {
	// Asked is what was asked for, after mirrors and insteadOf, as these have it;
	// URL is the same in its usual form.
	Asked, URL string
	// With is the credential or the key that the server took, and where it came
	// from; HostKey the line of known_hosts that the server's key is in.
	With, HostKey string
	// Refs are the branches and tags that are there, nil where none could be asked.
	Refs *Refs
	// Unused are settings of git's and OpenSSH's for the place that do not count.
	Unused []giturl.Unused
	// Err says why it cannot be cloned from; nil where it can.
	Err error
}

// Probe asks each place that a repository can be cloned from, in order, until
// one answers.
func (c *Client) Probe(ctx context.Context, repoURL string) []Probe {
	var out []Probe
	for _, candidate := range c.conns.Candidates(repoURL) {
		p := c.probe(ctx, candidate)
		out = append(out, p)
		if p.Err == nil || ctx.Err() != nil {
			break
		}
	}
	return out
}

func (c *Client) probe(ctx context.Context, candidate string) Probe {
	remote, err := giturl.Parse(candidate)
	if err != nil {
		return Probe{Asked: candidate, URL: giturl.Redact(candidate), Err: err}
	}
	p := Probe{Asked: candidate, URL: remote.String()}
	if remote.Local() {
		repo, err := c.openLocal(remote)
		if p.Err = err; err == nil {
			p.With, p.Refs = "a local path", refsFromStorage(repo.st)
		}
		return p
	}
	if c.offline {
		p.Err = &OfflineError{Module: candidate, Ref: "its list of refs", URL: p.URL}
		return p
	}
	ctx, release, err := c.acquire(ctx)
	if err != nil {
		p.Err = err
		return p
	}
	defer release()
	p.Unused = c.conns.UnusedFor(remote)
	sess, adv, err := c.conns.Connect(ctx, remote)
	if err != nil {
		p.Err = err
		return p
	}
	defer sess.Close()
	p.Refs = refsFromAdvertisement(adv)
	p.With, p.HostKey = c.conns.Took(remote)
	return p
}
