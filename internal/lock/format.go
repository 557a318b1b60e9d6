package lock

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// formatVersion changes when an older vxlite would misread a lock. One without
// patches has the first version still.
const (
	formatVersion = 2
	beforePatches = 1
)

const header = `# Written by vxlite: the commit and the checksum of all that the config asks for.
# Keep it beside the config, under version control; vxlite update moves it.
`

// Format returns the file's bytes. The same contents give the same bytes.
func (f *File) Format() []byte {
	sorted := &File{Go: f.Go, Modules: slices.Clone(f.Modules), Sums: slices.Concat(f.Sums, f.Toolchains)}
	sorted.Sort()
	var b bytes.Buffer
	b.WriteString(header)
	version := beforePatches
	if slices.ContainsFunc(sorted.Modules, func(m Module) bool { return len(m.Patches) > 0 }) {
		version = formatVersion
	}
	fmt.Fprintf(&b, "version = %d\n", version)
	write(&b, "go", sorted.Go)
	for _, m := range sorted.Modules {
		b.WriteString("\n[[module]]\n")
		for _, k := range m.keys() {
			write(&b, k.name, *k.value)
		}
		writePatches(&b, m.Patches)
	}
	if len(sorted.Sums) > 0 {
		b.WriteString("\n# Modules of the module proxy, as go.sum has them.\n[sums]\n")
	}
	for _, s := range sorted.Sums {
		var parts []string
		if s.H1 != "" {
			parts = append(parts, "zip = "+quote(s.H1))
		}
		if s.GoMod != "" {
			parts = append(parts, "mod = "+quote(s.GoMod))
		}
		fmt.Fprintf(&b, "%s = { %s }\n", quote(s.Path+"@"+s.Version), strings.Join(parts, ", "))
	}
	return b.Bytes()
}

// key is a key of a module's table, and where its value is.
type key struct {
	name     string
	value    *string
	optional bool
}

// keys are those of a module's table, in the file's order.
func (m *Module) keys() []key {
	return []key{
		{"path", &m.Path, false},
		{"version", &m.Version, false},
		{"url", &m.URL, false},
		{"ref", &m.Ref, false},
		{"commit", &m.Commit, false},
		{"folder", &m.Folder, true},
		{"replaced_by", &m.ReplacedBy, true},
		{"instead_of", &m.InsteadOf, true},
		{"h1", &m.H1, false},
	}
}

// write writes a key, unless it has no value.
func write(b *bytes.Buffer, key, value string) {
	if value != "" {
		fmt.Fprintf(b, "%s = %s\n", key, quote(value))
	}
}

// writePatches writes patches, a line each.
func writePatches(b *bytes.Buffer, patches []Patch) {
	if len(patches) == 0 {
		return
	}
	b.WriteString("patches = [\n")
	for _, p := range patches {
		fmt.Fprintf(b, "\t{ file = %s, sha256 = %s },\n", quote(p.File), quote(p.SHA256))
	}
	b.WriteString("]\n")
}

// quote writes a TOML string. Go's own quoting has escapes that TOML lacks.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < ' ' || r == 0x7f:
			fmt.Fprintf(&b, `\u%04X`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
