package size

import (
	"cmp"
	"fmt"
	"path/filepath"

	"github.com/vxlite/vxlite/internal/drawing"
)

// Colours of what leaves with one plugin, with several, and never.
const (
	pluginColour = "#1565c0"
	sharedColour = "#7b5ea7"
	moduleColour = "#00796b"
	goColour     = "#546e7a"
	otherColour  = "#8d8d8d"
)

// Treemap draws the report as SVG.
func (r *Report) Treemap() string {
	var boxes []drawing.Box
	for _, p := range r.Plugins {
		box := drawing.Box{Name: p.Name, Size: p.Leaves, Colour: pluginColour, Note: " would leave with it"}
		if len(p.Modules) > 0 {
			box.Parts = append(parts(p.Modules), drawing.Box{Name: p.Module, Size: p.Own})
		}
		boxes = append(boxes, box)
	}
	boxes = append(boxes, drawing.Box{Name: "several plugins", Size: r.Shared, Colour: sharedColour, Parts: parts(r.SharedModules), Note: " would leave only with all plugins that need it"})
	if len(r.Plugins) == 0 {
		for _, m := range r.Modules {
			boxes = append(boxes, drawing.Box{Name: m.Path, Size: m.Size, Colour: moduleColour})
		}
	} else {
		server := drawing.Box{Name: "RoadRunner", Colour: moduleColour, Parts: parts(r.Modules), Note: " stays without any plugin"}
		for _, m := range r.Modules {
			server.Size += m.Size
		}
		boxes = append(boxes, server)
	}
	boxes = append(boxes, drawing.Box{Name: "Go", Size: r.Go, Colour: goColour}, drawing.Box{Name: "other data", Size: r.Other, Colour: otherColour})
	return drawing.Treemap(fmt.Sprintf("%s for %s: %.1f MB", filepath.Base(r.File), r.Target, float64(r.Size)/1e6), boxes)
}

func parts(modules []Module) []drawing.Box {
	var out []drawing.Box
	for _, m := range modules {
		out = append(out, drawing.Box{Name: cmp.Or(m.Path, "Go"), Size: m.Size})
	}
	return out
}
