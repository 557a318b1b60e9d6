package rrcheck

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vxlite/vxlite/internal/endure"
	"github.com/vxlite/vxlite/internal/near"
)

// addressed are the keys whose value is one of a few words, or an address with its
// network before it. No type and no schema tells that: it is in Config.Valid of
// roadrunner-server/rpc and in initFactory of roadrunner-server/server, from v2 to
// v6 alike, and a server ends at its start over anything else.
var addressed = []struct {
	section, key string
	words        []string
	is           string // what one that is none of them is
}{
	{"rpc", "listen", nil, "not an address such as tcp://127.0.0.1:6001 or unix://rr.sock"},
	{"server", "relay", []string{"pipes"}, "neither pipes nor an address such as tcp://127.0.0.1:6002 or unix://rr.sock"},
}

// addresses reports those that the server does not start with. An empty one is the
// default.
func (c *checker) addresses() {
	for _, a := range addressed {
		v := c.root.Get(a.section).Get(a.key)
		in := slices.ContainsFunc(c.graph.Set.Plugins, func(p endure.Plugin) bool {
			return endure.SameModule(p.Module, "github.com/roadrunner-server/"+a.section)
		})
		if !in || v == nil || v.IsNull() || v.Unknown() || v.IsMap() || v.IsList() {
			continue
		}
		text := fmt.Sprint(v.Scalar())
		network, _, found := strings.Cut(text, "://")
		isAddress := strings.Count(text, "://") == 1 && (network == "tcp" || network == "unix")
		if text == "" || isAddress || slices.Contains(a.words, text) {
			continue
		}
		var hints []string
		if meant := near.Name(text, a.words); meant != "" {
			hints = []string{near.Hint(meant)}
		} else if !found && strings.Contains(text, ":") {
			hints = []string{near.Hint("tcp://" + text)}
		}
		c.report(v.File, v.Line, hints, "%s.%s: %s is %s", a.section, a.key, shown(v), a.is)
	}
}
