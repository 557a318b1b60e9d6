// Package drawing draws the Endure graph: as SVG, in the languages of Graphviz
// and Mermaid, and as JSON.
package drawing

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/vxlite/vxlite/internal/endure"
	"github.com/vxlite/vxlite/internal/rrkeys"
)

// Formats are those that a graph can be drawn in, the usual one first.
var Formats = []string{"svg", "dot", "mermaid", "json"}

// Draw returns the graph in one of [Formats].
func Draw(g *endure.Graph, k *rrkeys.Keys, format string) (string, error) {
	switch format {
	case "svg":
		return svg(g), nil
	case "dot":
		return dot(g), nil
	case "mermaid":
		return mermaid(g), nil
	case "json":
		return graphData(g, k)
	}
	return "", fmt.Errorf("unknown format %q", format)
}

// arrow is what is drawn of edges between the same two plugins, for the same
// reason: Endure counts each, a reader does not.
type arrow struct {
	from, to   int
	kind       endure.Kind
	interfaces []string
	// cause says that the one falls by the other.
	cause bool
}

func (a arrow) label() string {
	s := strings.Join(a.interfaces, ", ")
	if s == "" {
		s = "nothing"
	}
	return s
}

// arrows are sorted by the plugins' order of registration.
func arrows(g *endure.Graph) []arrow {
	var out []arrow
	for _, e := range g.Edges {
		i := slices.IndexFunc(out, func(a arrow) bool { return a.from == e.From && a.to == e.To && a.kind == e.Kind })
		if i < 0 {
			i = len(out)
			out = append(out, arrow{from: e.From, to: e.To, kind: e.Kind})
		}
		if !slices.Contains(out[i].interfaces, e.Interface) {
			out[i].interfaces = append(out[i].interfaces, e.Interface)
		}
		out[i].cause = out[i].cause || causesFall(g, e)
	}
	return out
}

// causesFall reports whether an edge is one by which its plugin falls.
func causesFall(g *endure.Graph, e endure.Edge) bool {
	via := g.Fates[e.To].Via
	return len(via) > 0 && via[len(via)-1].From == e.From && via[len(via)-1].To == e.To
}

// lacks lists, for each plugin, the interfaces that nothing meets.
func lacks(g *endure.Graph, i int) []string {
	var out []string
	for _, n := range g.Fates[i].Lacking {
		if w := g.Set.Plugins[i].Init[n]; len(w.Offers) == 0 {
			out = append(out, w.Interface)
		}
	}
	return out
}

const red = "#c62828"

// dot is for Graphviz.
func dot(g *endure.Graph) string {
	var b strings.Builder
	b.WriteString("digraph endure {\n\trankdir=LR;\n\tnode [shape=box, fontname=\"sans-serif\"];\n\tedge [fontname=\"sans-serif\", fontsize=10];\n")
	for i, p := range g.Set.Plugins {
		label, color := p.Name+"\n"+p.Version, ""
		if g.Fates[i].State != endure.Active {
			label += "\n" + g.Fates[i].State.String()
		}
		if g.Fallen(i) {
			color = fmt.Sprintf(", color=%q, fontcolor=%q", red, red)
		}
		fmt.Fprintf(&b, "\t%q [label=%q%s];\n", p.Name, label, color)
	}
	for i, p := range g.Set.Plugins {
		for n, iface := range lacks(g, i) {
			id := fmt.Sprintf("%s lacks %d", p.Name, n+1)
			fmt.Fprintf(&b, "\t%q [label=%q, shape=plaintext, fontcolor=%q];\n", id, iface+"\nmissing", red)
			fmt.Fprintf(&b, "\t%q -> %q [label=%q, color=%q, fontcolor=%q];\n", id, p.Name, "init: "+iface, red, red)
		}
	}
	for _, a := range arrows(g) {
		style := map[endure.Kind]string{endure.InitEdge: "solid", endure.ProvidesEdge: "bold", endure.CollectsEdge: "dashed"}[a.kind]
		color := ""
		if a.cause {
			color = fmt.Sprintf(", color=%q, fontcolor=%q", red, red)
		}
		fmt.Fprintf(&b, "\t%q -> %q [label=%q, style=%s%s];\n", g.Set.Plugins[a.from].Name, g.Set.Plugins[a.to].Name, string(a.kind)+": "+a.label(), style, color)
	}
	b.WriteString("}\n")
	return b.String()
}

// mermaid is for Markdown.
func mermaid(g *endure.Graph) string {
	var b strings.Builder
	b.WriteString("flowchart LR\n")
	for i, p := range g.Set.Plugins {
		label := p.Name + "<br>" + p.Version
		if g.Fates[i].State != endure.Active {
			label += "<br>" + g.Fates[i].State.String()
		}
		fmt.Fprintf(&b, "  p%d[%s]\n", i, mermaidText(label))
	}
	link := 0
	var fallen, causes []string
	for i := range g.Set.Plugins {
		if g.Fallen(i) {
			fallen = append(fallen, fmt.Sprintf("p%d", i))
		}
		for n, iface := range lacks(g, i) {
			fmt.Fprintf(&b, "  m%d_%d[%s] -->|%s| p%d\n", i, n, mermaidText(iface+"<br>missing"), mermaidText("init: "+iface), i)
			fallen = append(fallen, fmt.Sprintf("m%d_%d", i, n))
			causes = append(causes, fmt.Sprint(link))
			link++
		}
	}
	for _, a := range arrows(g) {
		line := map[endure.Kind]string{endure.InitEdge: "-->", endure.ProvidesEdge: "==>", endure.CollectsEdge: "-.->"}[a.kind]
		fmt.Fprintf(&b, "  p%d %s|%s| p%d\n", a.from, line, mermaidText(string(a.kind)+": "+a.label()), a.to)
		if a.cause {
			causes = append(causes, fmt.Sprint(link))
		}
		link++
	}
	if len(fallen) > 0 {
		fmt.Fprintf(&b, "  classDef fallen stroke:%s,color:%s\n  class %s fallen\n", red, red, strings.Join(fallen, ","))
	}
	if len(causes) > 0 {
		fmt.Fprintf(&b, "  linkStyle %s stroke:%s,color:%s\n", strings.Join(causes, ","), red, red)
	}
	return b.String()
}

// mermaidText quotes a label; Mermaid knows HTML's entities only.
func mermaidText(s string) string {
	return `"` + strings.ReplaceAll(s, `"`, "#quot;") + `"`
}

// graphJSON is the form for other programs.
type graphJSON struct {
	Plugins []pluginJSON `json:"plugins"`
	Edges   []edgeJSON   `json:"edges"`
	Order   []string     `json:"order"`
}

type pluginJSON struct {
	Name    string   `json:"name"`
	Version string   `json:"version"`
	Module  string   `json:"module"`
	Import  string   `json:"import"`
	Symbol  string   `json:"symbol"`
	Type    string   `json:"type,omitempty"`
	Title   string   `json:"title,omitempty"`
	Weight  uint     `json:"weight"`
	State   string   `json:"state"`
	Lacks   []string `json:"lacks,omitempty"`
	// Root is the plugin by which it falls.
	Root     string           `json:"root,omitempty"`
	Sections []string         `json:"sections,omitempty"`
	Unknown  []endure.Unknown `json:"unknown,omitempty"`
}

type edgeJSON struct {
	From      string      `json:"from"`
	To        string      `json:"to"`
	Kind      endure.Kind `json:"kind"`
	Interface string      `json:"interface"`
	Method    string      `json:"method,omitempty"`
	// Taken says that Init, or the callback, is given this one.
	Taken bool `json:"taken"`
	// Cause says that the one falls by the other.
	Cause bool `json:"cause,omitempty"`
}

func graphData(g *endure.Graph, k *rrkeys.Keys) (string, error) {
	out := graphJSON{Plugins: []pluginJSON{}, Edges: []edgeJSON{}, Order: []string{}}
	name := func(i int) string { return g.Set.Plugins[i].Name }
	for i, p := range g.Set.Plugins {
		row := pluginJSON{Name: p.Name, Version: p.Version, Module: p.Module, Import: p.Import, Symbol: p.Symbol, Type: p.Type, Title: p.Title, Weight: p.Weight,
			State: g.Fates[i].State.String(), Lacks: lacks(g, i), Unknown: p.Unknown}
		if i < len(k.Plugins) {
			row.Sections = k.Plugins[i].Sections()
			for _, at := range k.Plugins[i].Unknown {
				row.Unknown = append(row.Unknown, endure.Unknown{What: "section", Pos: at, Text: rrkeys.UnknownText})
			}
		}
		if g.Fates[i].Root != i {
			row.Root = name(g.Fates[i].Root)
		}
		out.Plugins = append(out.Plugins, row)
	}
	for _, e := range g.Edges {
		out.Edges = append(out.Edges, edgeJSON{From: name(e.From), To: name(e.To), Kind: e.Kind, Interface: e.Interface, Method: e.Method, Taken: e.Taken, Cause: causesFall(g, e)})
	}
	for _, i := range g.Order {
		out.Order = append(out.Order, name(i))
	}
	data, err := json.MarshalIndent(out, "", "  ")
	return string(data) + "\n", err
}
