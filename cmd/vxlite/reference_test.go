package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	urfave "github.com/urfave/cli/v2"
)

// TestReference holds docs/cli.md to the commands: UPDATE_DOCS=1 writes it.
func TestReference(t *testing.T) {
	file := filepath.Join("..", "..", "docs", "cli.md")
	got := reference(testApp(t))
	if os.Getenv("UPDATE_DOCS") != "" {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Error("docs/cli.md is not what the commands say: UPDATE_DOCS=1 go test -run Reference ./cmd/vxlite")
	}
}

// TestExamples wants an example of every command in its help.
func TestExamples(t *testing.T) {
	for _, cmd := range testApp(t).Commands {
		if cmd.Name == "help" || cmd.Hidden {
			continue
		}
		if !strings.Contains(cmd.UsageText, "\n   vxlite ") && !strings.Contains(cmd.UsageText, "vxlite completion bash)") {
			t.Errorf("vxlite help %s has no example", cmd.Name)
		}
		if cmd.Usage == "" {
			t.Errorf("vxlite help has no line for %s", cmd.Name)
		}
	}
}

func testApp(t *testing.T) *urfave.App {
	t.Helper()
	c := &cli{ctx: t.Context(), env: os.LookupEnv, stdout: os.Stdout, stderr: os.Stderr}
	return c.app()
}
