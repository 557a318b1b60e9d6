package gitconn

import (
	"errors"
	"net"
)

// failing is what fails for want of a setting that is not used.
type failing int

const (
	toAny failing = iota
	toConnect
	toLogIn
	toAgree // on algorithms
	toTrust // the host
	otherwise
)

// Unused is a setting that OpenSSH or git would use and vxlite does not.
type Unused struct {
	What  string // with the file it is in; never its value, which may be a secret
	fails failing
	ssh   bool   // whether it is for SSH, and not for HTTP
	url   string // what it is limited to; empty for all
	// Instead says what does the same; empty for nothing.
	Instead string
}

func (u Unused) String() string {
	s := u.What + " is not supported"
	if u.Instead != "" {
		s += "; " + u.Instead
	}
	return s
}

// unusedError is a failure that a setting might have prevented.
type unusedError struct {
	error
	settings []Unused
}

// withUnused adds those settings to a failure without which it may have come.
func withUnused(err error, settings []Unused) error {
	e := &unusedError{error: err}
	fails := failingOf(err)
	for _, s := range settings {
		if s.fails == toAny || s.fails == fails {
			e.settings = append(e.settings, s)
		}
	}
	if len(e.settings) == 0 {
		return err
	}
	return e
}

// failingOf tells what has failed.
func failingOf(err error) failing {
	var login *AuthError
	var algorithm *algorithmError
	var key *hostKeyError
	var kind *hostKeyKindError
	var cert *TLSError
	var none *NoRepositoryError // which servers also say to those who may not see it
	var dial *net.OpError
	var slow *ConnectError
	switch {
	case errors.As(err, &login), errors.As(err, &none):
		return toLogIn
	case errors.As(err, &algorithm):
		return toAgree
	case errors.As(err, &key), errors.As(err, &kind), errors.As(err, &cert):
		return toTrust
	case errors.As(err, &dial), errors.As(err, &slow):
		return toConnect
	}
	return otherwise
}

// Unwrap returns the failure.
func (e *unusedError) Unwrap() error { return e.error }

// Hints are those of the failure, and the settings.
func (e *unusedError) Hints() []string {
	var out []string
	if h, ok := errors.AsType[interface {
		error
		Hints() []string
	}](e.error); ok {
		out = append(out, h.Hints()...)
	}
	for _, s := range e.settings {
		out = append(out, s.String())
	}
	return out
}
