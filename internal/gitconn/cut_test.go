package gitconn

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/pktline"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"

	"github.com/vxlite/vxlite/internal/config"
)

// TestCut has answers that end after each of their bytes: that the connection was
// lost shows, whatever go-git makes of it.
func TestCut(t *testing.T) {
	b := bounds{config.Limits{}.OrDefault(), config.Patience{}.OrDefault()}
	adv := packp.NewAdvRefs()
	head := plumbing.NewHash("0123456789012345678901234567890123456789")
	adv.Head = &head
	_ = adv.Capabilities.Set(capability.Shallow)
	for _, name := range []string{"HEAD", "refs/heads/master", "refs/tags/v1.0.0", "refs/tags/v1.1.0"} {
		adv.References[name] = head
	}
	adv.Peeled["refs/tags/v1.1.0"] = head
	var refs bytes.Buffer
	if err := adv.Encode(&refs); err != nil {
		t.Fatal(err)
	}
	var answer bytes.Buffer
	e := pktline.NewEncoder(&answer)
	if err := errors.Join(e.EncodeString("shallow 0123456789012345678901234567890123456789\n"), e.Flush(), e.EncodeString("NAK\n")); err != nil {
		t.Fatal(err)
	}
	for _, end := range []error{io.EOF, io.ErrUnexpectedEOF} {
		for n := 1; n <= refs.Len(); n++ {
			err := packp.NewAdvRefs().Decode(b.refs(io.MultiReader(bytes.NewReader(refs.Bytes()[:n]), ending{end})))
			if whole := n == refs.Len(); whole != (err == nil) || !whole && !isPassing(err) {
				t.Errorf("refs that end with %v after %d of %d bytes: %v", end, n, refs.Len(), err)
			}
		}
		for n := range answer.Len() + 1 {
			if _, err := b.answer(io.MultiReader(bytes.NewReader(answer.Bytes()[:n]), ending{end})); !isPassing(err) {
				t.Errorf("an answer that ends with %v after %d of %d bytes: %v", end, n, answer.Len(), err)
			}
		}
	}
}

// ending is a stream that ends.
type ending struct{ err error }

// Read implements io.Reader.
func (f ending) Read([]byte) (int, error) { return 0, f.err }

// TestClosedAtOnce has a server that closes each connection as soon as it is made,
// so that net/http meets the end before, while or after it sends the request. It
// holds the words that net/http has for the first.
func TestClosedAtOnce(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			c.Close()
		}
	}()
	client := &http.Client{Transport: &http.Transport{}}
	for range 300 {
		res, err := client.Get("http://" + l.Addr().String())
		if err == nil {
			res.Body.Close()
		}
		if err == nil || !isPassing(err) {
			t.Fatalf("not tried again: %v", err)
		}
	}
}
