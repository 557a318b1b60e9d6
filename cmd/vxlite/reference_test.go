package main

import (
	"os"
	"path/filepath"
	"slices"
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

// TestReadme wants every command in the README's table, and every flag, by its
// long name, in that of docs/usage.md.
func TestReadme(t *testing.T) {
	commands := section(t, "README.md", "Commands")
	flags := section(t, filepath.Join("docs", "usage.md"), "Flags")
	for _, cmd := range testApp(t).Commands {
		if cmd.Name == "help" || cmd.Hidden {
			continue
		}
		if row := "\n| `vxlite " + cmd.Name; !strings.Contains(commands, row+"`") && !strings.Contains(commands, row+" ") {
			t.Errorf("the README has no row for %s", cmd.Name)
		}
		for _, flag := range allFlags(cmd) {
			if name := "`--" + flag.Names()[0]; !strings.Contains(flags, name+"`") && !strings.Contains(flags, name+" ") {
				t.Errorf("docs/usage.md does not have --%s of %s", flag.Names()[0], cmd.Name)
			}
		}
	}
}

// section returns what a document has below a heading.
func section(t *testing.T, file, heading string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", file))
	if err != nil {
		t.Fatal(err)
	}
	_, text, ok := strings.Cut(string(data), "\n## "+heading+"\n")
	if !ok {
		t.Fatalf("%s has no section %s", file, heading)
	}
	text, _, _ = strings.Cut(text, "\n## ")
	return text
}

// allFlags are a command's and those of its subcommands.
func allFlags(cmd *urfave.Command) []urfave.Flag {
	flags := cmd.Flags
	for _, sub := range cmd.Subcommands {
		flags = slices.Concat(flags, allFlags(sub))
	}
	return flags
}

func testApp(t *testing.T) *urfave.App {
	t.Helper()
	c := &cli{ctx: t.Context(), env: os.LookupEnv, stdout: os.Stdout, stderr: os.Stderr}
	return c.app()
}
