package screen

import (
	"fmt"
	"strings"

	"github.com/vxlite/vxlite/internal/brief"
	"github.com/vxlite/vxlite/internal/mirror"
)

// MirrorCheckedText words what a check of a mirror has found: a line for each problem.
func MirrorCheckedText(r *mirror.CheckResult, color bool) string {
	var b strings.Builder
	for _, p := range r.Problems {
		fmt.Fprintf(&b, "%s: %s\n", oneLine(p.Place), oneLine(p.What))
	}
	fmt.Fprintf(&b, "%s and %s checked", Count(r.Repositories, "repository", "repositories"), Count(r.Files, "file", "files"))
	if len(r.Problems) == 0 {
		b.WriteString(", no problem found")
	}
	return b.String() + "\n"
}

// MirrorPrunedText words what was removed from a mirror.
func MirrorPrunedText(r *mirror.PruneResult) string {
	var b strings.Builder
	for _, kind := range []struct {
		what  string
		names []string
	}{{"config", r.Configs}, {"repository", r.Repositories}, {"module", r.Modules}} {
		for _, name := range kind.names {
			fmt.Fprintf(&b, "removed %s %s\n", kind.what, oneLine(name))
		}
	}
	if b.Len() == 0 {
		return "nothing to remove\n"
	}
	fmt.Fprintf(&b, "%s removed\n", brief.Bytes(r.Bytes))
	return b.String()
}
