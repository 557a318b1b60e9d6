package rryaml

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TestFiles has files that belong to a .rr.yaml, and programs that it starts.
func TestFiles(t *testing.T) {
	dir := t.TempDir()
	env := func(name string) (string, bool) { return "more", name == "MORE" }
	for _, tt := range []struct{ name, text, files, commands string }{
		{"a list", "include: [a.yaml, '${MORE}.yaml', $NONE, /etc/b.yaml]\nenvfile: .env\n", "[app/a.yaml app/more.yaml /etc/b.yaml conf/.env]", "[]"},
		{"one", "include: a.yaml\n", "[app/a.yaml]", "[]"},
		{"broken", "include: [\n", "[]", ""},
		{"not there", "", "[]", ""},
		{"programs", "server: {command: ' php worker.php', on_init: {command: [sh, -c, x]}}\njobs:\n  pool:\n    command: ['${MORE} -x']\nhttp: {command: no, pool: {command: $NONE}}\nkv: null\n",
			"[]", "[php:1 sh:1 more:4]"},
	} {
		file := filepath.Join(dir, tt.name+".yaml")
		if tt.text != "" {
			if err := os.WriteFile(file, []byte(tt.text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		var files []string
		for _, f := range Files(file, "app", env) {
			if rel, err := filepath.Rel(dir, f); err == nil && filepath.IsAbs(f) && filepath.IsLocal(rel) {
				f = filepath.Join("conf", rel)
			}
			files = append(files, filepath.ToSlash(f))
		}
		if files[0] != "conf/"+tt.name+".yaml" || fmt.Sprint(slices.Clip(files[1:])) != tt.files {
			t.Errorf("%s: files %q, want %s", tt.name, files, tt.files)
		}
		y, err := ReadIn("app", file, env)
		if err != nil {
			continue // of a file that is not there
		}
		commands := []string{}
		for _, c := range y.Commands() {
			commands = append(commands, fmt.Sprintf("%s:%d", c.Program, c.Line))
		}
		if fmt.Sprint(commands) != tt.commands {
			t.Errorf("%s: %q, want %s", tt.name, commands, tt.commands)
		}
	}
}
