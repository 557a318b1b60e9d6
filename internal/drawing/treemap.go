package drawing

import (
	"fmt"
	"html"
	"regexp"
	"slices"
	"strings"

	"github.com/vxlite/vxlite/internal/brief"
)

// Box is a part of a whole, drawn as large as it is.
type Box struct {
	Name string
	// Size is in bytes; Note is what to say of it besides, in the tooltip.
	Size int64
	Note string
	// Colour is that of the box and its parts, as in CSS.
	Colour string
	// Parts are what it is made of. They may add up to less.
	Parts []Box
}

const (
	mapWidth, mapHeight = 1200, 800
	headHeight          = 18 // of the line with a box's name above its parts
	smallest            = 3  // pixels; what is smaller is not drawn
)

// rect is a rectangle, in pixels.
type rect struct{ x, y, w, h float64 }

// Treemap draws boxes in a rectangle, the largest first, each with an area in
// proportion to its size, and its parts within.
func Treemap(title string, boxes []Box) string {
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" font-family="sans-serif" font-size="12">
<title>%s</title>
<rect width="%d" height="%d" fill="#ffffff"/>
<text x="%d" y="24" font-size="16">%s</text>
`, mapWidth, mapHeight, mapWidth, mapHeight, html.EscapeString(title), mapWidth, mapHeight, margin, html.EscapeString(title))
	const top = 36
	drawBoxes(&b, boxes, rect{margin, top, mapWidth - 2*margin, mapHeight - top - margin}, 0)
	b.WriteString("</svg>\n")
	return b.String()
}

func drawBoxes(b *strings.Builder, boxes []Box, in rect, depth int) {
	boxes = slices.DeleteFunc(slices.Clone(boxes), func(x Box) bool { return x.Size <= 0 })
	slices.SortStableFunc(boxes, func(x, y Box) int { return int(min(max(y.Size-x.Size, -1), 1)) })
	for i, r := range squarify(boxes, in) {
		box := boxes[i]
		if r.w < smallest || r.h < smallest {
			continue
		}
		stroke, opacity := "#ffffff", 1.0
		if depth > 0 {
			opacity = 0.75
		}
		fmt.Fprintf(b, `<g><title>%s: %s%s</title><rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s" fill-opacity="%.2f" stroke="%s"/>`+"\n",
			html.EscapeString(box.Name), brief.Bytes(box.Size), html.EscapeString(box.Note), r.x, r.y, r.w, r.h, box.Colour, opacity, stroke)
		drawName(b, box, r, depth)
		inner := rect{r.x + 2, r.y + headHeight, r.w - 4, r.h - headHeight - 2}
		if len(box.Parts) > 0 && inner.w > 20 && inner.h > 12 {
			drawParts(b, box, inner, depth)
		}
		b.WriteString("</g>\n")
	}
}

// drawParts draws the parts on a lighter ground.
func drawParts(b *strings.Builder, box Box, in rect, depth int) {
	fmt.Fprintf(b, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="#ffffff"/>`+"\n", in.x, in.y, in.w, in.h)
	sum := int64(0)
	parts := slices.Clone(box.Parts)
	for i := range parts {
		parts[i].Colour = box.Colour
		sum += parts[i].Size
	}
	if rest := box.Size - sum; rest > 0 {
		parts = append(parts, Box{Name: "other", Size: rest, Colour: box.Colour})
	}
	drawBoxes(b, parts, in, depth+1)
}

// drawName writes a box's name, and its size where there is room, or as much of the
// name as fits.
func drawName(b *strings.Builder, box Box, r rect, depth int) {
	fits := int((r.w - 8) / charWidth)
	if r.h < headHeight-2 || fits < 3 {
		return
	}
	text := []rune(shortened(box.Name, fits))
	if full := box.Name + "  " + brief.Bytes(box.Size); len([]rune(full)) <= fits {
		text = []rune(full)
	} else if len(text) > fits {
		text = append(text[:fits-1], '…')
	}
	weight := ""
	if depth == 0 {
		weight = ` font-weight="bold"`
	}
	fmt.Fprintf(b, `<text x="%.1f" y="%.1f" fill="#ffffff"%s>%s</text>`+"\n", r.x+4, r.y+13, weight, html.EscapeString(string(text)))
}

// major is the last element of a module path, above v1.
var major = regexp.MustCompile(`^v[0-9]+$`)

// shortened drops the first elements of a path, which many have in common, until the
// rest fits or is one element.
func shortened(path string, fits int) string {
	for len([]rune(path)) > fits {
		_, rest, ok := strings.Cut(path, "/")
		if !ok {
			break
		}
		if major.MatchString(rest) { // says nothing by itself
			rest = strings.TrimSuffix(path, "/"+rest)
		}
		path = rest
	}
	return path
}

// squarify lays out boxes, the largest first, so that each is as near to a square as
// can be: rows are filled along the shorter side for as long as that makes their
// worst box better. (Bruls, Huizing, van Wijk: Squarified Treemaps.)
func squarify(boxes []Box, in rect) []rect {
	total := 0.0
	for _, x := range boxes {
		total += float64(x.Size)
	}
	scale := in.w * in.h / max(total, 1)
	out := make([]rect, 0, len(boxes))
	for len(out) < len(boxes) {
		side := min(in.w, in.h)
		rest := boxes[len(out):]
		n, sum := 1, float64(rest[0].Size)*scale
		for n < len(rest) {
			next := float64(rest[n].Size) * scale
			if worst(rest[:n+1], sum+next, side, scale) > worst(rest[:n], sum, side, scale) {
				break
			}
			sum += next
			n++
		}
		thick := sum / max(side, 1e-9)
		at := 0.0
		for _, x := range rest[:n] {
			long := float64(x.Size) * scale / max(thick, 1e-9)
			if in.w >= in.h {
				out = append(out, rect{in.x, in.y + at, thick, long})
			} else {
				out = append(out, rect{in.x + at, in.y, long, thick})
			}
			at += long
		}
		if in.w >= in.h {
			in.x, in.w = in.x+thick, in.w-thick
		} else {
			in.y, in.h = in.y+thick, in.h-thick
		}
	}
	return out
}

// worst is how far the boxes of a row are from squares: 1 is a square.
func worst(row []Box, sum, side, scale float64) float64 {
	large, small := float64(row[0].Size)*scale, float64(row[len(row)-1].Size)*scale
	return max(side*side*large/(sum*sum), sum*sum/(side*side*small))
}
