package migrate

import (
	"reflect"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/config/parse"
	"github.com/vxlite/vxlite/internal/config/tree"
)

// serious drops the problems that a config may have before and after, and those
// of values with variables in them, which are kept as they are and say nothing.
func serious(err error, root *tree.Node) error {
	list, ok := err.(*config.ErrorList)
	if !ok {
		return err
	}
	vague := map[config.Position]bool{}
	variables(root, vague)
	rest := slices.DeleteFunc(slices.Clone(list.Problems), func(p config.Problem) bool {
		return vague[p.Pos] || strings.HasSuffix(p.Text, parse.ByNumber)
	})
	if len(rest) == 0 {
		return nil
	}
	return &config.ErrorList{Problems: rest}
}

// variables collects the places of the strings with variables in them.
func variables(n *tree.Node, at map[config.Position]bool) {
	if n.Kind == unstable.String && strings.Contains(n.Text, "${") {
		at[n.Pos] = true
	}
	for _, item := range n.Items {
		variables(item, at)
	}
}

// differ names what two configs do not have in common. Where plugins come from
// may be said in another way, as long as it is one place.
func differ(a, b *config.Config) string {
	for _, c := range []struct {
		what string
		a, b any
	}{
		{"RoadRunner", plain(a.RoadRunner), plain(b.RoadRunner)},
		{"build settings", a.Build, b.Build},
		{"log settings", a.Log, b.Log},
		{"tokens", unnamed(a.Git.Tokens), unnamed(b.Git.Tokens)},
	} {
		if !reflect.DeepEqual(c.a, c.b) {
			return c.what
		}
	}
	if len(a.Plugins) != len(b.Plugins) || len(a.Mirrors) != len(b.Mirrors) || len(a.Replaces) != len(b.Replaces) ||
		len(a.Modules) != len(b.Modules) || len(a.Excludes) != len(b.Excludes) || len(a.Git.Credentials) != len(b.Git.Credentials) {
		return "tables"
	}
	for i := range a.Plugins {
		p, q := a.Plugins[i], b.Plugins[i]
		p.Pos, q.Pos = config.Position{}, config.Position{}
		if q.URL == "" && p.ModulePath == "" {
			p.ModulePath, p.URL = q.ModulePath, ""
		}
		if !reflect.DeepEqual(p, q) {
			return "plugin " + p.Name
		}
	}
	return ""
}

// unnamed drops the keys that tokens stand under.
func unnamed(tokens []config.Token) []config.Token {
	out := slices.Clone(tokens)
	for i := range out {
		out[i].Key = ""
	}
	return out
}

func plain(r config.RoadRunner) config.RoadRunner { r.Pos = config.Position{}; return r }
