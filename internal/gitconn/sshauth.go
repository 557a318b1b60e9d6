package gitconn

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

	"github.com/vxlite/vxlite/internal/brief"
	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/giturl"
	"github.com/vxlite/vxlite/internal/openssh"
)

// identities are the keys to offer a host, in order, and the story of how
// they were found, for the error when none is taken.
type identities struct {
	signers  []ssh.Signer
	password string
	tried    []string
	public   map[string]bool // the keys that files were named for
	closers  []io.Closer
	used     string // what the server took, as far as it was asked
}

// identities collects: the config's key and password, ssh_config's
// IdentityFile, the agent, and the usual files.
func (p *sshPool) identities(h openssh.Host) *identities {
	id := &identities{public: map[string]bool{}}
	for _, c := range p.git.Credentials {
		if !giturl.CredentialFits(c.Host, h.Alias, h.Port) {
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
	for _, f := range h.Identities {
		id.file(f, "from ssh_config")
	}
	if fromConfig {
		return id
	}
	var usual []string
	if h.Identities == nil {
		usual = p.usualKeys()
	}
	if h.IdentitiesOnly { // then they say which of the agent's count
		id.files(usual)
	}
	id.agent(h, p.env)
	if !h.IdentitiesOnly {
		id.files(usual)
	}
	return id
}

func (id *identities) files(usual []string) {
	for _, f := range usual {
		id.file(f, "a usual place")
	}
}

// usualKeys are the files that OpenSSH looks for where its configuration names
// none.
func (p *sshPool) usualKeys() (files []string) {
	home, ok := p.env("HOME")
	if !ok || home == "" {
		return nil
	}
	for _, name := range []string{"id_ed25519", "id_ecdsa", "id_rsa"} {
		if f := filepath.Join(home, ".ssh", name); disk.Exists(f) {
			files = append(files, f)
		}
	}
	return files
}

// file adds a private key.
func (id *identities) file(name, origin string) {
	what := fmt.Sprintf("key %s (%s)", name, origin)
	if data, err := disk.ReadText(name + ".pub"); err == nil {
		if pub, _, _, _, err := ssh.ParseAuthorizedKey(data); err == nil {
			id.public[string(pub.Marshal())] = true
		}
	}
	data, err := disk.ReadText(name)
	if err != nil {
		id.tried = append(id.tried, what+": "+reason(err))
		return
	}
	if pub, _, _, _, err := ssh.ParseAuthorizedKey(data); err == nil {
		id.public[string(pub.Marshal())] = true
		id.tried = append(id.tried, what+": is a public key, whose private one may be in ssh-agent")
		return
	}
	signer, err := ssh.ParsePrivateKey(data)
	var locked *ssh.PassphraseMissingError
	switch {
	case errors.As(err, &locked):
		if locked.PublicKey != nil {
			id.public[string(locked.PublicKey.Marshal())] = true
		}
		id.tried = append(id.tried, what+": has a passphrase; add it to ssh-agent")
		return
	case err != nil:
		id.tried = append(id.tried, what+": "+err.Error())
		return
	}
	id.public[string(signer.PublicKey().Marshal())] = true
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

// agent adds the agent's keys; with IdentitiesOnly those alone that files were
// named for.
func (id *identities) agent(h openssh.Host, env Env) {
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
	n := 0
	for _, s := range signers {
		if !h.IdentitiesOnly || id.public[string(s.PublicKey().Marshal())] {
			id.signers = append(id.signers, id.track(s, "a key of ssh-agent, "+ssh.FingerprintSHA256(s.PublicKey())))
			n++
		}
	}
	id.tried = append(id.tried, fmt.Sprintf("ssh-agent (%d keys)", n))
}

// dialAgent connects to the agent that the host's config or the environment
// names. On Windows the library finds Pageant and OpenSSH's pipe by itself.
func dialAgent(h openssh.Host, env Env) (io.ReadWriteCloser, error) {
	socket, _ := env("SSH_AUTH_SOCK")
	switch h.Agent {
	case "", "SSH_AUTH_SOCK":
	case "none":
		return nil, errors.New("turned off by ssh_config")
	default:
		socket = h.Agent
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
	as    string // who the user is, where nobody has said
	hints []string
}

// Error implements error.
func (e *AuthError) Error() string {
	tried := "no credentials were found"
	if len(e.Tried) > 0 {
		tried = "tried " + strings.Join(e.Tried, ", then ")
	}
	return fmt.Sprintf("%s: access denied%s: %s", e.URL, e.as, tried)
}

func (e *AuthError) cause() string { return giturl.HostOf(e.URL) + ": " + strings.Join(e.Tried, ", ") }

// Hints says where credentials come from.
func (e *AuthError) Hints() []string { return e.hints }

// explainHandshake words a failed handshake.
func explainHandshake(k *openssh.HostKeys, id *identities, err error) error {
	if wrong, ok := errors.AsType[*openssh.HostKeyError](err); ok {
		return wrong
	}
	if kind, ok := errors.AsType[*openssh.HostKeyKindError](err); ok {
		return kind
	}
	h := k.Host
	var disagree *ssh.AlgorithmNegotiationError
	if errors.As(err, &disagree) && (disagree.What != "host key" || !slices.ContainsFunc(disagree.RequestedAlgorithms, func(a string) bool { return !openssh.IsWeak(a) })) {
		return &openssh.AlgorithmError{Host: h, What: disagree.What, Offered: disagree.RequestedAlgorithms, Accepted: disagree.SupportedAlgorithms}
	}
	if disagree != nil && len(k.Own())+len(k.Authorities) == 0 { // no kind is known
		return &openssh.AlgorithmError{Host: h, What: disagree.What, Offered: disagree.RequestedAlgorithms, Accepted: disagree.SupportedAlgorithms}
	}
	if disagree != nil {
		return &openssh.HostKeyKindError{HostKeys: k, Offered: disagree.RequestedAlgorithms}
	}
	if said := err.Error(); strings.Contains(said, "unable to authenticate") || strings.Contains(said, "Too many authentication failures") {
		denied := &AuthError{URL: "ssh " + h.String(), Tried: id.tried}
		if h.AsLocal {
			denied.as = fmt.Sprintf(" as %s, the local user, since %s names none", h.User, h.NamedBy())
			denied.hints = h.NameUser()
		}
		denied.hints = append(denied.hints,
			config.Snippet("load a key into ssh-agent, or name one in the config", fmt.Sprintf("[git.credentials.%q]", h.Alias), config.Setting{Key: "ssh_key", Value: "~/.ssh/KEY"}))
		return denied
	}
	return fmt.Errorf("ssh %s: %w", h, brief.Error(err))
}

// noUserError is a host that nobody can log in to, for want of a name.
type noUserError struct{ host openssh.Host }

// Error implements error.
func (e *noUserError) Error() string {
	return fmt.Sprintf("ssh %s: no user to log in as: %s names none, and the local user, %d, has no name", e.host.Alias, e.host.NamedBy(), os.Getuid())
}

// Hints says how to name one.
func (e *noUserError) Hints() []string { return e.host.NameUser() }
