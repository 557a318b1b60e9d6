package main

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// TestModules has the demo run where there are only vxlite's own modules, as in
// a clone without a network in which vxlite was built.
func TestModules(t *testing.T) {
	own := modules(t, "../../cmd/vxlite")
	for _, m := range modules(t, ".") {
		if !slices.Contains(own, m) {
			t.Errorf("the demo needs %s, which vxlite does not", m)
		}
	}
}

// modules are the paths of those that a program is made of.
func modules(t *testing.T, program string) []string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", "{{with .Module}}{{.Path}}{{end}}", program).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(out))
}
