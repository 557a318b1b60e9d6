package gitconn

import (
	"crypto/rand"
	"io"

	"github.com/vxlite/vxlite/internal/giturl"
	"github.com/vxlite/vxlite/internal/openssh"
	"golang.org/x/crypto/ssh"
)

// took is where the credential came from that a host took last.
func (p *httpPool) took(remote giturl.Remote) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.worked[remote.Scheme+"://"+remote.HostPort()].Origin
}

// sshFacts is what a handshake has shown.
type sshFacts struct{ used, hostKey string }

// learned remembers what a handshake has shown.
func (p *sshPool) learned(host openssh.Host, id *identities, keys *openssh.HostKeys) {
	f := sshFacts{used: id.used, hostKey: keys.Used}
	if f.used == "" && id.password != "" {
		f.used = "the config's password"
	}
	p.mu.Lock()
	p.facts[host.Key()] = f
	p.mu.Unlock()
}

func (p *sshPool) known(host openssh.Host) sshFacts {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.facts[host.Key()]
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
