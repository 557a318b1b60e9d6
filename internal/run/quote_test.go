package run

import "testing"

func TestShellQuote(t *testing.T) {
	for in, want := range map[string]string{
		"/acme/lib.git":  `'/acme/lib.git'`,
		"it's":           `'it'\''s'`,
		"$(touch x);`y`": "'$(touch x);`y`'",
		"":               `''`,
	} {
		if got := ShellQuote(in); got != want {
			t.Errorf("%q: %s, want %s", in, got, want)
		}
	}
}
