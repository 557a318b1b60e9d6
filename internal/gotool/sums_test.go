package gotool

import (
	"errors"
	"testing"

	"github.com/vxlite/vxlite/internal/run"
)

// TestExplainMismatch reads what the go command says of other bytes.
func TestExplainMismatch(t *testing.T) {
	for _, tt := range []struct{ said, want string }{
		{"verifying example.com/a/b@v1.0.0: checksum mismatch\n\tdownloaded: h1:got=\n\tgo.work.sum:     h1:want=\n\nSECURITY ERROR\n", "example.com/a/b v1.0.0 h1:got= go.work.sum h1:want="},
		{"go: downloading x v1.0.0\nexample.com/app imports\n\tgo: verifying b@v1.0.0-pre+incompatible/go.mod: checksum mismatch\n\tdownloaded: h1:got=\n\tsum.golang.org: h1:want=\n", "b v1.0.0-pre+incompatible/go.mod h1:got= sum.golang.org h1:want="},
	} {
		e, ok := errors.AsType[*SumMismatchError](explain(&run.Error{Stderr: tt.said}))
		if !ok {
			t.Errorf("%q is not understood", tt.said)
			continue
		}
		if got := e.Path + " " + e.Version + " " + e.Got + " " + e.By + " " + e.Want; got != tt.want {
			t.Errorf("got %s, want %s", got, tt.want)
		}
	}
}

// TestReadPackage reads the lines of go list.
func TestReadPackage(t *testing.T) {
	for line, want := range map[string]string{
		"unsafe \n":                               "unsafe    ",
		"example.com/app example.com/app -\n":     "example.com/app example.com/app   ",
		"example.com/a/b example.com/a v1.0.0\n":  "example.com/a/b example.com/a v1.0.0 example.com/a v1.0.0",
		"a.b/c a.b v1.0.0 ./src/a.b@v1.0.0 \n":    "a.b/c a.b v1.0.0 ./src/a.b@v1.0.0 ",
		"a.b/c a.b v1.0.0 fork.b v1.0.1\n":        "a.b/c a.b v1.0.0 fork.b v1.0.1",
		"a.b/c a.b v1.0.0 example.com/x v1.2.3\n": "a.b/c a.b v1.0.0 example.com/x v1.2.3",
	} {
		p := readPackage(line)
		if got := p.Path + " " + p.Module + " " + p.Version + " " + p.Source.Path + " " + p.Source.Version; got != want {
			t.Errorf("%q: %q, want %q", line, got, want)
		}
	}
}
