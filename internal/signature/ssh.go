package signature

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/hiddeco/sshsig"
	"golang.org/x/crypto/ssh"
)

// Vendored is the namespace of SSH signatures of vendor folders, as git is that
// of commits and tags: see gpg.format in git-config(1).
const (
	Vendored = "vxlite"
	git      = "git"
)

// allowed is one line of an allowed_signers: see ALLOWED SIGNERS in
// ssh-keygen(1).
type allowed struct {
	principals string
	key        ssh.PublicKey
	namespaces string // patterns; empty for all
	// from and until are zero for no bound.
	from, until time.Time
}

func (a allowed) name() string { return sshName(a.key) + " (" + a.principals + ")" }

func sshName(key ssh.PublicKey) string { return "SSH " + ssh.FingerprintSHA256(key) }

// addAllowedSigners reads a file of allowed signers.
func (k *Keys) addAllowedSigners(file string, data []byte) error {
	n := 0
	for line := range strings.Lines(string(data)) {
		n++
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		a, err := parseAllowed(line)
		if err != nil {
			return &KeysError{File: file, Line: n, Err: err}
		}
		k.ssh = append(k.ssh, a)
		k.names = append(k.names, a.name())
	}
	return nil
}

// bareKeyError is a public key as ssh-keygen writes it.
type bareKeyError struct{ line, owner string }

func (e *bareKeyError) Error() string {
	return "a public key without its owner, want a line of allowed_signers, as in ssh-keygen(1)"
}

// Hints has the line as it should be.
func (e *bareKeyError) Hints() []string {
	return []string{"write the owner in front of the key: " + e.owner + " " + e.line}
}

func parseAllowed(line string) (allowed, error) {
	if key, comment, _, _, err := ssh.ParseAuthorizedKey([]byte(line)); err == nil && key.Type() == strings.Fields(line)[0] {
		return allowed{}, &bareKeyError{line: line, owner: cmp.Or(strings.ReplaceAll(comment, " ", "-"), "NAME")}
	}
	principals, rest, ok := cutField(line)
	if !ok {
		return allowed{}, errors.New("want principals, options and a key")
	}
	key, _, options, _, err := ssh.ParseAuthorizedKey([]byte(rest))
	if err != nil {
		return allowed{}, fmt.Errorf("no public key behind %s", principals)
	}
	a := allowed{principals: strings.Trim(principals, `"`), key: key}
	for _, o := range options {
		name, value, _ := strings.Cut(o, "=")
		value = strings.Trim(value, `"`)
		var err error
		switch strings.ToLower(name) {
		case "namespaces":
			a.namespaces = value
		case "valid-after":
			a.from, err = parseTime(value)
		case "valid-before":
			a.until, err = parseTime(value)
		case "cert-authority":
			err = errors.New("cert-authority: certificates are not supported, only keys")
		default:
			err = fmt.Errorf("unknown option %q", name)
		}
		if err != nil {
			return allowed{}, err
		}
	}
	if strings.Contains(key.Type(), "-cert-") {
		return allowed{}, errors.New("certificates are not supported, only keys")
	}
	return a, nil
}

// cutField cuts the first field off, which may stand in quotes.
func cutField(line string) (field, rest string, ok bool) {
	if inner, found := strings.CutPrefix(line, `"`); found {
		field, rest, ok = strings.Cut(inner, `"`)
		return field, strings.TrimSpace(rest), ok
	}
	i := strings.IndexAny(line, " \t")
	if i < 0 {
		return "", "", false
	}
	return line[:i], strings.TrimSpace(line[i:]), true
}

// parseTime reads YYYYMMDD[Z] or YYYYMMDDHHMM[SS][Z]; without the Z it is the
// local time, which would differ between machines, so it is taken as UTC too.
func parseTime(s string) (time.Time, error) {
	digits := strings.TrimSuffix(s, "Z")
	for _, layout := range []string{"20060102", "200601021504", "20060102150405"} {
		if len(digits) == len(layout) {
			return time.Parse(layout, digits)
		}
	}
	return time.Time{}, fmt.Errorf("%q is not a time as 20260131 or 202601311504Z", s)
}

// checkSSH verifies as of the commit's or tag's own time, as git does.
func (k *Keys) checkSSH(s Signed) (string, error) {
	sig, err := sshsig.Unarmor(s.Signature)
	if err != nil {
		return "", fmt.Errorf("has an SSH signature that cannot be read: %w", err)
	}
	name := sshName(sig.PublicKey)
	if strings.Contains(sig.PublicKey.Type(), "-cert-") {
		return "", &SignerError{Signer: name, Reason: "with a certificate, which is not supported"}
	}
	namespace := cmp.Or(s.Namespace, git)
	if sig.Namespace != namespace {
		return "", &SignerError{Signer: name, Reason: fmt.Sprintf("for the namespace %q, not %q", sig.Namespace, namespace)}
	}
	if err := sshsig.Verify(bytes.NewReader(s.Payload), sig, sig.PublicKey, sig.HashAlgorithm, namespace); err != nil {
		return "", &SignerError{Signer: name, Reason: "the signature is not of this content"}
	}
	refused := &SignerError{Signer: name}
	for _, a := range k.ssh {
		if !bytes.Equal(a.key.Marshal(), sig.PublicKey.Marshal()) {
			continue
		}
		refused.Signer = a.name()
		switch {
		case a.namespaces != "" && !matches(a.namespaces, namespace):
			refused.Reason = fmt.Sprintf("the key is allowed for the namespaces %q only", a.namespaces)
		case !a.from.IsZero() && s.Time.Before(a.from):
			refused.Reason = fmt.Sprintf("on %s, and the key is valid from %s on", s.Time.UTC().Format(time.DateOnly), a.from.Format(time.DateOnly))
		case !a.until.IsZero() && !s.Time.Before(a.until):
			refused.Reason = fmt.Sprintf("on %s, and the key is valid until %s", s.Time.UTC().Format(time.DateOnly), a.until.Format(time.DateOnly))
		default:
			return a.name(), nil
		}
	}
	return "", refused
}

// matches reports whether one of a list of patterns fits, and none that begins
// with an exclamation mark: see PATTERNS in ssh_config(5).
func matches(patterns, s string) bool {
	found := false
	for _, p := range strings.Split(patterns, ",") {
		inner, negated := strings.CutPrefix(p, "!")
		if ok, err := path.Match(inner, s); err != nil || !ok {
			continue
		}
		if negated {
			return false
		}
		found = true
	}
	return found
}
