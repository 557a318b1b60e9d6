package rryaml

import "testing"

// TestExpand has RoadRunner's own placeholders, and what it makes of bad ones.
func TestExpand(t *testing.T) {
	env := map[string]string{"A": "1", "EMPTY": ""}
	for in, want := range map[string]string{
		"plain": "plain", "$A": "1", "${A}b": "1b", "$Ab": "", "${NONE:-x}": "x", "${A:-x}": "1", "${EMPTY:-x}": "x", "$": "$", "a$": "a$",
		"${}b": "b", "${A": "A", "$$": "", "tcp://${H:-h}:${P:-1}": "tcp://h:1", "${A}:${P:-1}": "", "$.": "$.", "$9a": "a",
	} {
		if got := expand(in, func(name string) string { return env[name] }, func() {}); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}
