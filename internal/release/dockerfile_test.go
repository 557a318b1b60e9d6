package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/semver"
)

// TestDockerIgnore wants the container to get every file that git has: one that
// is missing there makes a version with "+dirty".
func TestDockerIgnore(t *testing.T) {
	ignored := lines(t, ".gitignore")
	for _, l := range lines(t, ".dockerignore") {
		if !slices.Contains(ignored, l) {
			t.Errorf("%s is kept from the container, and not from git", l)
		}
	}
}

// TestDockerfileGo wants a Go that go.mod takes.
func TestDockerfileGo(t *testing.T) {
	mod, err := modfile.ParseLax("go.mod", []byte(strings.Join(lines(t, "go.mod"), "\n")), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range lines(t, "Dockerfile") {
		if version, ok := strings.CutPrefix(l, "ARG GO="); ok {
			if semver.Compare(semver.MajorMinor("v"+mod.Go.Version), "v"+version) > 0 {
				t.Errorf("Go %s, and go.mod needs %s", version, mod.Go.Version)
			}
			return
		}
	}
	t.Error("it has no ARG GO")
}

func lines(t *testing.T, name string) []string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", name))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(data)), "\n")
}
