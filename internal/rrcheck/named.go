package rrcheck

import (
	"slices"
	"strings"

	"github.com/vxlite/vxlite/internal/rrkeys"
	"github.com/vxlite/vxlite/internal/rryaml"
)

// Naming is a place at which a .rr.yaml names plugins by their titles: as
// middleware, an interceptor or a driver.
type Naming struct {
	// Key is the place's, such as http.middleware.
	Key string
	// Value is what stands there, and Names the titles in it; none where a
	// placeholder is not set.
	Value *rryaml.Value
	Names []string
	// role tells of a plugin whether it can be named there.
	role func(role string) bool
}

// Fits reports whether a plugin can be named at a place.
func (n *Naming) Fits(p *rrkeys.Plugin) bool { return slices.ContainsFunc(p.Roles, n.role) }

// Namings are the places at which a .rr.yaml names plugins.
func Namings(root *rryaml.Value) []Naming {
	var out []Naming
	add := func(key string, values []*rryaml.Value, role func(string) bool) {
		for _, v := range values {
			n := Naming{Key: key, Value: v, role: role}
			text, known := v.Text()
			for _, name := range strings.Split(text, ",") {
				if name = strings.TrimSpace(name); known && name != "" {
					n.Names = append(n.Names, name)
				}
			}
			if known || v.Unknown() {
				out = append(out, n)
			}
		}
	}
	drivers := func(key string, entries *rryaml.Value, role string) {
		if entries == nil {
			return
		}
		for _, k := range entries.Keys {
			add(key+"."+k.Written+".driver", k.Value.Get("driver").List(), func(r string) bool { return r == role })
		}
	}
	add("http.middleware", root.Get("http").Get("middleware").List(), func(r string) bool { return r == "Middleware" })
	for _, section := range []string{"grpc", "temporal"} {
		add(section+".interceptors", root.Get(section).Get("interceptors").List(), func(r string) bool { return strings.HasSuffix(r, "Interceptor") })
	}
	drivers("jobs.pipelines", root.Get("jobs").Get("pipelines"), "DriverFromConfig")
	drivers("kv", root.Get("kv"), "KvFromConfig")
	return out
}

// named reports whether a .rr.yaml names a plugin. A placeholder that is not set
// may name it.
func named(root *rryaml.Value, p *rrkeys.Plugin) bool {
	return slices.ContainsFunc(Namings(root), func(n Naming) bool {
		return n.Fits(p) && (slices.Contains(n.Names, p.Title) || n.Value.Unknown())
	})
}

// Gone returns the release that was the first without a plugin that read a
// section, or "".
func Gone(section string) string { return gone[section] }

// Custom reports whether a section is by custom one of no plugin, as those of
// Docker's Compose files that begin so: it holds what aliases refer to.
func Custom(section string) bool { return strings.HasPrefix(section, "x-") }

// OwnKeys are those by which RoadRunner reads the file itself.
var OwnKeys = []string{"version", "include", "envfile"}
