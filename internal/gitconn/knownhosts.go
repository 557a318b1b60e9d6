package gitconn

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/disk"
)

// knownLine is a line of known_hosts: see SSH_KNOWN_HOSTS FILE FORMAT in sshd(8).
type knownLine struct {
	file   string
	number int
	marker string // @cert-authority, @revoked, or none
	hosts  string // patterns, or a hash
	key    ssh.PublicKey
	err    error // why it has no key
}

func (l knownLine) String() string { return fmt.Sprintf("%s:%d", l.file, l.number) }

const (
	markAuthority = "@cert-authority"
	markRevoked   = "@revoked"
)

// readKnownHosts reads the lines of known_hosts files; those that are missing
// have none.
func readKnownHosts(files []string) ([]knownLine, error) {
	var out []knownLine
	for _, file := range files {
		data, err := disk.ReadText(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		n := 0
		for text := range strings.Lines(string(data)) {
			n++
			fields := strings.Fields(text)
			if len(fields) > 0 && !strings.HasPrefix(fields[0], "#") {
				line := parseKnownLine(fields)
				line.file, line.number = file, n
				out = append(out, line)
			}
		}
	}
	return out, nil
}

// parseKnownLine reads one line. The rest of it is a comment.
func parseKnownLine(fields []string) (l knownLine) {
	if strings.HasPrefix(fields[0], "@") {
		l.marker, fields = fields[0], fields[1:]
		if l.marker != markAuthority && l.marker != markRevoked {
			l.err = fmt.Errorf("unknown marker %s", l.marker)
			return l
		}
	}
	if len(fields) > 0 {
		l.hosts = fields[0]
	}
	if len(fields) < 3 {
		l.err = errors.New("want hosts, a key's type and a key")
		return l
	}
	blob, err := base64.StdEncoding.DecodeString(fields[2])
	if err == nil {
		l.key, err = ssh.ParsePublicKey(blob)
	}
	if err == nil && l.key.Type() != fields[1] {
		err = fmt.Errorf("a key of type %s", l.key.Type())
	}
	if err != nil {
		l.key, l.err = nil, fmt.Errorf("no %s key: %w", fields[1], err)
	}
	return l
}

// names reports whether the line is for a host, HOST or [HOST]:PORT.
func (l knownLine) names(host string) bool {
	if rest, hashed := strings.CutPrefix(l.hosts, "|1|"); hashed {
		salt, hash, _ := strings.Cut(rest, "|")
		key, err := base64.StdEncoding.DecodeString(salt)
		if err != nil {
			return false
		}
		mac := hmac.New(sha1.New, key)
		mac.Write([]byte(host))
		return base64.StdEncoding.EncodeToString(mac.Sum(nil)) == hash
	}
	return matchesList(strings.Split(strings.ToLower(l.hosts), ","), strings.ToLower(host))
}

// matchesList reports whether one of the patterns matches a name, and none of
// those with a "!" before it.
func matchesList(patterns []string, name string) bool {
	matched := false
	for _, p := range patterns {
		positive, negated := strings.CutPrefix(p, "!")
		if matchesPattern(positive, name) {
			if negated {
				return false
			}
			matched = true
		}
	}
	return matched
}

// matchesPattern knows * and ?, as PATTERNS in ssh_config(5) has them: nothing
// in a name ends what they match, and brackets mean themselves.
func matchesPattern(pattern, name string) bool {
	p, n := 0, 0
	star, from := -1, 0 // the last *, and where what it matches ends
	for n < len(name) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, from = p, n
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == name[n]):
			p++
			n++
		case star >= 0: // which matches one more
			from++
			p, n = star+1, from
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// hostKeys decides whether a server is the one it claims to be.
type hostKeys struct {
	host  sshHost
	files []string
	// plain are the lines with the host's own keys, and authorities those whose
	// certificates count for it.
	plain, authorities []knownLine
	// loose are the lines for the host without its port. OpenSSH takes them for
	// any port, where there is none with it.
	loose   []knownLine
	revoked []knownLine // for whatever host
	unread  []knownLine // those for the host that have no key that can be read
	used    string      // the line that had the server's key
}

// hostKeys reads the known_hosts files for a host. They are always checked;
// there is no way to turn that off. A line that cannot be read says nothing, as
// for OpenSSH, unless it is there to revoke a key.
func (p *sshPool) hostKeys(h sshHost) (*hostKeys, error) {
	k := &hostKeys{host: h, files: p.git.KnownHosts}
	if len(k.files) == 0 {
		home, _ := p.env("HOME")
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
			return nil, &revocationError{h, l}
		case l.marker == markRevoked:
			k.revoked = append(k.revoked, l)
		case !exact && !l.names(h.principal()):
		case l.key == nil:
			k.unread = append(k.unread, l)
		case l.marker == markAuthority:
			k.authorities = append(k.authorities, l)
		case exact:
			k.plain = append(k.plain, l)
		default:
			k.loose = append(k.loose, l)
		}
	}
	return k, nil
}

// revocationError is a line that revokes a key, and nobody knows which.
type revocationError struct {
	host sshHost
	line knownLine
}

// Error implements error.
func (e *revocationError) Error() string {
	return fmt.Sprintf("ssh %s: %s: the line revokes a key and cannot be read: %v", e.host, e.line, e.line.err)
}

// Hints says what to do.
func (e *revocationError) Hints() []string {
	return []string{"correct the line, or remove it: while it cannot be read, nobody knows which key it revokes"}
}

// kinds are those of the host's own keys that are known.
func (k *hostKeys) kinds() []string {
	var out []string
	for _, l := range k.plain {
		out = append(out, l.key.Type())
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// algorithms are those to ask the server for: what is known of the host decides
// which of its keys it shows. With nothing known, it is any that is safe, for
// the error's sake, and those of its name without the port come first.
func (k *hostKeys) algorithms() []string {
	certified, safe := []string{}, []string{}
	for _, a := range ssh.SupportedAlgorithms().HostKeys {
		if strings.Contains(a, "-cert-") {
			certified = append(certified, a)
		} else {
			safe = append(safe, a)
		}
	}
	var out []string
	if len(k.authorities) > 0 { // of whatever kind: it vouches for keys of others
		out = certified
	}
	for _, l := range k.own() {
		switch kind := l.key.Type(); {
		case kind == ssh.KeyAlgoRSA:
			out = append(out, ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256)
		case slices.Contains(safe, kind):
			out = append(out, kind)
		}
	}
	if len(out) == 0 || len(k.plain)+len(k.authorities) == 0 {
		out = append(out, safe...)
	}
	once := map[string]bool{}
	return slices.DeleteFunc(out, func(a string) bool {
		before := once[a]
		once[a] = true
		return before
	})
}

// own are the lines with a key that the server may have.
func (k *hostKeys) own() []knownLine {
	if len(k.plain) > 0 {
		return k.plain
	}
	return k.loose
}

// check is the ssh library's callback. As with OpenSSH, a key whose certificate
// does not do may be known by itself.
func (k *hostKeys) check(_ string, _ net.Addr, key ssh.PublicKey) error {
	cert, certified := key.(*ssh.Certificate)
	if !certified {
		return k.checkKey(key, nil)
	}
	if has(k.revoked, cert.SignatureKey) != nil { // then the plain key does not do either
		return &hostKeyError{hostKeys: k, key: cert.SignatureKey, revoked: true}
	}
	line, err := k.checkCertificate(cert)
	if err != nil {
		return k.checkKey(cert.Key, err)
	}
	k.used = line.String()
	return nil
}

// checkKey looks for a plain key.
func (k *hostKeys) checkKey(key ssh.PublicKey, ofCertificate error) error {
	if has(k.revoked, key) != nil {
		return &hostKeyError{hostKeys: k, key: key, revoked: true}
	}
	if l := has(k.own(), key); l != nil {
		k.used = l.String()
		return nil
	}
	for _, l := range k.plain {
		if l.key.Type() == key.Type() {
			return &hostKeyError{hostKeys: k, key: key, changed: l.String()}
		}
	}
	if len(k.plain) > 0 {
		return &hostKeyKindError{hostKeys: k, offered: []string{key.Type()}}
	}
	return &hostKeyError{hostKeys: k, key: key, certificate: ofCertificate}
}

// checkCertificate returns the line of the authority that signed a certificate.
func (k *hostKeys) checkCertificate(cert *ssh.Certificate) (*knownLine, error) {
	if has(k.revoked, cert.Key) != nil {
		return nil, errors.New("its key is marked as revoked")
	}
	line := has(k.authorities, cert.SignatureKey)
	switch {
	case line == nil:
		return nil, errors.New("its authority is not known for the host")
	case cert.CertType != ssh.HostCert:
		return nil, errors.New("it is not for a host")
	case isWeak(cert.Signature.Format):
		return nil, fmt.Errorf("it is signed with %s, which is weak", cert.Signature.Format)
	}
	if err := new(ssh.CertChecker).CheckCert(k.host.principal(), cert); err != nil {
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

// hostKeyError is a host key that is unknown, changed or revoked.
type hostKeyError struct {
	*hostKeys
	key     ssh.PublicKey
	revoked bool
	changed string // the line that has another
	// certificate says what is wrong with the key's certificate, if it has one.
	certificate error
}

// Error implements error.
func (e *hostKeyError) Error() string {
	finger := e.key.Type() + " " + ssh.FingerprintSHA256(e.key)
	switch {
	case e.revoked:
		return fmt.Sprintf("ssh %s: the host key is marked as revoked: %s", e.host, finger)
	case e.changed != "":
		return fmt.Sprintf("ssh %s: the host key has changed: the server has %s, %s has another", e.host, finger, e.changed)
	case e.certificate != nil:
		return fmt.Sprintf("ssh %s: the host's certificate is refused: %v; and its key %s is not in %s", e.host, e.certificate, finger, strings.Join(e.files, ", "))
	}
	s := fmt.Sprintf("ssh %s: the host key is unknown: %s is not in %s", e.host, finger, strings.Join(e.files, ", "))
	for _, l := range e.unread {
		s += fmt.Sprintf("; %s cannot be read: %v", l, l.err)
	}
	return s
}

// Hints says what to do about a host key.
func (e *hostKeyError) Hints() []string {
	switch {
	case e.revoked:
		return nil
	case e.changed != "":
		return []string{"if the host was reinstalled, replace the line; if not, the connection may be intercepted"}
	case len(e.files) == 0:
		return []string{config.Snippet("name a file of known hosts in the config", "[git]", config.Setting{Key: "known_hosts", Value: "known_hosts"})}
	}
	return []string{
		"compare the fingerprint with the one the host's administrator gives, then add this line to " + e.files[0] + ":",
		e.host.keyName() + " " + strings.TrimSpace(string(ssh.MarshalAuthorizedKey(e.key))),
	}
}

// hostKeyKindError is a server that has host keys, but none of a kind that
// known_hosts has for it.
type hostKeyKindError struct {
	*hostKeys
	offered []string
}

func (e *hostKeyKindError) onlyAuthority() bool {
	return len(e.plain) == 0 && len(e.authorities) > 0
}

// Error implements error.
func (e *hostKeyKindError) Error() string {
	if e.onlyAuthority() {
		return fmt.Sprintf("ssh %s: %s has an authority for the host's certificate and no key of its own, and the server has no certificate: it offers %s",
			e.host, e.authorities[0], strings.Join(e.offered, ", "))
	}
	return fmt.Sprintf("ssh %s: the server has no host key of the kind that is known for it: known is %s (in %s), the server offers %s",
		e.host, strings.Join(e.kinds(), ", "), strings.Join(e.files, ", "), strings.Join(e.offered, ", "))
}

// Hints says where another key comes from.
func (e *hostKeyKindError) Hints() []string {
	ask := "ask the host's administrator for its key of another kind, and add its line to " + e.files[0]
	if e.onlyAuthority() {
		ask = "ask the host's administrator for a host certificate by that authority, or for its key, and add its line to " + e.files[0]
	}
	scan := fmt.Sprintf("ssh-keyscan -p %s %s prints such lines; compare what it prints before you trust it", e.host.port, e.host.name)
	if e.host.keyAlias != "" {
		scan += ", and put " + e.host.keyAlias + " in place of the host's name, for HostKeyAlias in ssh_config"
	}
	return []string{ask, scan}
}

// knownHostsFiles are those of ssh_config, or where OpenSSH looks without.
func knownHostsFiles(h sshHost, home string) []string {
	own, global := h.knownHosts, h.globalKnownHosts
	if own == nil && home != "" {
		own = []string{filepath.Join(home, ".ssh", "known_hosts"), filepath.Join(home, ".ssh", "known_hosts2")}
	}
	if global == nil {
		global = []string{"/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2"}
	}
	return slices.Concat(own, global)
}
