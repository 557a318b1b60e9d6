package gitconn

import (
	"io"
	"strings"
	"testing"
	"time"

	"github.com/vxlite/vxlite/internal/openssh"
	"golang.org/x/crypto/ssh"
)

// deaf takes nothing that is written to it, as an SSH server that gives its
// channel no window.
type deaf struct{ until chan struct{} }

func (d deaf) Write(b []byte) (int, error) { <-d.until; return 0, io.ErrClosedPipe }
func (d deaf) Close() error                { return nil }

// TestGoodbye ends a conversation with a server that takes no goodbye.
func TestGoodbye(t *testing.T) {
	d := deaf{make(chan struct{})}
	defer close(d.until)
	u := &conversation{in: d}
	done := make(chan struct{})
	go func() { u.sayGoodbye(); close(done) }()
	select {
	case <-done:
	case <-time.After(10 * lastWords):
		t.Error("it waits for the server")
	}
}

// TestNoKnownKey words a server that offers only certificates, where nothing is
// known of the host.
func TestNoKnownKey(t *testing.T) {
	k := &openssh.HostKeys{Host: openssh.Host{Name: "git.corp", Port: "22"}}
	err := explainHandshake(k, &identities{}, &ssh.AlgorithmNegotiationError{What: "host key",
		RequestedAlgorithms: []string{ssh.CertAlgoED25519v01}, SupportedAlgorithms: []string{ssh.KeyAlgoED25519}})
	if err == nil || !strings.Contains(err.Error(), ssh.CertAlgoED25519v01) {
		t.Errorf("%v", err)
	}
}
