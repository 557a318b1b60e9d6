// Package edit writes plugins into a velox.toml, and takes them out: begin at
// [Add] and [Remove]. All other lines stay as they are. It decides only; who uses
// it reads the result again, for there are forms of TOML that it does not edit.
package edit

import (
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"

	"github.com/vxlite/vxlite/internal/config/lines"
)

// Add writes tables behind the last plugin, or at the end where there is none.
// Each is a list of lines, the header first.
func Add(data []byte, tables ...[]string) []byte {
	doc := lines.Read(data)
	at, indent := len(doc.Lines), ""
	for at > 0 && blank(doc.Lines[at-1]) {
		at--
	}
	if all := entries(doc); len(all) > 0 {
		last := slices.MaxFunc(all, func(a, b entry) int { return a.last - b.last })
		at, indent = last.last+1, lines.Indent(doc.Lines[last.at])
	}
	var text []string
	for _, t := range tables {
		if at > 0 || len(text) > 0 {
			text = append(text, "")
		}
		for _, line := range t {
			text = append(text, indent+line)
		}
	}
	if at == len(doc.Lines) || !blank(doc.Lines[at]) {
		text = append(text, "")
	}
	ending := lineEnding(doc)
	for i := range text {
		text[i] += ending
	}
	doc.Insert(at, text...)
	return doc.Text()
}

// Remove takes the entries of plugins out, in whichever table they are, with the
// comments that belong to them.
func Remove(data []byte, names ...string) []byte {
	doc := lines.Read(data)
	for _, e := range entries(doc) {
		if slices.Contains(names, e.name) {
			doc.Delete(e.first, e.last)
		}
	}
	out := strings.TrimRight(string(doc.Text()), "\r\n")
	return []byte(out + lineEnding(doc) + "\n")
}

// entry is what a config says of a plugin in one place: the lines of a table, or
// of a key, with the comments that belong to it. at is the first without these.
type entry struct {
	name            string
	at, first, last int
}

// entries are those of all plugins, in the file's order.
func entries(doc *lines.Document) []entry {
	var out []entry
	for i := 0; i < len(doc.Expressions); i++ {
		x := doc.Expressions[i]
		name, whole := pluginName(x.Path)
		if name == "" {
			continue
		}
		e := entry{name: name, at: x.First, first: x.First, last: x.Last}
		if body := doc.Body(i); whole && x.Kind == unstable.Table {
			for _, b := range body {
				e.last = b.Last
			}
			i += len(body)
		}
		out = append(out, e.withComments(doc.Lines, x.Kind))
	}
	return out
}

// pluginName returns the name of the plugin that a key belongs to, or "", and
// whether it is all of the plugin's key.
func pluginName(path []string) (name string, whole bool) {
	for _, table := range [][]string{{"plugins"}, {"github", "plugins"}, {"gitlab", "plugins"}} {
		if n := len(table); len(path) > n && lines.Is(path[:n], table...) {
			return path[n], len(path) == n+1
		}
	}
	return "", false
}

// withComments adds the comments that touch an entry. One that the next line
// touches as well is of that, and one above several keys in a row is of them
// all; and what a file begins with is of the file.
func (e entry) withComments(all []string, kind unstable.Kind) entry {
	below := e.last + 1
	for below < len(all) && comment(all[below]) {
		below++
	}
	alone := below == len(all) || blank(all[below])
	if alone {
		e.last = below - 1
	}
	above := e.first
	for above > 0 && comment(all[above-1]) {
		above--
	}
	if above > 0 && (alone || kind == unstable.Table) {
		e.first = above
	}
	return e
}

func blank(line string) bool { return strings.TrimSpace(line) == "" }

func comment(line string) bool { return strings.HasPrefix(strings.TrimSpace(line), "#") }

// lineEnding is what stands before each newline.
func lineEnding(doc *lines.Document) string {
	if strings.HasSuffix(doc.Lines[0], "\r") {
		return "\r"
	}
	return ""
}
