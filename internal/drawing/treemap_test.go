package drawing

import (
	"encoding/xml"
	"io"
	"math"
	"strings"
	"testing"
)

// TestSquarify lays out boxes without gaps or overlaps, each with its share of the
// area, and none far from a square.
func TestSquarify(t *testing.T) {
	var boxes []Box
	total := 0.0
	for _, n := range []int64{600, 600, 400, 300, 200, 200, 100} {
		boxes = append(boxes, Box{Size: n})
		total += float64(n)
	}
	in := rect{10, 20, 600, 400}
	rects := squarify(boxes, in)
	area := 0.0
	for i, r := range rects {
		want := float64(boxes[i].Size) / total * in.w * in.h
		if math.Abs(r.w*r.h-want) > 0.01 {
			t.Errorf("box %d has %f, want %f", i, r.w*r.h, want)
		}
		if ratio := max(r.w/r.h, r.h/r.w); ratio > 3 {
			t.Errorf("box %d is %+v", i, r)
		}
		if r.x < in.x-0.01 || r.y < in.y-0.01 || r.x+r.w > in.x+in.w+0.01 || r.y+r.h > in.y+in.h+0.01 {
			t.Errorf("box %d lies outside: %+v", i, r)
		}
		for j, q := range rects[:i] {
			if w, h := min(r.x+r.w, q.x+q.w)-max(r.x, q.x), min(r.y+r.h, q.y+q.h)-max(r.y, q.y); w > 0.01 && h > 0.01 {
				t.Errorf("boxes %d and %d overlap", i, j)
			}
		}
		area += r.w * r.h
	}
	if math.Abs(area-in.w*in.h) > 0.1 {
		t.Errorf("%f of %f are covered", area, in.w*in.h)
	}
}

// TestTreemap draws a box with parts, an empty one, and names that are no XML.
func TestTreemap(t *testing.T) {
	svg := Treemap("a & b", []Box{
		{Name: "<large>", Size: 3_000_000, Colour: "#123456", Parts: []Box{{Name: "github.com/acme/a-part/v5", Size: 2_000_000}}},
		{Name: "small", Size: 50_000, Colour: "#654321"},
		{Name: "nothing", Size: 0},
	})
	for _, want := range []string{"<title>a &amp; b</title>", "&lt;large&gt;  3.0 MB", "github.com/acme/a-part/v5  2.0 MB", "other: 1.0 MB", "small: 50.0 kB"} {
		if !strings.Contains(svg, want) {
			t.Errorf("there is no %q in\n%s", want, svg)
		}
	}
	if strings.Contains(svg, "nothing") || strings.Contains(svg, "NaN") {
		t.Errorf("what is empty is drawn:\n%s", svg)
	}
	for d := xml.NewDecoder(strings.NewReader(svg)); ; {
		if _, err := d.Token(); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

func TestShortened(t *testing.T) {
	for _, tt := range []struct {
		path string
		fits int
		want string
	}{
		{"github.com/quic-go/quic-go", 40, "github.com/quic-go/quic-go"},
		{"github.com/quic-go/quic-go", 20, "quic-go/quic-go"},
		{"github.com/acme/lib/v5", 6, "lib/v5"},
		{"github.com/acme/lib/v5", 3, "lib"},
		{"protobuf", 3, "protobuf"},
	} {
		if got := shortened(tt.path, tt.fits); got != tt.want {
			t.Errorf("%s in %d is %s, want %s", tt.path, tt.fits, got, tt.want)
		}
	}
}
