package build

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/workspace"
)

// TestOutputs has where the binaries of one target and of several go.
func TestOutputs(t *testing.T) {
	dir := t.TempDir()
	linux, windows := config.Target{OS: "linux", Arch: "amd64"}, config.Target{OS: "windows", Arch: "arm64"}
	for _, tt := range []struct {
		targets []config.Target
		place   string
		want    string
	}{
		{[]config.Target{linux}, "new", "new/rr"},
		{[]config.Target{linux}, "rr", "rr"},
		{[]config.Target{linux}, "bin/rr", "bin/rr"},
		{[]config.Target{linux}, "rr/", "rr/rr"},
		{[]config.Target{windows}, "bin", "bin/rr.exe"},
		{[]config.Target{linux, windows, linux}, "dist", "dist/rr-linux-amd64 dist/rr-windows-arm64.exe"},
	} {
		p := workspace.Project{Config: &config.Config{Build: config.Build{Name: "rr", Targets: tt.targets}}}
		place := filepath.Join(dir, tt.place)
		if strings.HasSuffix(tt.place, "/") {
			place += "/"
		}
		targets, err := outputs(p, place)
		if err != nil {
			t.Errorf("%s: %v", tt.place, err)
			continue
		}
		var got []string
		for _, o := range targets {
			rel, _ := filepath.Rel(dir, o.file)
			got = append(got, filepath.ToSlash(rel))
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%s: %q, want %s", tt.place, got, tt.want)
		}
	}
	p := workspace.Project{Config: &config.Config{Build: config.Build{Name: "rr", Targets: []config.Target{linux, windows}}}}
	if _, err := outputs(p, filepath.Join(dir, "rr")); err == nil || !strings.HasSuffix(err.Error(), "is a file, and there are 2 targets") {
		t.Errorf("two targets into one file: %v", err)
	}
}
