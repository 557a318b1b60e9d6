package config

import "strings"

// Suggest returns the known name that was most likely meant by an unknown one,
// or "". Case makes no difference.
func Suggest(unknown string, known []string) string {
	if all := suggestAll(unknown, known); len(all) > 0 {
		return all[0]
	}
	return ""
}

// suggestAll returns the names that are equally likely, in their order.
func suggestAll(unknown string, known []string) []string {
	unknown = strings.ToLower(unknown)
	var best []string
	bestDistance := max(1, len(unknown)/3)
	for _, k := range known {
		switch d := distance(unknown, strings.ToLower(k)); {
		case d < bestDistance:
			best, bestDistance = []string{k}, d
		case d == bestDistance:
			best = append(best, k)
		}
	}
	if len(best) > 0 || len(unknown) < 3 {
		return best
	}
	for _, k := range known {
		if strings.HasPrefix(strings.ToLower(k), unknown) { // module, for module_name
			best = append(best, k)
		}
	}
	return best
}

// DidYouMean asks for one or several names: did you mean a, b or c?
func DidYouMean(names ...string) string {
	last := len(names) - 1
	if last > 0 {
		names = []string{strings.Join(names[:last], ", ") + " or " + names[last]}
	}
	return "did you mean " + names[0] + "?"
}

// distance counts the bytes to insert, delete, change or swap with their
// neighbour to make a into b.
func distance(a, b string) int {
	// The last three rows of the table of distances between beginnings of a
	// and of b; the one before last serves for swaps.
	var before []int
	above := make([]int, len(b)+1)
	for j := range above {
		above[j] = j
	}
	for i := range len(a) {
		row := make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			change := above[j]
			if a[i] != b[j] {
				change++
			}
			row[j+1] = min(change, above[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, above = above, row
	}
	return above[len(b)]
}
