package main

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
	yaml "go.yaml.in/yaml/v3"
)

// documented writes the block of code below a heading of a page to a file, with
// other names for what is no place of a test:
// documented PAGE HEADING FILE [OLD=NEW…]
func documented(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: documented PAGE HEADING FILE [OLD=NEW…]")
	}
	data, err := os.ReadFile(filepath.Join("..", "..", "docs", args[0]+".md"))
	ts.Check(err)
	args = args[1:]
	_, section, _ := strings.Cut(string(data), "\n## "+args[0]+"\n")
	section, _, _ = strings.Cut(section, "\n## ")
	_, block, _ := strings.Cut(section, "\n```")
	_, block, ok := strings.Cut(block, "\n")
	block, _, closed := strings.Cut(block, "\n```\n")
	if !ok || !closed {
		ts.Fatalf("no code below %q", args[0])
	}
	for _, pair := range args[2:] {
		old, name, _ := strings.Cut(pair, "=")
		if !strings.Contains(block, old) {
			ts.Fatalf("%q is not in the code below %q", old, args[0])
		}
		block = strings.ReplaceAll(block, old, name)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(block+"\n"), 0o644))
}

// ciJob is a job of GitHub Actions, which has steps, or of GitLab CI, which has
// a script. Keys that are not here are an error.
type ciJob struct {
	RunsOn      string `yaml:"runs-on"`
	Permissions map[string]string
	Steps       []ciStep
	Image       string
	Tags        []string
	Rules       []map[string]any
	Variables   map[string]string
	Script      []string
	Artifacts   struct{ Paths []string }
}

type ciStep struct {
	Uses, Run string
	With, Env map[string]string
}

// ciFile is a workflow of GitHub Actions, or what all jobs of GitLab CI have in
// common, with its jobs.
type ciFile struct {
	On        map[string]any
	Jobs      map[string]ciJob
	Workflow  map[string]any
	Variables map[string]string
	Inline    map[string]ciJob `yaml:",inline"`
}

// cijob writes a shell script of what a job does: cijob FILE JOB SCRIPT
func cijob(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: cijob FILE JOB SCRIPT")
	}
	data, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	var file ciFile
	dec := yaml.NewDecoder(strings.NewReader(string(data)))
	dec.KnownFields(true)
	ts.Check(dec.Decode(&file))
	jobs := file.Jobs
	if jobs == nil {
		jobs = file.Inline
	}
	job, ok := jobs[args[1]]
	if !ok {
		ts.Fatalf("there is no job %q", args[1])
	}
	out := []string{"set -eu"}
	for _, vars := range []map[string]string{file.Variables, job.Variables} {
		out = append(out, exports(ts, vars)...)
	}
	for _, s := range job.Steps {
		out = append(out, "(")
		out = append(out, exports(ts, s.Env)...)
		out = append(out, command(ts, s), ")")
	}
	out = append(out, job.Script...)
	for _, p := range job.Artifacts.Paths {
		out = append(out, "test -e "+quoted(p))
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), []byte(strings.Join(out, "\n")+"\n"), 0o644))
}

// command is what a step does, as far as it can be done here.
func command(ts *testscript.TestScript, s ciStep) string {
	action, _, _ := strings.Cut(s.Uses, "@")
	switch {
	case s.Uses == "" && strings.HasPrefix(s.Run, "go install "):
		pkg, _, _ := strings.Cut(strings.TrimPrefix(s.Run, "go install "), "@")
		out, err := exec.Command("go", "list", "-f", "{{.Name}}", pkg).CombinedOutput()
		if err != nil || strings.TrimSpace(string(out)) != "main" {
			ts.Fatalf("%s: no program: %s", s.Run, out)
		}
		return "command -v " + filepath.Base(pkg)
	case s.Uses == "":
		return s.Run
	case action == "actions/checkout", action == "actions/cache/restore" && s.With["path"] != "" && s.With["key"] != "":
		return "true"
	case action == "actions/setup-go":
		return "go version | grep -F " + quoted("go"+s.With["go-version"]+".")
	case action == "actions/cache/save" && s.With["key"] != "", action == "actions/upload-artifact" && s.With["name"] != "":
		return "test -e " + quoted(s.With["path"])
	}
	ts.Fatalf("the step %+v is not known here", s)
	return ""
}

// exports sets variables. ${{ vars.NAME }} is the script's own NAME; there is no
// other expression but the job's token.
func exports(ts *testscript.TestScript, vars map[string]string) []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(vars)) {
		value := strings.ReplaceAll(vars[name], "${{ github.token }}", "a-token")
		before, expr, ok := strings.Cut(value, "${{ vars.")
		if variable, after, closed := strings.Cut(expr, " }}"); ok && closed {
			value = before + ts.Getenv(variable) + after
		}
		if strings.Contains(value, "${{") {
			ts.Fatalf("%s is not known here", value)
		}
		out = append(out, fmt.Sprintf("export %s=%s", name, quoted(value)))
	}
	return out
}

func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
