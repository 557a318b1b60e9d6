package endure

import (
	"slices"
	"strings"

	"github.com/vxlite/vxlite/internal/config"
)

// Set is what is known of the plugins of one server, in the order in which they
// are registered. It holds plain values: what the sources say is read before
// anything is decided, and nothing that is decided looks at a source again.
type Set struct {
	Plugins []Plugin `json:"plugins"`
	// Endure is the version of the Endure that is linked.
	Endure string `json:"endure"`
	// Mixed are modules of which several majors are linked, sorted by name.
	Mixed []Mixed `json:"mixed,omitempty"`
}

// Plugin is one registered value, a pointer to a struct.
type Plugin struct {
	// Name is the plugin's in the velox.toml, for RoadRunner's own its module's.
	Name    string          `json:"name"`
	Version string          `json:"version"`
	Module  string          `json:"module"`
	Import  string          `json:"import"`
	Symbol  string          `json:"symbol"`
	Pos     config.Position `json:"pos"` // in the velox.toml
	// Type is what Endure's log calls it, such as *http.Plugin.
	Type string `json:"type,omitempty"`
	// Title is what its method Name returns, empty where there is none.
	Title string `json:"title,omitempty"`
	// Weight is what its method Weight returns, 1 where there is none.
	Weight   uint   `json:"weight"`
	Init     []Want `json:"init,omitempty"`
	Collects []Want `json:"collects,omitempty"`
	// Provides are the interfaces of its dep.Bind.
	Provides []Bound `json:"provides,omitempty"`
	// Broken are breaches of the contract.
	Broken []Breach `json:"broken,omitempty"`
	// Unknown are the things that cannot be read from the source.
	Unknown []Unknown `json:"unknown,omitempty"`
}

// Want is an interface that a plugin asks for, as a parameter of Init or by
// dep.Fits.
type Want struct {
	// Param is the parameter's name, or its number where it has none, from 1.
	Param string `json:"param,omitempty"`
	// Interface is the interface as it stands in the plugin's package.
	Interface string `json:"interface"`
	// Methods are its methods with their signatures, sorted.
	Methods []string `json:"methods,omitempty"`
	Pos     string   `json:"pos"` // FILE:LINE below the module's root
	// Offers are all registered values that implement it, by type alone, in the
	// order in which the plugins are registered.
	Offers []Offer `json:"offers,omitempty"`
	// Near is what comes closest, where there are no offers.
	Near *Near `json:"near,omitempty"`
}

// Offer is one way to get a value of an interface.
type Offer struct {
	// Plugin is an index into Set.Plugins.
	Plugin int `json:"plugin"`
	// Method makes the value; empty where the plugin itself is it.
	Method string `json:"method,omitempty"`
}

// Bound is a value that a plugin provides.
type Bound struct {
	Interface string `json:"interface"`
	Method    string `json:"method"`
	Pos       string `json:"pos"`
}

// Near is a plugin that has some of an interface's methods.
type Near struct {
	Plugin int `json:"plugin"`
	// Provided is the interface of the value that the plugin provides; empty
	// where the plugin itself comes closest.
	Provided string `json:"provided,omitempty"`
	// Differs are the methods that keep it from fitting, sorted by name.
	Differs []Method `json:"differs"`
}

// Method is a method that is not as it is wanted.
type Method struct {
	// Want is the name and signature that the interface has.
	Want string `json:"want"`
	// Have is the candidate's, empty where it has no such method.
	Have string `json:"have,omitempty"`
}

// Breach is a method that Endure, or the compiler, cannot use.
type Breach struct {
	Pos    string `json:"pos"`
	Text   string `json:"text"`
	Advice string `json:"advice"`
	// Fatal says that the server does not start with it.
	Fatal bool `json:"fatal,omitempty"`
}

// Unknown is something that the source does not tell without being run.
type Unknown struct {
	// What is a method: Provides, Collects, Weight, Name; or "types" where the
	// package could not be read at all.
	What string `json:"what"`
	Pos  string `json:"pos,omitempty"`
	Text string `json:"text"`
}

// Mixed is a module, or a family of modules, linked at several majors.
type Mixed struct {
	Name  string `json:"name"`
	Sides []Side `json:"sides"` // by major, lower first
}

// Side is one of the majors, and who is for it.
type Side struct {
	Major string `json:"major"` // v4
	// Plugins are names, sorted.
	Plugins []string `json:"plugins"`
}

// Unknowns words what the source does not tell, with all places of the same.
func (p *Plugin) Unknowns() []string {
	var texts []string
	places := map[string][]string{}
	for _, u := range p.Unknown {
		text := u.Text
		if u.What != "types" {
			text = u.What + " " + text
		}
		if !slices.Contains(texts, text) {
			texts = append(texts, text)
		}
		if u.Pos != "" {
			places[text] = append(places[text], u.Pos)
		}
	}
	for i, text := range texts {
		if at := places[text]; len(at) > 0 {
			texts[i] = strings.Join(at, ", ") + ": " + text
		}
	}
	return texts
}

// Knows reports whether a plugin has nothing unknown of a kind.
func (p *Plugin) Knows(what string) bool {
	for _, u := range p.Unknown {
		if u.What == what || u.What == "types" {
			return false
		}
	}
	return true
}
