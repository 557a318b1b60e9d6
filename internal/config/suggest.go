package config

import "strings"

// Suggest returns the known name that was most likely meant by an unknown one,
// or "". Case makes no difference.
func Suggest(unknown string, known []string) string {
	unknown = strings.ToLower(unknown)
	best, bestDistance := "", 1+max(1, len(unknown)/3)
	for _, k := range known {
		if d := distance(unknown, strings.ToLower(k)); d < bestDistance {
			best, bestDistance = k, d
		}
	}
	if best != "" || len(unknown) < 3 {
		return best
	}
	for _, k := range known {
		if strings.HasPrefix(strings.ToLower(k), unknown) { // module, for module_name
			return k
		}
	}
	return ""
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
