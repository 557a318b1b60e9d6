package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/pelletier/go-toml/v2"
)

// A table with its keys on one line is no TOML, however short.
var oneLineTable = regexp.MustCompile(`\[[\w."-]+\]+ +[\w"-]+ = `)

// What a hint shows of a velox.toml can be pasted: the lines below its colon.
func TestHintsAreTOML(t *testing.T) {
	scripts, err := filepath.Glob("../../testdata/script/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, file := range scripts {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(string(data), "\n")
		for i, line := range lines {
			if !strings.HasPrefix(line, "hint: ") && !strings.HasPrefix(line, "note: ") {
				continue
			}
			if m := oneLineTable.FindString(line); m != "" {
				t.Errorf("%s:%d: %q is not TOML", filepath.Base(file), i+1, m)
			}
			snippet := indented(lines[i+1:])
			if !strings.HasSuffix(line, ":") || !strings.HasPrefix(snippet, "  [") {
				continue
			}
			found++
			if err := toml.Unmarshal([]byte(snippet), new(map[string]any)); err != nil {
				t.Errorf("%s:%d: %v\n%s", filepath.Base(file), i+1, err, snippet)
			}
		}
	}
	if found < 20 {
		t.Errorf("only %d hints show lines of a velox.toml", found)
	}
}

// indented returns the lines that are indented by two spaces.
func indented(lines []string) string {
	n := 0
	for n < len(lines) && strings.HasPrefix(lines[n], "  ") {
		n++
	}
	return strings.Join(lines[:n], "\n")
}
