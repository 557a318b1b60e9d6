package gitconn

import (
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/vxlite/vxlite/internal/gitpack"
)

// TestSHA1Refs has the capability in pieces, and where it is none.
func TestSHA1Refs(t *testing.T) {
	for text, want := range map[string]string{
		"x HEAD\x00a object-format=sha256 b\nrest":  "sha256",
		"x HEAD\x00object-format=sha256\n":          "sha256",
		"x HEAD\x00a object-format=sha1 b\nrest":    "",
		"x HEAD\x00a xobject-format=sha256\n":       "",
		"x refs/heads/ object-format=sha256\x00a\n": "",
		"x HEAD\x00a\nx object-format=sha256\n":     "",
		"object-format=sha256":                      "",
	} {
		for name, r := range map[string]io.Reader{"whole": strings.NewReader(text), "in bytes": iotest.OneByteReader(strings.NewReader(text))} {
			out, err := io.ReadAll(&sha1Refs{r: r})
			e, _ := err.(*gitpack.ObjectFormatError)
			if want == "" && (err != nil || string(out) != text) || want != "" && (e == nil || e.Format != want) {
				t.Errorf("%q, %s: %q, %v", text, name, out, err)
			}
		}
	}
}
