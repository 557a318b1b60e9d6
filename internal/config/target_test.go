package config

import (
	"os/exec"
	"strings"
	"testing"
)

// TestVariants has the go command take the setting of each variant, and reads
// each back.
func TestVariants(t *testing.T) {
	for arch, f := range families {
		const system = "linux"
		list := func(setting string) (string, error) {
			cmd := exec.Command("go", "list", "-f", "{{.ImportPath}}", "unsafe")
			cmd.Env = append(cmd.Environ(), "GOOS="+system, "GOARCH="+arch, "GOFLAGS=", "GOENV=off", setting)
			out, err := cmd.CombinedOutput()
			return string(out), err
		}
		if testing.Short() {
			t.Skip("starts the go command for each")
		}
		for _, v := range f.variants {
			target := Target{OS: system, Arch: arch, Variant: v}
			if out, err := list(target.Setting()); err != nil {
				t.Errorf("%v: %s is refused: %s", target, target.Setting(), out)
			}
			name, value, _ := strings.Cut(target.Setting(), "=")
			want := target
			if v == f.standard {
				want.Variant = ""
			}
			got, err := TargetOf(system, arch, func(n string) string {
				if n != name {
					t.Errorf("asks for %s, not %s", n, name)
				}
				return value
			})
			if err != nil || got != want {
				t.Errorf("%s is read as %v (%v), want %v", target.Setting(), got, err, want)
			}
			if parsed, err := ParseTarget(target.String()); err != nil || parsed != target {
				t.Errorf("%s is read as %v (%v)", target, parsed, err)
			}
		}
	}
}
