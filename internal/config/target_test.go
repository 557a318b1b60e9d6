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

func TestParseTarget(t *testing.T) {
	for in, want := range map[string]Target{
		"linux/amd64":    {"linux", "amd64", ""},
		"Windows/ARM64":  {"windows", "arm64", ""},
		"js/wasm":        {"js", "wasm", ""},
		"linux/arm/v6":   {"linux", "arm", "v6"},
		"linux/AMD64/V3": {"linux", "amd64", "v3"},
	} {
		if got, err := ParseTarget(in); err != nil || got != want {
			t.Errorf("ParseTarget(%q) = %v, %v, want %v", in, got, err, want)
		}
	}
	for _, in := range []string{"", "linux", "linux/", "/amd64", "linux/amd64/", "linux/amd64/v5", "linux/amd64/v3/x", "linux/s390x/v1", "linux/arm/6", "linux/amd 64", "linux/../x", "-o/x"} {
		if got, err := ParseTarget(in); err == nil {
			t.Errorf("ParseTarget(%q) = %v, want an error", in, got)
		}
	}
	for want, in := range map[string]Target{"linux/amd64": {"linux", "amd64", ""}, "linux/arm/v6": {"linux", "arm", "v6"}} {
		if got := in.String(); got != want {
			t.Errorf("String is %q, want %q", got, want)
		}
	}
}
