package pick

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vxlite/vxlite/internal/near"
	"github.com/vxlite/vxlite/internal/rrcheck"
	"github.com/vxlite/vxlite/internal/rrkeys"
	"github.com/vxlite/vxlite/internal/rryaml"
)

// use is a plugin with the places of a .rr.yaml that ask for it.
type use struct {
	name   string
	places []string
}

// used finds the plugins that .rr.yaml files use, and the places that none is for.
func used(files []*rryaml.File, keys *rrkeys.Keys) (uses []use, unknown []string) {
	add := func(p *rrkeys.Plugin, what, file string, line int) {
		i := slices.IndexFunc(uses, func(u use) bool { return u.name == p.Name })
		if i < 0 {
			i = len(uses)
			uses = append(uses, use{name: p.Name})
		}
		if place := what + ", " + rryaml.At(file, line); !slices.Contains(uses[i].places, place) {
			uses[i].places = append(uses[i].places, place)
		}
	}
	for _, f := range files {
		for _, s := range f.Root.Keys {
			readers := sectionOf(s.Name, keys)
			for _, p := range readers {
				add(p, s.Name, s.File, s.Line)
			}
			if len(readers) == 0 && !read(s.Name, f, keys) && !forAliases(&s, keys) {
				unknown = append(unknown, rryaml.At(s.File, s.Line)+": "+unread(s.Name, keys))
			}
		}
		for _, n := range rrcheck.Namings(f.Root) {
			at := rryaml.At(n.Value.File, n.Value.Line)
			if n.Value.Unknown() {
				unknown = append(unknown, fmt.Sprintf("%s: %s depends on a variable that is not set, so no plugin is added for it", at, n.Key))
			}
			for _, name := range n.Names {
				i := slices.IndexFunc(keys.Plugins, func(p rrkeys.Plugin) bool { return p.Title == name && n.Fits(&p) })
				if i >= 0 {
					add(&keys.Plugins[i], n.Key, n.Value.File, n.Value.Line)
					continue
				}
				unknown = append(unknown, fmt.Sprintf("%s: %s: no plugin of the release provides %s%s", at, n.Key, name, meant(name, keys, n.Fits)))
			}
		}
	}
	return uses, unknown
}

// sectionOf are the plugins of a section: the one of that title, or else all that
// read the whole of it.
func sectionOf(name string, keys *rrkeys.Keys) []*rrkeys.Plugin {
	var titled, reading []*rrkeys.Plugin
	for i := range keys.Plugins {
		p := &keys.Plugins[i]
		if strings.EqualFold(p.Title, name) {
			titled = append(titled, p)
		} else if len(p.Roles) == 0 && slices.ContainsFunc(p.Reads, func(r rrkeys.Read) bool { return r.Key == name }) {
			reading = append(reading, p)
		}
	}
	if len(titled) > 0 {
		return titled
	}
	return reading
}

// read reports whether RoadRunner itself reads a section, or a driver does that is
// asked for elsewhere.
func read(name string, f *rryaml.File, keys *rrkeys.Keys) bool {
	if slices.Contains(keys.Sections(), name) || slices.Contains(rrcheck.OwnKeys, name) {
		return true
	}
	return f.Root.Get("kv").Get(name) != nil // what a storage has in common with others
}

// forAliases reports whether a section is there for aliases only. A slip of a
// plugin's title is none.
func forAliases(s *rryaml.Key, keys *rrkeys.Keys) bool {
	return rrcheck.Custom(s.Name) || s.Value.Anchors() && meant(s.Name, keys, func(*rrkeys.Plugin) bool { return true }) == ""
}

// unread says that a section is nobody's.
func unread(name string, keys *rrkeys.Keys) string {
	if since := rrcheck.Gone(name); since != "" {
		return fmt.Sprintf("no plugin reads the section %s: RoadRunner has no such plugin since %s", name, since)
	}
	return fmt.Sprintf("no plugin of the release reads the section %s%s", name, meant(name, keys, func(*rrkeys.Plugin) bool { return true }))
}

// meant asks for the title of a plugin that is spelled a little otherwise.
func meant(name string, keys *rrkeys.Keys, fits func(*rrkeys.Plugin) bool) string {
	var titles []string
	for i := range keys.Plugins {
		if p := &keys.Plugins[i]; fits(p) && p.Title != "" {
			titles = append(titles, strings.ToLower(p.Title))
		}
	}
	if title := near.Name(name, titles); title != "" {
		return ", " + near.Hint(title)
	}
	return ""
}
