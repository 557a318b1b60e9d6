package source

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"

	agentpkg "github.com/xanzy/ssh-agent"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// identities are the keys to offer a host, in order, and the story of how
// they were found, for the error when none is taken.
type identities struct {
	signers  []ssh.Signer
	password string
	tried    []string
	closers  []io.Closer
	used     string // what the server took, as far as it was asked
}

// identities collects: the config's key and password, ssh_config's
// IdentityFile, the agent, and the usual files.
func (p *sshPool) identities(h sshHost) *identities {
	id := &identities{}
	for _, c := range p.git.Credentials {
		if !credentialFits(c.Host, h.alias, h.port) {
			continue
		}
		if c.SSHKey != "" {
			id.file(c.SSHKey, "from the config")
		}
		if c.Password != "" && c.SSHKey == "" {
			id.password = string(c.Password)
			id.tried = append(id.tried, "the config's password")
		}
	}
	fromConfig := len(id.signers) > 0
	for _, f := range h.identities {
		id.file(f, "from ssh_config")
	}
	if !fromConfig {
		id.agent(h, p.env)
	}
	if len(h.identities) == 0 && !fromConfig {
		if home, ok := p.env("HOME"); ok && home != "" {
			for _, name := range []string{"id_ed25519", "id_ecdsa", "id_rsa"} {
				if f := filepath.Join(home, ".ssh", name); fileExists(f) {
					id.file(f, "a usual place")
				}
			}
		}
	}
	return id
}

func fileExists(p string) bool {
	_, err := os.Stat(p)
	return err == nil
}

// credentialFits matches a config's host, which may have a port.
func credentialFits(pattern, host, port string) bool {
	h, p, err := net.SplitHostPort(pattern)
	if err != nil {
		return strings.EqualFold(pattern, host)
	}
	return strings.EqualFold(h, host) && p == port
}

// file adds a private key.
func (id *identities) file(name, origin string) {
	what := fmt.Sprintf("key %s (%s)", name, origin)
	data, err := os.ReadFile(name)
	if err != nil {
		id.tried = append(id.tried, what+": "+reason(err))
		return
	}
	signer, err := ssh.ParsePrivateKey(data)
	var locked *ssh.PassphraseMissingError
	switch {
	case errors.As(err, &locked):
		id.tried = append(id.tried, what+": has a passphrase; add it to ssh-agent")
		return
	case err != nil:
		id.tried = append(id.tried, what+": "+err.Error())
		return
	}
	id.tried = append(id.tried, what)
	id.signers = append(id.signers, id.track(signer, what))
}

// reason strips the path that the message around it names already.
func reason(err error) string {
	var pe *os.PathError
	if errors.As(err, &pe) {
		return pe.Err.Error()
	}
	return err.Error()
}

// agent adds the agent's keys; with IdentitiesOnly those alone that
// ssh_config names, by the public file beside them.
func (id *identities) agent(h sshHost, env Env) {
	conn, err := dialAgent(h, env)
	if err != nil {
		id.tried = append(id.tried, "ssh-agent: "+err.Error())
		return
	}
	id.closers = append(id.closers, conn)
	signers, err := agent.NewClient(conn).Signers()
	if err != nil {
		id.tried = append(id.tried, "ssh-agent: "+err.Error())
		return
	}
	only := map[string]bool{}
	if h.only {
		for _, f := range h.identities {
			if data, err := os.ReadFile(f + ".pub"); err == nil {
				if pub, _, _, _, err := ssh.ParseAuthorizedKey(data); err == nil {
					only[string(pub.Marshal())] = true
				}
			}
		}
	}
	n := 0
	for _, s := range signers {
		if !h.only || only[string(s.PublicKey().Marshal())] {
			id.signers = append(id.signers, id.track(s, "a key of ssh-agent, "+ssh.FingerprintSHA256(s.PublicKey())))
			n++
		}
	}
	id.tried = append(id.tried, fmt.Sprintf("ssh-agent (%d keys)", n))
}

// dialAgent connects to the agent that the host's config or the environment
// names. On Windows the library finds Pageant and OpenSSH's pipe by itself.
func dialAgent(h sshHost, env Env) (io.ReadWriteCloser, error) {
	socket, _ := env("SSH_AUTH_SOCK")
	switch h.agent {
	case "", "SSH_AUTH_SOCK":
	case "none":
		return nil, errors.New("turned off by ssh_config")
	default:
		socket = expandHome(h.agent, env)
	}
	if socket != "" {
		return net.Dial("unix", socket)
	}
	if !agentpkg.Available() || os.PathSeparator == '/' {
		return nil, errors.New("not running (SSH_AUTH_SOCK is not set)")
	}
	_, conn, err := agentpkg.New()
	return connCloser{conn}, err
}

// connCloser closes a net.Conn that may be nil.
type connCloser struct{ net.Conn }

func (c connCloser) Close() error {
	if c.Conn == nil {
		return nil
	}
	return c.Conn.Close()
}

func (id *identities) methods() []ssh.AuthMethod {
	var out []ssh.AuthMethod
	if len(id.signers) > 0 {
		// One method with all keys: the protocol's client asks a method once.
		out = append(out, ssh.PublicKeys(id.signers...))
	}
	if id.password != "" {
		out = append(out, ssh.Password(id.password))
	}
	return out
}

func (id *identities) close() {
	for _, c := range id.closers {
		_ = c.Close()
	}
}

// AuthError is a refusal of every credential that was tried.
type AuthError struct {
	URL string
	// Tried lists the credentials in the order they were tried, without secrets.
	Tried []string
	hints []string
}

// Error implements error.
func (e *AuthError) Error() string {
	tried := "no credentials were found"
	if len(e.Tried) > 0 {
		tried = "tried " + strings.Join(e.Tried, ", then ")
	}
	return fmt.Sprintf("%s: access denied: %s", e.URL, tried)
}

// Hints says where credentials come from.
func (e *AuthError) Hints() []string { return e.hints }

// explain words a failed handshake.
func (k *hostKeys) explain(id *identities, err error) error {
	if wrong, ok := errors.AsType[*hostKeyError](err); ok {
		return wrong
	}
	if kind, ok := errors.AsType[*hostKeyKindError](err); ok {
		return kind
	}
	h := k.host
	var disagree *ssh.AlgorithmNegotiationError
	if errors.As(err, &disagree) && (disagree.What != "host key" || !slices.ContainsFunc(disagree.RequestedAlgorithms, func(a string) bool { return !isWeak(a) })) {
		return &algorithmError{host: h, what: disagree.What, offered: disagree.RequestedAlgorithms, accepted: disagree.SupportedAlgorithms}
	}
	if disagree != nil {
		return &hostKeyKindError{hostKeys: k, offered: disagree.RequestedAlgorithms}
	}
	if said := err.Error(); strings.Contains(said, "unable to authenticate") || strings.Contains(said, "Too many authentication failures") {
		return &AuthError{URL: "ssh " + h.String(), Tried: id.tried, hints: []string{
			fmt.Sprintf("name a key in the config: [git.credentials.%q] ssh_key = \"~/.ssh/KEY\", or load one into ssh-agent", h.alias),
		}}
	}
	return fmt.Errorf("ssh %s: %w", h, err)
}
