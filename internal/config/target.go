package config

import (
	"fmt"
	"slices"
	"strings"
)

// Target is a platform to compile for, in Go's names.
type Target struct {
	OS, Arch string
	// Variant is the processor's, as OCI writes platforms: v6 of arm, v3 of amd64.
	// Empty is what Go compiles for by itself.
	Variant string
}

// String returns OS/ARCH or OS/ARCH/VARIANT.
func (t Target) String() string {
	s := t.OS + "/" + t.Arch
	if t.Variant != "" {
		s += "/" + t.Variant
	}
	return s
}

// family is what the processors of an architecture differ in, to Go.
type family struct {
	setting  string // its variable
	standard string // the variant that Go takes by itself
	variants []string
}

// families are those of Go 1.26, by GOARCH: see go.dev/doc/install/source#environment.
var families = map[string]family{
	"386":      {"GO386", "sse2", []string{"sse2", "softfloat"}},
	"amd64":    {"GOAMD64", "v1", []string{"v1", "v2", "v3", "v4"}},
	"arm":      {"GOARM", "v7", []string{"v5", "v6", "v7"}},
	"arm64":    {"GOARM64", "v8", []string{"v8", "v8.1", "v8.2", "v8.3", "v8.4", "v8.5", "v8.6", "v8.7", "v8.8", "v8.9", "v9", "v9.1", "v9.2", "v9.3", "v9.4", "v9.5"}},
	"mips":     {"GOMIPS", "hardfloat", []string{"hardfloat", "softfloat"}},
	"mipsle":   {"GOMIPS", "hardfloat", []string{"hardfloat", "softfloat"}},
	"mips64":   {"GOMIPS64", "hardfloat", []string{"hardfloat", "softfloat"}},
	"mips64le": {"GOMIPS64", "hardfloat", []string{"hardfloat", "softfloat"}},
	"ppc64":    {"GOPPC64", "power8", []string{"power8", "power9", "power10"}},
	"ppc64le":  {"GOPPC64", "power8", []string{"power8", "power9", "power10"}},
	"riscv64":  {"GORISCV64", "rva20u64", []string{"rva20u64", "rva22u64", "rva23u64"}},
}

// ParseTarget reads OS/ARCH or OS/ARCH/VARIANT, in any case.
func ParseTarget(s string) (Target, error) {
	goos, rest, ok := strings.Cut(strings.ToLower(s), "/")
	goarch, variant, varied := strings.Cut(rest, "/")
	if !ok || !IsGoName(goos) || !IsGoName(goarch) || varied && variant == "" {
		return Target{}, fmt.Errorf("%q is not OS/ARCH or OS/ARCH/VARIANT, such as linux/amd64 or linux/arm/v6", s)
	}
	t := Target{OS: goos, Arch: goarch, Variant: variant}
	if have := Variants(goarch); varied && len(have) == 0 {
		return Target{}, fmt.Errorf("%q has a variant, but Go has none for %s", s, goarch)
	} else if varied && !slices.Contains(have, variant) {
		return Target{}, fmt.Errorf("%q has a variant that Go does not have: for %s there are %s", s, goarch, strings.Join(have, ", "))
	}
	return t, nil
}

// Variants are those of an architecture, the least demanding first.
func Variants(goarch string) []string { return families[goarch].variants }

// VariantSetting is the variable that picks an architecture's variant, such as
// GOARM; empty where there are none.
func VariantSetting(goarch string) string { return families[goarch].setting }

// Setting is the variable that has the go command compile for the variant, such
// as GOARM=6; empty where there is none to ask for.
func (t Target) Setting() string {
	f := families[t.Arch]
	switch {
	case t.Variant == "" || f.setting == "":
		return ""
	case t.Arch == "arm":
		return f.setting + "=" + strings.TrimPrefix(t.Variant, "v")
	case t.Arch == "arm64" && !strings.Contains(t.Variant, "."):
		return f.setting + "=" + t.Variant + ".0"
	}
	return f.setting + "=" + t.Variant
}

// TargetOf is the platform that Go's variables say. The variant that Go takes by
// itself is not named. An error names the variable that no target can say.
func TargetOf(goos, goarch string, setting func(name string) string) (Target, error) {
	t := Target{OS: goos, Arch: goarch}
	f := families[goarch]
	value := setting(f.setting)
	if f.setting == "" || value == "" {
		return t, nil
	}
	for _, v := range f.variants {
		u := Target{OS: goos, Arch: goarch, Variant: v}
		if u.Setting() != f.setting+"="+value {
			continue
		}
		if v == f.standard {
			return t, nil
		}
		return u, nil
	}
	return t, fmt.Errorf("%s is %q, which is not a variant: for %s there are %s", f.setting, value, goarch, strings.Join(f.variants, ", "))
}

// IsGoName reports whether s may be a GOOS or GOARCH. Which there are is for
// the go command to say.
func IsGoName(s string) bool {
	for _, r := range s {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') {
			return false
		}
	}
	return s != ""
}
