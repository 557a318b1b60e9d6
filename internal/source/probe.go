package source

import (
	"context"
	"crypto/rand"
	"io"

	"golang.org/x/crypto/ssh"
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
	Unused []Unused
	// Err says why it cannot be cloned from; nil where it can.
	Err error
}

// Probe asks each place that a repository can be cloned from, in order, until
// one answers.
func (c *Client) Probe(ctx context.Context, repoURL string) []Probe {
	var out []Probe
	for _, candidate := range c.urls.candidates(repoURL) {
		p := c.probe(ctx, candidate)
		out = append(out, p)
		if p.Err == nil || ctx.Err() != nil {
			break
		}
	}
	return out
}

func (c *Client) probe(ctx context.Context, candidate string) Probe {
	remote, err := ParseRemote(candidate)
	if err != nil {
		return Probe{Asked: candidate, URL: redact(candidate), Err: err}
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
	p.Unused = c.unusedFor(remote)
	sess, adv, err := c.connect(ctx, remote)
	if err != nil {
		p.Err = err
		return p
	}
	defer sess.Close()
	p.Refs = refsFromAdvertisement(adv)
	if remote.Scheme == "ssh" {
		f := c.ssh.known(c.ssh.cfg.resolve(remote))
		p.With, p.HostKey = f.used, f.hostKey
	} else {
		p.With = c.http.took(remote)
	}
	return p
}

// took is where the credential came from that a host took last.
func (p *httpPool) took(remote Remote) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.worked[remote.Scheme+"://"+remote.hostPort()].origin
}

// sshFacts is what a handshake has shown.
type sshFacts struct{ used, hostKey string }

// learned remembers what a handshake has shown.
func (p *sshPool) learned(host sshHost, id *identities, keys *hostKeys) {
	f := sshFacts{used: id.used, hostKey: keys.used}
	if f.used == "" && id.password != "" {
		f.used = "the config's password"
	}
	p.mu.Lock()
	p.facts[host.key()] = f
	p.mu.Unlock()
}

func (p *sshPool) known(host sshHost) sshFacts {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.facts[host.key()]
}

// track makes a signer say when it is used. The server asks for a signature
// only of a key that it would take, so the last one is the one it took.
func (id *identities) track(s ssh.Signer, what string) ssh.Signer {
	if a, ok := s.(ssh.AlgorithmSigner); ok {
		return &tracked{AlgorithmSigner: a, id: id, what: what}
	}
	return s
}

// tracked is a signer that tells of its use.
type tracked struct {
	ssh.AlgorithmSigner
	id   *identities
	what string
}

// Sign implements ssh.Signer.
func (t *tracked) Sign(r io.Reader, data []byte) (*ssh.Signature, error) {
	t.id.used = t.what
	return t.AlgorithmSigner.Sign(r, data)
}

// SignWithAlgorithm implements ssh.AlgorithmSigner.
func (t *tracked) SignWithAlgorithm(_ io.Reader, data []byte, algorithm string) (*ssh.Signature, error) {
	t.id.used = t.what
	return t.AlgorithmSigner.SignWithAlgorithm(rand.Reader, data, algorithm)
}
