package workspace

import (
	"fmt"
	"strings"
	"testing"
)

// TestManyMissing has more missing than anybody reads.
func TestManyMissing(t *testing.T) {
	e := &MissingError{Config: "velox.toml"}
	for i := range 3000 {
		e.Modules = append(e.Modules, fmt.Sprintf("corp.example/m%04d v1.0.0", i))
	}
	lines := strings.Split(e.Error(), "\n")
	if last := lines[len(lines)-1]; len(lines) != 12 || last != "  not in the module cache: and 2,990 more" {
		t.Errorf("%d lines, the last %q", len(lines), last)
	}
}
