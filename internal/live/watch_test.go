package live

import (
	"path/filepath"
	"testing"
)

// TestOnlyData has changes after which the build may give the same binary.
func TestOnlyData(t *testing.T) {
	for _, tt := range []struct {
		files []string
		want  bool
	}{
		{[]string{"page.html"}, true},
		{[]string{"page.html", "a.go"}, false},
		{nil, true},
	} {
		if got := onlyData(tt.files); got != tt.want {
			t.Errorf("%q: %v", tt.files, got)
		}
	}
}

// TestChangedNote names files as they lie to the working directory, and not all of many.
func TestChangedNote(t *testing.T) {
	at := func(names ...string) (out []string) {
		for _, n := range names {
			abs, err := filepath.Abs(n)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, abs)
		}
		return out
	}
	for want, files := range map[string][]string{
		"changed: plugin.go":                   at("plugin.go"),
		"changed: ../.rr.yaml, words/words.go": at("../.rr.yaml", "words/words.go"),
		"changed: a.go, b.go, c.go and 2 more": at("a.go", "b.go", "c.go", "d.go", "e.go"),
	} {
		if got := filepath.ToSlash(changedNote(files)); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
