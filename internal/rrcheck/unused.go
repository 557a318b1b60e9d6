package rrcheck

import (
	"slices"
	"strings"

	"github.com/vxlite/vxlite/internal/rrkeys"
)

// unused finds the plugins that the .rr.yaml never uses: whose section it does not
// have, that it does not name as a middleware or driver, and that no used plugin
// needs. A plugin that has neither always works.
func (c *checker) unused() {
	used := make([]bool, len(c.graph.Set.Plugins))
	for i := range used {
		used[i] = c.uses(i)
	}
	for changed := true; changed; {
		changed = false
		for i := range used {
			for _, w := range c.graph.Set.Plugins[i].Init {
				for _, o := range w.Offers {
					if used[i] && !used[o.Plugin] {
						used[o.Plugin], changed = true, true
					}
				}
			}
		}
	}
	for i, ok := range used {
		if !ok {
			c.result.Unused = append(c.result.Unused, c.graph.Set.Plugins[i].Name)
		}
	}
}

// uses reports whether the .rr.yaml uses a plugin itself, or would but for a slip.
func (c *checker) uses(i int) bool {
	p, k := &c.graph.Set.Plugins[i], c.read(i)
	if i >= len(c.keys.Plugins) || !p.Knows("types") || !p.Knows("Name") || len(k.Unknown) > 0 {
		return true // RoadRunner's own, or not known
	}
	if c.root.Key(strings.ToLower(p.Title)) != nil || slices.ContainsFunc(c.meant, func(m string) bool { return strings.EqualFold(m, p.Title) }) {
		return true
	}
	if len(k.Roles) > 0 {
		return named(c.root, k)
	}
	for _, r := range k.Reads {
		if key := rrkeys.Elements(r.Key); len(key) == 1 && c.root.Key(key[0]) != nil && c.titled(key[0]) < 0 {
			return true
		}
	}
	return len(k.Reads) == 0 && !slices.Contains(k.Roles, "Middleware")
}
