package openssh

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
)

// IsWeak reports whether a host key of that algorithm proves nothing any more.
func IsWeak(algorithm string) bool {
	return slices.Contains(ssh.InsecureAlgorithms().HostKeys, algorithm)
}

// AlgorithmError is a server that offers nothing that is safe for one of the
// things that both sides have to agree on.
type AlgorithmError struct {
	Host              Host
	What              string
	Offered, Accepted []string
}

// Error implements error.
func (e *AlgorithmError) Error() string {
	return fmt.Sprintf("ssh %s: the server has no %s algorithm that is accepted: it offers %s; accepted are %s",
		e.Host, e.What, algorithmList(e.Offered), algorithmList(e.Accepted))
}

// algorithmList leaves out what only tells of extensions, and the names that
// algorithms had before they had one of their own.
func algorithmList(names []string) string {
	return strings.Join(slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		own, _, vendor := strings.Cut(name, "@")
		return strings.HasPrefix(name, "kex-strict-") || strings.HasPrefix(name, "ext-info-") || vendor && slices.Contains(names, own)
	}), ", ")
}

// Hints says who can help. There is no way to accept less.
func (e *AlgorithmError) Hints() []string {
	return []string{"weak algorithms are refused, as OpenSSH's ssh refuses them: have the server's administrator allow one that is accepted, or fetch from another mirror or over https"}
}
