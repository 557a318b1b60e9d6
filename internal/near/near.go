// Package near finds the names that were probably meant by one that is not
// there: did you mean main? Begin at [Names]; [Hint] words what it finds.
package near

import (
	"slices"
	"sort"
	"strings"

	"github.com/xrash/smetrics"
	"golang.org/x/mod/module"
)

// Hint asks for one or several names: did you mean a, b or c?
func Hint(names ...string) string {
	last := len(names) - 1
	if last > 0 {
		names = []string{strings.Join(names[:last], ", ") + " or " + names[last]}
	}
	return "did you mean " + names[0] + "?"
}

// Name returns the known name that was most likely meant, or "".
func Name(name string, known []string) string {
	if all := Names(name, known); len(all) > 0 {
		return all[0]
	}
	return ""
}

// Names returns the known names that are equally likely, in their order: those
// with the fewest slips of the finger between, one in three letters at most,
// else those that begin so. Case makes no difference.
func Names(name string, known []string) []string {
	best := Within(max(1, len(name)/3), name, known)
	if len(best) > 0 || len(name) < 3 {
		return best
	}
	for _, k := range known {
		if strings.HasPrefix(strings.ToLower(k), strings.ToLower(name)) { // module, for module_name
			best = append(best, k)
		}
	}
	return best
}

// Within returns the known names with the fewest slips of the finger between,
// which are no more than most, in their order. Case makes no difference.
func Within(most int, name string, known []string) []string {
	name = strings.ToLower(name)
	var best []string
	for _, k := range known {
		lower := strings.ToLower(k)
		if max(len(lower)-len(name), len(name)-len(lower)) > most {
			continue
		}
		switch d := slips(name, lower); {
		case d < most:
			best, most = []string{k}, d
		case d == most:
			best = append(best, k)
		}
	}
	return best
}

// slips counts the bytes to insert, delete or change to make a into b. Two
// neighbours that are swapped, once in a name, are one slip.
func slips(a, b string) int {
	d := smetrics.WagnerFischer(a, b, 1, 1, 1)
	for i := 0; i+1 < len(a) && d > 1; i++ {
		swapped := a[:i] + a[i+1:i+2] + a[i:i+1] + a[i+2:]
		d = min(d, 1+smetrics.WagnerFischer(swapped, b, 1, 1, 1))
	}
	return d
}

// Paths is Names for module paths, and for names among them, sorted: the paths
// that have the name for their last element come first, and leave nothing else.
func Paths(name string, known []string) []string {
	var out []string
	for _, k := range known {
		prefix, _, _ := module.SplitPathVersion(k)
		if strings.Contains(k, "/") && strings.HasSuffix(strings.ToLower(prefix), "/"+strings.ToLower(name)) {
			out = append(out, k)
		}
	}
	if len(out) > 0 {
		sort.Strings(out)
		return out
	}
	out = slices.Clone(Names(name, known))
	sort.Strings(out)
	const most = 4 // more than that is nothing that was meant
	return slices.Compact(out)[:min(most, len(out))]
}
