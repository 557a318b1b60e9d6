package rryaml

import (
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Files returns the names of a .rr.yaml, of the files that it includes, and of
// its file of environment variables, whether they are there or not: a server
// with other contents of one would be another. dir is the server's working
// directory.
func Files(file, dir string, env func(string) (string, bool)) []string {
	out := []string{file}
	root, err := readFile(file)
	if err != nil {
		return out
	}
	y := &File{env: env}
	add := func(dir string, names *yaml.Node) {
		for _, n := range scalars(names) {
			if name, known := y.value(n); known && name != "" {
				out = append(out, beside(dir, name))
			}
		}
	}
	_, include := get(root, "include")
	add(dir, include)
	_, envfile := get(root, "envfile")
	add(filepath.Dir(file), envfile)
	return out
}

// beside is a name in a directory.
func beside(dir, name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(dir, name)
}

// Command is a program that a server starts, by the place in the .rr.yaml.
type Command struct {
	Program string
	File    string
	Line    int
}

// Commands returns the programs that the plugin server starts: for all pools, for
// one of them, and before them. One that depends on a variable that is not set
// is left out.
func (y *File) Commands() []Command {
	var out []Command
	for _, s := range y.top() {
		tables := []string{"pool"}
		if s.name == "server" {
			tables = []string{"on_init"}
			out = y.command(out, s.file, s.value)
		}
		for _, name := range tables {
			_, table := get(s.value, name)
			out = y.command(out, s.file, table)
		}
	}
	return out
}

func (y *File) command(out []Command, file string, table *yaml.Node) []Command {
	_, command := get(table, "command")
	words := scalars(command)
	if len(words) == 0 {
		return out
	}
	line, known := y.value(words[0])
	if fields := strings.Fields(line); known && len(fields) > 0 {
		return append(out, Command{Program: fields[0], File: file, Line: words[0].Line})
	}
	return out
}
