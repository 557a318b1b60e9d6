package rryaml

import (
	"path/filepath"
	"strings"
)

// Files returns the names of a .rr.yaml, of the files that it includes, and of
// its file of environment variables, whether they are there or not: a server
// with other contents of one would be another. dir is the server's working
// directory.
func Files(file, dir string, env func(string) (string, bool)) []string {
	out := []string{file}
	root, err := (builder{env: env}).file(file)
	if err != nil {
		return out
	}
	add := func(dir, key string) {
		for _, v := range root.Get(key).List() {
			if name, known := v.Text(); known && name != "" {
				out = append(out, beside(dir, name))
			}
		}
	}
	add(dir, "include")
	add(filepath.Dir(file), "envfile")
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
	for _, s := range y.Root.Keys {
		tables := []string{"pool"}
		if s.Name == "server" {
			tables = []string{"on_init"}
			out = command(out, s.Value)
		}
		for _, name := range tables {
			out = command(out, s.Value.Get(name))
		}
	}
	return out
}

func command(out []Command, table *Value) []Command {
	words := table.Get("command").List()
	if len(words) == 0 {
		return out
	}
	line, known := words[0].Text()
	if fields := strings.Fields(line); known && len(fields) > 0 {
		return append(out, Command{Program: fields[0], File: words[0].File, Line: words[0].Line})
	}
	return out
}
