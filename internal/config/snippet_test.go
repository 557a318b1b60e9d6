package config

import (
	"strings"
	"testing"

	"github.com/pelletier/go-toml/v2"
)

func TestSnippet(t *testing.T) {
	got := Snippet("take it from git", "[git]",
		Setting{"modules", []string{"example.com/a", "example.com/b"}}, Setting{"total", 3}, Setting{"odd key", "\"\x7f\\\v<é"})
	want := "take it from git:\n  [git]\n  modules = [\"example.com/a\", \"example.com/b\"]\n  total = 3\n  \"odd key\" = \"\\\"\\u007F\\\\\\u000b<é\""
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	_, text, _ := strings.Cut(got, "\n")
	var parsed struct {
		Git map[string]any `toml:"git"`
	}
	if err := toml.Unmarshal([]byte(text), &parsed); err != nil {
		t.Fatal(err)
	}
	if s := parsed.Git["odd key"]; s != "\"\x7f\\\v<é" {
		t.Errorf("a string becomes %q", s)
	}
	if got := PluginHeader("a b"); got != `[plugins."a b"]` {
		t.Errorf("a plugin's header is %s", got)
	}
}
