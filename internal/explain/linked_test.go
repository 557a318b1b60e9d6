package explain

import (
	"slices"
	"testing"
)

// TestChain finds a shortest way through a module graph.
func TestChain(t *testing.T) {
	edges := [][2]string{{"app", "a@v1"}, {"app", "b@v1"}, {"a@v1", "c@v1"}, {"c@v1", "d@v2"}, {"b@v1", "d@v2"}, {"d@v2", "app"}}
	if got := chain(edges, "app", "d@v2"); !slices.Equal(got, []string{"app", "b@v1", "d@v2"}) {
		t.Errorf("%q", got)
	}
}
