package gitconn

import (
	"errors"
	"net"

	"github.com/vxlite/vxlite/internal/giturl"
	"github.com/vxlite/vxlite/internal/openssh"
)

// unusedError is a failure that a setting might have prevented.
type unusedError struct {
	error
	settings []giturl.Unused
}

// withUnused adds those settings to a failure without which it may have come.
func withUnused(err error, settings []giturl.Unused) error {
	e := &unusedError{error: err}
	fails := failingOf(err)
	for _, s := range settings {
		if s.Fails == giturl.ToAny || s.Fails == fails {
			e.settings = append(e.settings, s)
		}
	}
	if len(e.settings) == 0 {
		return err
	}
	return e
}

// failingOf tells what has failed.
func failingOf(err error) giturl.Failing {
	var login *AuthError
	var algorithm *openssh.AlgorithmError
	var key *openssh.HostKeyError
	var kind *openssh.HostKeyKindError
	var cert *TLSError
	var none *NoRepositoryError // which servers also say to those who may not see it
	var dial *net.OpError
	var slow *ConnectError
	switch {
	case errors.As(err, &login), errors.As(err, &none):
		return giturl.ToLogIn
	case errors.As(err, &algorithm):
		return giturl.ToAgree
	case errors.As(err, &key), errors.As(err, &kind), errors.As(err, &cert):
		return giturl.ToTrust
	case errors.As(err, &dial), errors.As(err, &slow):
		return giturl.ToConnect
	}
	return giturl.Otherwise
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
