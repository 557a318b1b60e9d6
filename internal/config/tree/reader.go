package tree

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"

	"github.com/vxlite/vxlite/internal/brief"
	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/config/keys"
	"github.com/vxlite/vxlite/internal/near"
)

// Reader collects the problems of a tree.
type Reader struct{ Problems []config.Problem }

// Errorf adds a problem. A hint can be set on the result.
func (r *Reader) Errorf(pos config.Position, format string, args ...any) *config.Problem {
	r.Problems = append(r.Problems, config.Problem{Pos: pos, Text: fmt.Sprintf(format, args...)})
	return &r.Problems[len(r.Problems)-1]
}

// alike are words for keys that are spelled quite otherwise.
var alike = map[string]string{
	"branch": "ref", "commit": "ref", "version": "ref", "package": "import", "struct": "symbol", "repo": "repository",
	"dir": "path", "directory": "path", "subdir": "folder",
}

// CheckKeys reports the keys below t that are in no table of keys, and the values
// that are not of their key's type, words or bounds.
func (r *Reader) CheckKeys(t *Node) {
	for _, n := range t.Items {
		if n.key == nil {
			r.unknown(t, n)
		} else {
			r.checkValue(n)
		}
	}
}

func (r *Reader) checkValue(n *Node) {
	switch n.key.Type {
	case keys.Text:
		if r.want(n, unstable.String) {
			r.checkWord(n)
		}
	case keys.TextOrInteger:
		if n.Kind != unstable.Integer {
			r.want(n, unstable.String)
		}
	case keys.Bool:
		r.want(n, unstable.Bool)
	case keys.Date:
		if n.Kind != unstable.LocalDate && n.Kind != unstable.String && !n.Broken {
			r.Errorf(n.Pos, "%s is %s, want a day like 2027-01-31", n.Path(), Article(n.Kind))
			n.Broken = true
		}
	case keys.Integer:
		if r.want(n, unstable.Integer) {
			r.checkBounds(n)
		}
	case keys.Texts:
		if n.Kind != unstable.String && r.want(n, unstable.Array) {
			r.wantAll(n, unstable.String)
		}
	case keys.Section:
		if r.want(n, unstable.Table) {
			r.CheckKeys(n)
		}
	case keys.Sections:
		if r.want(n, unstable.Array) {
			for _, item := range r.wantAll(n, unstable.Table) {
				r.CheckKeys(item)
			}
		}
	case keys.Count, keys.Size: // with what they limit
	}
}

// checkWord checks a string that can only be one of a few words, or not set.
func (r *Reader) checkWord(n *Node) {
	if words := n.OtherThan(); words != "" && !n.key.Loose {
		r.Errorf(n.Pos, "%s is %q, want %s", n.Path(), n.Text, words)
	}
}

// OtherThan lists the few words that a string can be, and is empty where it is one of
// them, or not set, or may be anything.
func (n *Node) OtherThan() string {
	if n == nil || n.Broken || n.Text == "" || len(n.key.Enum) == 0 {
		return ""
	}
	words := n.key.Enum
	if slices.ContainsFunc(words, func(w string) bool { return w == n.Text || n.key.AnyCase && strings.EqualFold(w, n.Text) }) {
		return ""
	}
	return brief.Either(words)
}

func (r *Reader) checkBounds(n *Node) {
	if v, err := strconv.ParseInt(n.Text, 10, 64); err != nil || v < n.key.Least || v > n.key.Most {
		r.Errorf(n.Pos, "%s is %s, want %d to %d", n.Path(), n.Text, n.key.Least, n.key.Most)
	}
}

// unknown reports n, a key of t that there is not.
func (r *Reader) unknown(t, n *Node) {
	text := fmt.Sprintf("unknown key %q", n.Name)
	if t.Parent != nil {
		text += " in " + header(t)
	}
	known := t.table().List()
	meant := near.Name(n.Name, known)
	if other := alike[t.fold(n.Name)]; meant == "" && slices.Contains(known, other) {
		meant = other
	}
	if meant != "" {
		text += fmt.Sprintf(", did you mean %q?", meant)
		if t.Get(meant) == nil {
			// So that a slip is not reported as a missing key as well.
			t.index[meant] = &Node{Parent: t, Name: meant, Key: n.Key, Pos: n.Pos, Broken: true}
		}
	}
	r.Errorf(n.Key, "%s", text)
}

// header returns the header that opens t, as the file might have it.
func header(t *Node) string {
	if t.Parent.Kind == unstable.Array {
		return "[[" + t.Path() + "]]"
	}
	return "[" + t.Path() + "]"
}

// want reports whether n is of that kind, and it is a problem if not.
func (r *Reader) want(n *Node, kind unstable.Kind) bool {
	if n.Kind == kind {
		return true
	}
	if !n.Broken {
		r.Errorf(n.Pos, "%s is %s, want %s", n.Path(), Article(n.Kind), Article(kind))
	}
	return false
}

// Article words a kind.
func Article(k unstable.Kind) string {
	switch k {
	case unstable.String:
		return "a string"
	case unstable.Bool:
		return "a boolean"
	case unstable.Integer:
		return "an integer"
	case unstable.Float:
		return "a float"
	case unstable.Array:
		return "an array"
	case unstable.Table:
		return "a table"
	}
	return "a date or time"
}

// wantAll returns the elements of an array that are of that kind. Each other is a
// problem.
func (r *Reader) wantAll(array *Node, kind unstable.Kind) []*Node {
	return slices.DeleteFunc(slices.Clone(array.Items), func(item *Node) bool { return !r.want(item, kind) })
}
