package parse

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/pelletier/go-toml/v2/unstable"

	"github.com/vxlite/vxlite/internal/config/tree"
)

// variable matches ${NAME}, and what was probably meant to be one.
var variable = regexp.MustCompile(`\$\{([A-Za-z_][A-Za-z0-9_]*)?(\}?)`)

// optional are the strings in which an undefined variable is empty: it only
// matters when a token is needed.
var optional = []string{"github.token.token", "gitlab.token.token", "github_token.token"}

// buildArgs is generation 0's list of arguments for go build. It has its own
// rule of expansion.
const buildArgs = "velox.build_args"

// expand replaces ${NAME} in all strings at and below n, and sees to it that
// no string carries a control character further. Messages give the key, not
// the value, which may be a secret.
func (d *draft) expand(n *tree.Node) {
	if n.Parent != nil && n.Parent.HoldsNames() && !printable(n.Name) {
		d.Errorf(n.Key, "the name %q has a control character", n.Name)
	}
	for _, item := range n.Items {
		d.expand(item)
	}
	if n.Kind != unstable.String {
		return
	}
	before := len(d.Problems)
	if strings.Contains(n.Text, "$") { // which few have
		n.Text = d.expanded(n)
	}
	if !printable(n.Text) {
		d.Errorf(n.Pos, "%s has a control character in its value", n.Path())
	}
	if len(d.Problems) > before {
		n.Text, n.Broken = "", true
	}
}

// expanded returns n's text with its variables replaced.
func (d *draft) expanded(n *tree.Node) string {
	path := strings.ToLower(n.Path())
	if path == buildArgs {
		return d.expandBuildArg(n)
	}
	return d.expandString(n, slices.Contains(optional, path))
}

// expandString is expanded for all but generation 0's arguments.
func (d *draft) expandString(n *tree.Node, optional bool) string {
	return variable.ReplaceAllStringFunc(n.Text, func(match string) string {
		parts := variable.FindStringSubmatch(match)
		if name := parts[1]; name == "" || parts[2] == "" {
			d.Errorf(n.Pos, `%s has a "${" that does not begin a ${NAME}`, n.Path())
			return ""
		}
		return d.variable(n, parts[1], optional)
	})
}

// documented are the variables that Velox documented for generation 0, with what
// counts where one is not set: they are empty then, as they were there, and an
// empty version or time is as if [build] had none.
var documented = map[string]string{
	"VERSION": "an empty version is that of RoadRunner's ref",
	"TIME":    "an empty time is SOURCE_DATE_EPOCH, else that of RoadRunner's commit",
}

// BuildArgVariables are the names of those that may be empty in generation 0's
// arguments, sorted.
func BuildArgVariables() []string { return slices.Sorted(maps.Keys(documented)) }

// expandBuildArg does the same for generation 0's arguments, in which $NAME is
// a variable too.
func (d *draft) expandBuildArg(n *tree.Node) string {
	told := map[string]bool{}
	return os.Expand(n.Text, func(name string) string {
		instead, optional := documented[name]
		if _, ok := d.lookup(name); optional && !ok && !told[name] {
			told[name] = true
			d.notef(n.Pos, "%s: the environment variable %q is not set; %s", n.Path(), name, instead)
		}
		return d.variable(n, name, optional)
	})
}

// variable looks up an environment variable for n.
func (d *draft) variable(n *tree.Node, name string, optional bool) string {
	value, ok := d.lookup(name)
	if !ok && !optional {
		p := d.Errorf(n.Pos, "%s: the environment variable %q is not set", n.Path(), name)
		p.Hint = fmt.Sprintf("set %s, or write the value in place of ${%s}", name, name)
	}
	return value
}

// printable reports whether s is UTF-8 without control characters.
func printable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}
