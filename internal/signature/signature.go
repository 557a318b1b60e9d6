// Package signature checks the signatures of git's commits and tags, and of
// vendor folders, against the keys that are allowed: OpenPGP's, and SSH's by an
// allowed_signers file. It also makes those of vendor folders.
package signature

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Signed is what was signed: a commit or tag, taken apart, or a vendor folder's
// list.
type Signed struct {
	// Payload is what was signed, and Signature by what; Signature is empty
	// where nothing was.
	Payload, Signature []byte
	// Time is the committer's or tagger's.
	Time time.Time
	// Namespace is what an SSH signature has to be for; empty for git's.
	Namespace string
	// Tag and Target are a tag's own name and what it points to; empty for a
	// commit.
	Tag, Target string
}

// ParseCommit takes a commit apart. Its signature stands in a header gpgsig,
// whatever kind it is: see gitformat-signature(5).
func ParseCommit(data []byte) (Signed, error) {
	var s Signed
	header, _, ok := bytes.Cut(data, []byte("\n\n"))
	if !ok {
		return s, errors.New("the commit has no blank line after its headers")
	}
	var payload bytes.Buffer
	in := false    // the signature
	other := false // the signature of the same commit by its name in SHA-256
	for line := range bytes.Lines(append(bytes.Clone(header), '\n')) {
		name, value, _ := bytes.Cut(line, []byte(" "))
		switch {
		case len(name) == 0 && in:
			s.Signature = append(s.Signature, value...)
			continue
		case len(name) == 0 && other:
			continue
		case len(name) == 0: // of another header
		case string(name) == "gpgsig-sha256": // no part of what was signed
			in, other = false, true
			continue
		case string(name) == "gpgsig":
			if s.Signature != nil {
				return s, errors.New("the commit has two signatures")
			}
			in, other = true, false
			s.Signature = append(s.Signature, value...)
			continue
		case string(name) == "committer":
			in, other = false, false
			s.Time = personTime(value)
		default:
			in, other = false, false
		}
		payload.Write(line)
	}
	payload.Write(data[len(header)+1:])
	s.Payload = payload.Bytes()
	return s, nil
}

// ParseTag takes an annotated tag apart. Its signature stands at its end: as
// for git, it is what the last line that begins any kind of signature begins.
func ParseTag(data []byte) (Signed, error) {
	s := Signed{Payload: data}
	at := 0
	for line := range bytes.Lines(data) {
		if slices.ContainsFunc(begins, func(begin string) bool { return bytes.HasPrefix(line, []byte(begin)) }) {
			s.Payload, s.Signature = data[:at], data[at:]
		}
		at += len(line)
	}
	header, _, _ := bytes.Cut(data, []byte("\n\n"))
	for line := range bytes.Lines(header) {
		name, value, _ := bytes.Cut(bytes.TrimSuffix(line, []byte("\n")), []byte(" "))
		switch string(name) {
		case "object":
			s.Target = string(value)
		case "tag":
			s.Tag = string(value)
		case "tagger":
			s.Time = personTime(value)
		}
	}
	if s.Tag == "" || s.Target == "" {
		return s, errors.New("the tag has no name or no object")
	}
	return s, nil
}

// personTime reads the time behind a name and an address.
func personTime(line []byte) time.Time {
	_, rest, _ := bytes.Cut(line, []byte("> "))
	sec, _, _ := strings.Cut(strings.TrimSpace(string(rest)), " ")
	n, err := strconv.ParseInt(sec, 10, 64)
	if err != nil {
		return time.Time{}
	}
	return time.Unix(n, 0)
}

// How the kinds of signatures begin.
const (
	pgpBegin  = "-----BEGIN PGP SIGNATURE-----"
	sshBegin  = "-----BEGIN SSH SIGNATURE-----"
	x509Begin = "-----BEGIN SIGNED MESSAGE-----"
	// pgpMessage began signatures of an older gpg.
	pgpMessage = "-----BEGIN PGP MESSAGE-----"
)

var begins = []string{pgpBegin, pgpMessage, sshBegin, x509Begin}

// Check returns who signed: one of the keys, as its file names its owner. The
// error of a signature that does not do says who made it, as far as it tells.
func (k *Keys) Check(s Signed) (signer string, err error) {
	switch {
	case len(s.Signature) == 0:
		return "", ErrUnsigned
	case bytes.HasPrefix(s.Signature, []byte(pgpBegin)), bytes.HasPrefix(s.Signature, []byte(pgpMessage)):
		return k.checkPGP(s)
	case bytes.HasPrefix(s.Signature, []byte(sshBegin)):
		return k.checkSSH(s)
	case bytes.HasPrefix(s.Signature, []byte(x509Begin)):
		return "", errors.New("is signed with X.509, and only OpenPGP and SSH are known here")
	}
	return "", errors.New("has a signature of an unknown kind")
}

// ErrUnsigned is a commit or tag without any signature.
var ErrUnsigned = errors.New("is not signed")

// SignerError is a signature that was made by somebody, and does not do.
type SignerError struct {
	// Signer is the key, and its owner where that is known.
	Signer string
	// Reason says what is wrong; empty for a key that is not allowed.
	Reason string
}

// Error implements error.
func (e *SignerError) Error() string {
	if e.Reason == "" {
		return fmt.Sprintf("is signed by %s, which is not among the allowed keys", e.Signer)
	}
	return fmt.Sprintf("is signed by %s, but %s", e.Signer, e.Reason)
}
