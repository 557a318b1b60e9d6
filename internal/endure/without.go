package endure

import "slices"

// Without returns the set as it would be without the plugins of those names, whose
// sources say the same of the others.
func (s *Set) Without(names []string) *Set {
	index := make([]int, len(s.Plugins)) // in what is left; -1 for what is not
	out := *s
	out.Plugins = nil
	for i, p := range s.Plugins {
		index[i] = -1
		if !slices.Contains(names, p.Name) {
			index[i] = len(out.Plugins)
			out.Plugins = append(out.Plugins, p)
		}
	}
	kept := func(wants []Want) []Want {
		wants = slices.Clone(wants)
		for i := range wants {
			w := &wants[i]
			var offers []Offer
			for _, o := range w.Offers {
				if o.Plugin = index[o.Plugin]; o.Plugin >= 0 {
					offers = append(offers, o)
				}
			}
			w.Offers = offers
			if w.Near != nil && index[w.Near.Plugin] < 0 {
				w.Near = nil
			} else if w.Near != nil {
				near := *w.Near
				near.Plugin = index[near.Plugin]
				w.Near = &near
			}
		}
		return wants
	}
	for i := range out.Plugins {
		p := &out.Plugins[i]
		p.Init, p.Collects = kept(p.Init), kept(p.Collects)
	}
	return &out
}
