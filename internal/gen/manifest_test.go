package gen

import (
	"go/format"
	"strings"
	"testing"
)

// TestManifestGo has a text that a raw string can hold, and one that it cannot.
func TestManifestGo(t *testing.T) {
	for _, text := range []string{"\n-----BEGIN\n{\n\t\"a\": 1\n}\n-----END\n", "with a ` in it\n"} {
		got := string(manifestGo([]byte(text)))
		formatted, err := format.Source([]byte(got))
		if err != nil || string(formatted) != got {
			t.Errorf("%v: %s\nnot\n%s", err, got, formatted)
		}
		if raw := strings.Contains(got, "`"+text+"`"); raw == strings.Contains(text, "`") {
			t.Errorf("%q: %s", text, got)
		}
	}
}
