package openssh

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/vxlite/vxlite/internal/config"
	"golang.org/x/crypto/ssh"
)

// HostKeys decides whether a server is the one it claims to be.
type HostKeys struct {
	Host  Host
	files []string
	// plain are the lines with the host's own keys, and Authorities those whose
	// certificates count for it.
	plain, Authorities []knownLine
	// loose are the lines for the host without its port. OpenSSH takes them for
	// any port, where there is none with it.
	loose   []knownLine
	revoked []knownLine // for whatever host
	unread  []knownLine // those for the host that have no key that can be read
	Used    string      // the line that had the server's key
}

// ReadHostKeys reads the known_hosts files for a host: those of the config, or the
// user's where it has none. A line that cannot be read says nothing, as for
// OpenSSH, unless it is there to revoke a key.
func ReadHostKeys(h Host, files []string, home string) (*HostKeys, error) {
	k := &HostKeys{Host: h, files: files}
	if len(k.files) == 0 {
		k.files = knownHostsFiles(h, home)
	}
	lines, err := readKnownHosts(k.files)
	if err != nil {
		return nil, fmt.Errorf("ssh %s: %w", h, err)
	}
	for _, l := range lines {
		exact := l.names(h.keyName())
		switch {
		case l.marker == markRevoked && l.key == nil:
			return nil, &RevocationError{h, l}
		case l.marker == markRevoked:
			k.revoked = append(k.revoked, l)
		case !exact && !l.names(h.principal()):
		case l.key == nil:
			k.unread = append(k.unread, l)
		case l.marker == markAuthority:
			k.Authorities = append(k.Authorities, l)
		case exact:
			k.plain = append(k.plain, l)
		default:
			k.loose = append(k.loose, l)
		}
	}
	return k, nil
}

// RevocationError is a line that revokes a key, and nobody knows which.
type RevocationError struct {
	host Host
	line knownLine
}

// Error implements error.
func (e *RevocationError) Error() string {
	return fmt.Sprintf("ssh %s: %s: the line revokes a key and cannot be read: %v", e.host, e.line, e.line.err)
}

// Hints says what to do.
func (e *RevocationError) Hints() []string {
	return []string{"correct the line, or remove it: while it cannot be read, nobody knows which key it revokes"}
}

// Kinds are those of the host's own keys that are known.
func (k *HostKeys) Kinds() []string {
	var out []string
	for _, l := range k.plain {
		out = append(out, l.key.Type())
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Algorithms are those to ask the server for: what is known of the host decides
// which of its keys it shows. With nothing known, it is any that is safe, for
// the error's sake, and those of its name without the port come first.
func (k *HostKeys) Algorithms() []string {
	certified, safe := []string{}, []string{}
	for _, a := range ssh.SupportedAlgorithms().HostKeys {
		if strings.Contains(a, "-cert-") {
			certified = append(certified, a)
		} else {
			safe = append(safe, a)
		}
	}
	var out []string
	if len(k.Authorities) > 0 { // of whatever kind: it vouches for keys of others
		out = certified
	}
	for _, l := range k.Own() {
		switch kind := l.key.Type(); {
		case kind == ssh.KeyAlgoRSA:
			out = append(out, ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256)
		case slices.Contains(safe, kind):
			out = append(out, kind)
		}
	}
	if len(out) == 0 || len(k.plain)+len(k.Authorities) == 0 {
		out = append(out, safe...)
	}
	once := map[string]bool{}
	return slices.DeleteFunc(out, func(a string) bool {
		before := once[a]
		once[a] = true
		return before
	})
}

// Own are the lines with a key that the server may have.
func (k *HostKeys) Own() []knownLine {
	if len(k.plain) > 0 {
		return k.plain
	}
	return k.loose
}

// Check is the ssh library's callback. As with OpenSSH, a key whose certificate
// does not do may be known by itself.
func (k *HostKeys) Check(_ string, _ net.Addr, key ssh.PublicKey) error {
	cert, certified := key.(*ssh.Certificate)
	if !certified {
		return k.checkKey(key, nil)
	}
	if has(k.revoked, cert.SignatureKey) != nil { // then the plain key does not do either
		return &HostKeyError{HostKeys: k, key: cert.SignatureKey, revoked: true}
	}
	line, err := k.checkCertificate(cert)
	if err != nil {
		return k.checkKey(cert.Key, err)
	}
	k.Used = line.String()
	return nil
}

// checkKey looks for a plain key.
func (k *HostKeys) checkKey(key ssh.PublicKey, ofCertificate error) error {
	if has(k.revoked, key) != nil {
		return &HostKeyError{HostKeys: k, key: key, revoked: true}
	}
	if l := has(k.Own(), key); l != nil {
		k.Used = l.String()
		return nil
	}
	for _, l := range k.plain {
		if l.key.Type() == key.Type() {
			return &HostKeyError{HostKeys: k, key: key, changed: l.String()}
		}
	}
	if len(k.plain) > 0 {
		return &HostKeyKindError{HostKeys: k, Offered: []string{key.Type()}}
	}
	return &HostKeyError{HostKeys: k, key: key, certificate: ofCertificate}
}

// checkCertificate returns the line of the authority that signed a certificate.
func (k *HostKeys) checkCertificate(cert *ssh.Certificate) (*knownLine, error) {
	if has(k.revoked, cert.Key) != nil {
		return nil, errors.New("its key is marked as revoked")
	}
	line := has(k.Authorities, cert.SignatureKey)
	switch {
	case line == nil:
		return nil, errors.New("its authority is not known for the host")
	case cert.CertType != ssh.HostCert:
		return nil, errors.New("it is not for a host")
	case IsWeak(cert.Signature.Format):
		return nil, fmt.Errorf("it is signed with %s, which is weak", cert.Signature.Format)
	}
	if err := new(ssh.CertChecker).CheckCert(k.Host.principal(), cert); err != nil {
		return nil, errors.New(strings.TrimPrefix(err.Error(), "ssh: "))
	}
	return line, nil
}

// has returns the line that has a key.
func has(lines []knownLine, key ssh.PublicKey) *knownLine {
	i := slices.IndexFunc(lines, func(l knownLine) bool { return bytes.Equal(l.key.Marshal(), key.Marshal()) })
	if i < 0 {
		return nil
	}
	return &lines[i]
}

// HostKeyError is a host key that is unknown, changed or revoked.
type HostKeyError struct {
	*HostKeys
	key     ssh.PublicKey
	revoked bool
	changed string // the line that has another
	// certificate says what is wrong with the key's certificate, if it has one.
	certificate error
}

// Error implements error.
func (e *HostKeyError) Error() string {
	finger := e.key.Type() + " " + ssh.FingerprintSHA256(e.key)
	switch {
	case e.revoked:
		return fmt.Sprintf("ssh %s: the host key is marked as revoked: %s", e.Host, finger)
	case e.changed != "":
		return fmt.Sprintf("ssh %s: the host key has changed: the server has %s, %s has another", e.Host, finger, e.changed)
	case e.certificate != nil:
		return fmt.Sprintf("ssh %s: the host's certificate is refused: %v; and its key %s is not in %s", e.Host, e.certificate, finger, strings.Join(e.files, ", "))
	}
	s := fmt.Sprintf("ssh %s: the host key is unknown: %s is not in %s", e.Host, finger, strings.Join(e.files, ", "))
	for _, l := range e.unread {
		s += fmt.Sprintf("; %s cannot be read: %v", l, l.err)
	}
	return s
}

// Hints says what to do about a host key.
func (e *HostKeyError) Hints() []string {
	switch {
	case e.revoked:
		return nil
	case e.changed != "":
		return []string{"if the host was reinstalled, replace the line; if not, the connection may be intercepted"}
	case len(e.files) == 0:
		return []string{config.Snippet("name a file of known hosts in the config", "[git]", config.Setting{Key: "known_hosts", Value: "known_hosts"})}
	}
	return []string{
		"compare the fingerprint with the one the host's administrator gives, then add this line to " + e.files[0] + ":\n  " +
			e.Host.keyName() + " " + strings.TrimSpace(string(ssh.MarshalAuthorizedKey(e.key))),
	}
}

// HostKeyKindError is a server that has host keys, but none of a kind that
// known_hosts has for it.
type HostKeyKindError struct {
	*HostKeys
	Offered []string
}

func (e *HostKeyKindError) onlyAuthority() bool {
	return len(e.plain) == 0 && len(e.Authorities) > 0
}

// Error implements error.
func (e *HostKeyKindError) Error() string {
	if e.onlyAuthority() {
		return fmt.Sprintf("ssh %s: %s has an authority for the host's certificate and no key of its own, and the server has no certificate: it offers %s",
			e.Host, e.Authorities[0], strings.Join(e.Offered, ", "))
	}
	return fmt.Sprintf("ssh %s: the server has no host key of the kind that is known for it: known is %s (in %s), the server offers %s",
		e.Host, strings.Join(e.Kinds(), ", "), strings.Join(e.files, ", "), strings.Join(e.Offered, ", "))
}

// Hints says where another key comes from.
func (e *HostKeyKindError) Hints() []string {
	ask := "ask the host's administrator for its key of another kind, and add its line to " + e.files[0]
	if e.onlyAuthority() {
		ask = "ask the host's administrator for a host certificate by that authority, or for its key, and add its line to " + e.files[0]
	}
	scan := fmt.Sprintf("ssh-keyscan -p %s %s prints such lines; compare what it prints before you trust it", e.Host.Port, e.Host.Name)
	if e.Host.keyAlias != "" {
		scan += ", and put " + e.Host.keyAlias + " in place of the host's name, for HostKeyAlias in ssh_config"
	}
	return []string{ask, scan}
}
