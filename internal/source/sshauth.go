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

	"github.com/skeema/knownhosts"
	agentpkg "github.com/xanzy/ssh-agent"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
	xknownhosts "golang.org/x/crypto/ssh/knownhosts"
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

// hostKeys decides whether a server is the one it claims to be.
type hostKeys struct {
	files      []string
	key        ssh.PublicKey // the server's, once it was found to be right
	callback   ssh.HostKeyCallback
	algorithms []string
	// kinds are those of the host's keys in files, sorted.
	kinds []string
}

// hostKeys reads the known_hosts files for a host. They are always checked;
// there is no way to turn that off.
func (p *sshPool) hostKeys(h sshHost) (*hostKeys, error) {
	files := p.git.KnownHosts
	if len(files) == 0 {
		files = h.knownHosts
	}
	if len(files) == 0 {
		if home, ok := p.env("HOME"); ok && home != "" {
			files = append(files, filepath.Join(home, ".ssh", "known_hosts"), filepath.Join(home, ".ssh", "known_hosts2"))
		}
		files = append(files, "/etc/ssh/ssh_known_hosts")
	}
	k := &hostKeys{files: files}
	var there []string
	for _, f := range files {
		if fileExists(f) {
			there = append(there, f)
		}
	}
	db, err := knownhosts.NewDB(there...)
	if err != nil {
		return nil, fmt.Errorf("ssh %s: %w", h, err)
	}
	check := db.HostKeyCallback()
	known := db.HostKeyAlgorithms(h.keyName())
	onlyWeak := len(known) > 0 && !slices.ContainsFunc(known, func(a string) bool { return !isWeak(a) })
	k.callback = func(_ string, addr net.Addr, key ssh.PublicKey) error {
		if onlyWeak { // which no key of the server's may be compared with
			return &hostKeyKindError{host: h, known: k.kinds, offered: []string{key.Type()}, files: files}
		}
		if err := check(h.keyName(), addr, key); err != nil {
			return &hostKeyError{host: h, key: key, files: files, err: err}
		}
		k.key = key
		return nil
	}
	k.algorithms = safeHostKeys(known)
	for _, key := range db.HostKeys(h.keyName()) {
		k.kinds = append(k.kinds, key.Type())
	}
	slices.Sort(k.kinds)
	k.kinds = slices.Compact(k.kinds)
	return k, nil
}

// hostKeyError is a host key that is unknown, changed or revoked.
type hostKeyError struct {
	host  sshHost
	key   ssh.PublicKey
	files []string
	err   error
}

// Error implements error.
func (e *hostKeyError) Error() string {
	finger := e.key.Type() + " " + ssh.FingerprintSHA256(e.key)
	var revoked *xknownhosts.RevokedError
	switch {
	case errors.As(e.err, &revoked):
		return fmt.Sprintf("ssh %s: the host key is marked as revoked: %s", e.host, finger)
	case knownhosts.IsHostKeyChanged(e.err):
		return fmt.Sprintf("ssh %s: the host key has changed: the server has %s, %s has another", e.host, finger, e.where())
	case knownhosts.IsHostUnknown(e.err):
		return fmt.Sprintf("ssh %s: the host key is unknown: %s is not in %s", e.host, finger, strings.Join(e.files, ", "))
	}
	return fmt.Sprintf("ssh %s: host key %s: %v", e.host, finger, e.err)
}

// where names the line of known_hosts that disagrees.
func (e *hostKeyError) where() string {
	var ke *xknownhosts.KeyError
	if errors.As(e.err, &ke) && len(ke.Want) > 0 {
		return fmt.Sprintf("%s:%d", ke.Want[0].Filename, ke.Want[0].Line)
	}
	return strings.Join(e.files, ", ")
}

// Hints says what to do about a host key.
func (e *hostKeyError) Hints() []string {
	if knownhosts.IsHostUnknown(e.err) {
		return []string{
			"compare the fingerprint with the one the host's administrator gives, then add this line to " + e.files[0] + ":",
			knownhosts.Line([]string{e.host.keyName()}, e.key),
		}
	}
	if knownhosts.IsHostKeyChanged(e.err) {
		return []string{"if the host was set up anew, replace the line; if not, somebody may be listening in"}
	}
	return nil
}

func (e *hostKeyError) Unwrap() error { return e.err }

// hostKeyKindError is a server that has host keys, but none of a kind that
// known_hosts has for it.
type hostKeyKindError struct {
	host           sshHost
	known, offered []string
	files          []string
}

// Error implements error.
func (e *hostKeyKindError) Error() string {
	return fmt.Sprintf("ssh %s: the server has no host key of the kind that is known for it: known is %s (in %s), the server offers %s",
		e.host, strings.Join(e.known, ", "), strings.Join(e.files, ", "), strings.Join(e.offered, ", "))
}

// Hints says where another key comes from.
func (e *hostKeyKindError) Hints() []string {
	return []string{
		"ask the host's administrator for its key of another kind, and add its line to " + e.files[0],
		fmt.Sprintf("ssh-keyscan -p %s %s prints such lines; compare what it prints before you trust it", e.host.port, e.host.name),
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
func (k *hostKeys) explain(h sshHost, id *identities, err error) error {
	var hk *hostKeyError
	if errors.As(err, &hk) {
		return hk
	}
	var kind *hostKeyKindError
	if errors.As(err, &kind) {
		return kind
	}
	var disagree *ssh.AlgorithmNegotiationError
	if errors.As(err, &disagree) && (disagree.What != "host key" || !slices.ContainsFunc(disagree.RequestedAlgorithms, func(a string) bool { return !isWeak(a) })) {
		return &algorithmError{host: h, what: disagree.What, offered: disagree.RequestedAlgorithms, accepted: disagree.SupportedAlgorithms}
	}
	if disagree != nil {
		return &hostKeyKindError{host: h, known: k.kinds, offered: disagree.RequestedAlgorithms, files: k.files}
	}
	if said := err.Error(); strings.Contains(said, "unable to authenticate") || strings.Contains(said, "Too many authentication failures") {
		return &AuthError{URL: "ssh " + h.String(), Tried: id.tried, hints: []string{
			fmt.Sprintf("name a key in the config: [git.credentials.%q] ssh_key = \"~/.ssh/KEY\", or load one into ssh-agent", h.alias),
		}}
	}
	return fmt.Errorf("ssh %s: %w", h, err)
}
