package rrcheck

import (
	"strings"

	"github.com/vxlite/vxlite/internal/rrkeys"
	"github.com/vxlite/vxlite/internal/rryaml"
)

// Named returns the value by which a .rr.yaml names a plugin as a middleware, an
// interceptor or a driver, or nil. A placeholder that is not set may name it, so
// it does.
func Named(root *rryaml.Value, p *rrkeys.Plugin) *rryaml.Value {
	for _, role := range p.Roles {
		var from []*rryaml.Value
		switch {
		case role == "Middleware":
			from = root.Get("http").Get("middleware").List()
		case strings.HasSuffix(role, "Interceptor"):
			from = append(root.Get("grpc").Get("interceptors").List(), root.Get("temporal").Get("interceptors").List()...)
		case role == "DriverFromConfig":
			from = drivers(root.Get("jobs").Get("pipelines"))
		case role == "KvFromConfig":
			from = drivers(root.Get("kv"))
		}
		for _, v := range from {
			text, known := v.Text()
			for _, name := range strings.Split(text, ",") {
				if !known && v.Unknown() || strings.TrimSpace(name) == p.Title {
					return v
				}
			}
		}
	}
	return nil
}

func drivers(entries *rryaml.Value) []*rryaml.Value {
	if entries == nil {
		return nil
	}
	var out []*rryaml.Value
	for _, k := range entries.Keys {
		if d := k.Value.Get("driver"); d != nil {
			out = append(out, d)
		}
	}
	return out
}
