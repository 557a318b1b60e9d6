package drawing

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/vxlite/vxlite/internal/endure"
)

// The drawing has a row for each plugin and a lane, a vertical line, for each
// interface that a plugin gives to others, or takes from them. Where a lane
// crosses a plugin's row there is a dot if the plugin gives, and an arrowhead
// if it takes. Of RoadRunner's plugins each needs the same two or three others,
// so that arrows from box to box would cover each other; here none cross.
const (
	rowHeight, laneWidth = 24, 24
	margin, charWidth    = 20, 6.7 // the latter of a sans-serif of 12 pixels, roughly
	headSlope            = 0.71    // sine, and cosine, of the angle of the lanes' names
)

// palette has a colour for each kind of edge.
var palette = map[endure.Kind]string{endure.InitEdge: "#1565c0", endure.ProvidesEdge: "#00796b", endure.CollectsEdge: "#7b5ea7"}

// lane is all that is given or taken by one plugin as one interface.
type lane struct {
	hub   int
	gives bool // the hub does, to the others; else it takes from them
	kind  endure.Kind
	iface string
	// others are edges by the plugin at their other end.
	others []laneEnd
	// missing says that nothing gives what the hub wants.
	missing bool
}

type laneEnd struct {
	plugin int
	title  string
	cause  bool
}

// baseName drops the package of an interface's name.
func baseInterface(name string) string {
	if strings.ContainsAny(name, " {(") {
		return name
	}
	return name[strings.LastIndexByte(name, '.')+1:]
}

// lanes puts every edge into one lane, the largest first.
func lanes(g *endure.Graph, row []int) []lane {
	type key struct {
		hub   int
		gives bool
		kind  endure.Kind
		iface string
	}
	keys := func(e endure.Edge) [2]key {
		iface := baseInterface(e.Interface)
		return [2]key{{e.From, true, e.Kind, iface}, {e.To, false, e.Kind, iface}}
	}
	left := slices.Clone(g.Edges)
	var out []lane
	for len(left) > 0 {
		count := map[key]int{}
		var best key
		for _, e := range left {
			for _, k := range keys(e) {
				if count[k]++; count[k] > count[best] {
					best = k
				}
			}
		}
		l := lane{hub: best.hub, gives: best.gives, kind: best.kind, iface: best.iface}
		left = slices.DeleteFunc(left, func(e endure.Edge) bool {
			k := keys(e)
			if k[0] != best && k[1] != best {
				return false
			}
			l.add(g, e)
			return true
		})
		out = append(out, l)
	}
	for i := range g.Set.Plugins {
		for _, iface := range lacks(g, i) {
			out = append(out, lane{hub: i, kind: endure.InitEdge, iface: baseInterface(iface), missing: true})
		}
	}
	order := []endure.Kind{endure.InitEdge, endure.ProvidesEdge, endure.CollectsEdge}
	slices.SortStableFunc(out, func(a, b lane) int {
		return cmp.Or(-compareBool(a.missing, b.missing), cmp.Compare(slices.Index(order, a.kind), slices.Index(order, b.kind)), cmp.Compare(row[a.hub], row[b.hub]), strings.Compare(a.iface, b.iface))
	})
	return out
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

func (l *lane) add(g *endure.Graph, e endure.Edge) {
	end := laneEnd{plugin: e.To, cause: causesFall(g, e)}
	if !l.gives {
		end.plugin = e.From
	}
	verb := map[endure.Kind]string{endure.InitEdge: "takes", endure.ProvidesEdge: "takes", endure.CollectsEdge: "collects"}[e.Kind]
	end.title = fmt.Sprintf("%s %s %s as %s", g.Set.Plugins[e.To].Name, verb, g.Set.Plugins[e.From].Name, e.Interface)
	if e.Method != "" {
		end.title = fmt.Sprintf("%s %s what %s makes with %s as %s", g.Set.Plugins[e.To].Name, verb, g.Set.Plugins[e.From].Name, e.Method, e.Interface)
	}
	if i := slices.IndexFunc(l.others, func(o laneEnd) bool { return o.plugin == end.plugin }); i >= 0 {
		l.others[i].title += "\n" + end.title
		l.others[i].cause = l.others[i].cause || end.cause
		return
	}
	l.others = append(l.others, end)
}

// rows gives each plugin its row: those that give stand above those that take,
// as far as that goes, and what is not active stands below.
func rows(g *endure.Graph) (row []int, plugins []int) {
	plugins = slices.Clone(g.Order)
	for _, state := range []endure.State{endure.AtRisk, endure.Disabled} {
		for i := range g.Fates {
			if g.Fates[i].State == state {
				plugins = append(plugins, i)
			}
		}
	}
	row = make([]int, len(plugins))
	for r, i := range plugins {
		row[i] = r
	}
	return row, plugins
}

// svg draws the graph for a browser.
func svg(g *endure.Graph) string {
	row, plugins := rows(g)
	d := &drawing{graph: g, row: row, lanes: lanes(g, row)}
	d.measure()
	d.open()
	for r, i := range plugins {
		d.stripe(r, i)
	}
	for k, l := range d.lanes {
		d.lane(k, l)
	}
	for _, i := range plugins {
		d.node(i)
	}
	d.legend()
	d.b.WriteString("</svg>\n")
	return d.b.String()
}

// drawing holds the sizes, in pixels.
type drawing struct {
	graph         *endure.Graph
	row           []int
	lanes         []lane
	b             strings.Builder
	node0, nodeW  int // the boxes' left edge and width
	head          int // height above the first row
	width, height int
}

func (d *drawing) measure() {
	chars, label := 0, 0
	for i := range d.graph.Set.Plugins {
		p := &d.graph.Set.Plugins[i]
		chars = max(chars, len(p.Name)+len(p.Version)+len(d.state(i)))
	}
	for _, l := range d.lanes {
		label = max(label, len(d.label(l)))
	}
	d.node0, d.nodeW = margin, int(float64(chars)*charWidth)+42
	slant := int(float64(label) * charWidth)
	d.head = margin + max(24, int(float64(slant)*headSlope)+12)
	d.width = max(d.x(len(d.lanes))+int(float64(slant)*headSlope)+margin, 660)
	d.height = d.head + len(d.row)*rowHeight + 2*margin + 18
}

func (d *drawing) state(i int) string {
	if s := d.graph.Fates[i].State; s != endure.Active {
		return s.String()
	}
	return ""
}

// label is a lane's name: what its hub does with which interface.
func (d *drawing) label(l lane) string {
	name := d.graph.Set.Plugins[l.hub].Name
	switch {
	case l.missing:
		return fmt.Sprintf("%s lacks %s", name, l.iface)
	case l.kind == endure.CollectsEdge && !l.gives:
		return fmt.Sprintf("%s collects %s", name, l.iface)
	case !l.gives:
		return fmt.Sprintf("%s takes %s", name, l.iface)
	}
	return fmt.Sprintf("%s gives %s", name, l.iface)
}

func (d *drawing) x(lane int) int { return d.node0 + d.nodeW + 28 + lane*laneWidth }
func (d *drawing) y(plugin int) int {
	return d.head + d.row[plugin]*rowHeight + rowHeight/2
}

func (d *drawing) open() {
	fmt.Fprintf(&d.b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">`+"\n", d.width, d.height, d.width, d.height)
	d.b.WriteString("<title>Which plugin needs which</title>\n")
	fmt.Fprintf(&d.b, `<rect width="%d" height="%d" fill="#ffffff"/>`+"\n", d.width, d.height)
}

// stripe is a row's background, and the line on which its ends stand.
func (d *drawing) stripe(r, plugin int) {
	if r%2 == 0 {
		fmt.Fprintf(&d.b, `<rect x="%d" y="%d" width="%d" height="%d" fill="#f5f6f8"/>`+"\n", d.node0, d.head+r*rowHeight, d.x(len(d.lanes))-d.node0, rowHeight)
	}
	last := -1
	for k, l := range d.lanes {
		if l.hub == plugin || slices.ContainsFunc(l.others, func(o laneEnd) bool { return o.plugin == plugin }) {
			last = k
		}
	}
	if last >= 0 {
		fmt.Fprintf(&d.b, `<line x1="%d" y1="%d" x2="%d" y2="%d" stroke="#cfd3d8"/>`+"\n", d.node0+d.nodeW, d.y(plugin), d.x(last), d.y(plugin))
	}
}

func (d *drawing) lane(k int, l lane) {
	color := palette[l.kind]
	if l.missing {
		color = red
	}
	x := d.x(k)
	top, bottom := d.y(l.hub), d.y(l.hub)
	for _, o := range l.others {
		top, bottom = min(top, d.y(o.plugin)), max(bottom, d.y(o.plugin))
	}
	fmt.Fprintf(&d.b, `<g stroke="%s" fill="%s">`+"\n", color, color)
	fmt.Fprintf(&d.b, `<text transform="translate(%d %d) rotate(-45)" stroke="none">%s</text>`+"\n", x, d.head-6, xmlText(d.label(l)))
	fmt.Fprintf(&d.b, `<line x1="%d" y1="%d" x2="%d" y2="%d" stroke-dasharray="1 3"/>`+"\n", x, d.head-2, x, top)
	if bottom > top {
		fmt.Fprintf(&d.b, `<line x1="%d" y1="%d" x2="%d" y2="%d" stroke-width="1.6"/>`+"\n", x, top, x, bottom)
	}
	for _, o := range l.others {
		if o.cause {
			fmt.Fprintf(&d.b, `<line x1="%d" y1="%d" x2="%d" y2="%d" stroke="%s" stroke-width="2.6"/>`+"\n", x, d.y(l.hub), x, d.y(o.plugin), red)
		}
	}
	for _, o := range l.others {
		d.end(x, d.y(o.plugin), !l.gives, o.cause, o.title, 4)
	}
	d.end(x, d.y(l.hub), l.gives, l.missing || slices.ContainsFunc(l.others, func(o laneEnd) bool { return o.cause }), d.label(l), 5)
	d.b.WriteString("</g>\n")
}

// end is a dot for what gives, and an arrowhead to the plugin for what takes.
func (d *drawing) end(x, y int, gives, cause bool, title string, r int) {
	mark := ""
	if cause {
		mark = fmt.Sprintf(` fill="%s" stroke="%s"`, red, red)
	}
	if gives {
		fmt.Fprintf(&d.b, `<circle cx="%d" cy="%d" r="%d"%s><title>%s</title></circle>`+"\n", x, y, r, mark, xmlText(title))
		return
	}
	fmt.Fprintf(&d.b, `<path d="M%d %dl%d %dv%dz"%s><title>%s</title></path>`+"\n", x-r-2, y, 2*r+1, -r, 2*r, mark, xmlText(title))
}

func (d *drawing) node(i int) {
	p := &d.graph.Set.Plugins[i]
	stroke, ink, faint := "#78909c", "#1c2733", "#607080"
	if d.graph.Fallen(i) {
		stroke, ink, faint = red, red, red
	}
	y := d.y(i)
	fmt.Fprintf(&d.b, `<rect x="%d" y="%d" width="%d" height="%d" rx="4" fill="#ffffff" stroke="%s"/>`+"\n", d.node0, y-rowHeight/2+2, d.nodeW, rowHeight-4, stroke)
	version := strings.TrimSpace(p.Version + " " + d.state(i))
	fmt.Fprintf(&d.b, `<text x="%d" y="%d" fill="%s" font-weight="bold">%s</text><text x="%d" y="%d" fill="%s" text-anchor="end">%s</text>`+"\n",
		d.node0+8, y+4, ink, xmlText(p.Name), d.node0+d.nodeW-8, y+4, faint, xmlText(version))
}

func (d *drawing) legend() {
	x, y := d.node0, d.height-margin
	for _, kind := range []endure.Kind{endure.InitEdge, endure.ProvidesEdge, endure.CollectsEdge} {
		text := map[endure.Kind]string{endure.InitEdge: "init: the plugin itself", endure.ProvidesEdge: "provides: a value of it", endure.CollectsEdge: "collects"}[kind]
		fmt.Fprintf(&d.b, `<line x1="%d" y1="%d" x2="%d" y2="%d" stroke="%s" stroke-width="2"/><text x="%d" y="%d" fill="#1c2733">%s</text>`+"\n", x, y-4, x+18, y-4, palette[kind], x+24, y, text)
		x += 34 + int(float64(len(text))*charWidth)
	}
	fmt.Fprintf(&d.b, `<circle cx="%d" cy="%d" r="4" fill="#1c2733"/><text x="%d" y="%d" fill="#1c2733">gives</text>`+"\n", x+6, y-4, x+16, y)
	fmt.Fprintf(&d.b, `<path d="M%d %dl9 -4v8z" fill="#1c2733"/><text x="%d" y="%d" fill="#1c2733">takes</text>`+"\n", x+58, y-4, x+72, y)
}

// xmlText escapes text for SVG.
func xmlText(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;").Replace(s)
}
