package screen

import (
	"fmt"
	"strings"

	"github.com/vxlite/vxlite/internal/amend"
	"github.com/vxlite/vxlite/internal/endure"
)

// AmendedText words what became of a config: what was added, and for whom; who
// needed what is gone; then the files. next is what to do now.
func AmendedText(r *amend.Result, next string, color bool) string {
	var b strings.Builder
	for _, p := range r.Added {
		what := p.Version + " from " + p.From
		if p.Version == "" {
			what = "from " + p.From
		}
		if p.NeededBy != "" {
			fmt.Fprintf(&b, "%s needs %s: added too, %s\n", oneLine(p.NeededBy), oneLine(p.Name), oneLine(what))
		} else {
			fmt.Fprintf(&b, "added %s %s\n", oneLine(p.Name), oneLine(what))
		}
	}
	for _, name := range r.Removed {
		fmt.Fprintf(&b, "removed %s\n", oneLine(name))
	}
	for _, l := range r.Lacking {
		fmt.Fprintf(&b, "%s needed %s: it would be disabled", oneLine(l.Name), oneLine(l.Needs))
		if len(l.Behind) > 0 {
			fmt.Fprintf(&b, ", and with it %s", oneLine(endure.List(l.Behind)))
		}
		b.WriteString("\n")
	}
	if r.Diff != "" {
		return fmt.Sprintf("%s\n%s\n%s  (not written: a dry run)\n", b.String(), printable(r.Diff), oneLine(r.Config))
	}
	if r.Lock != nil {
		lock := *r.Lock
		lock.Changes = nil
		b.WriteString(LockText(&lock, color))
	}
	switch {
	case r.Incomplete:
		fmt.Fprintf(&b, "%s  (written; a build fails until all plugins have what they need)\n", oneLine(r.Config))
	default:
		fmt.Fprintf(&b, "%s  (written; %s)\n", oneLine(r.Config), next)
	}
	return b.String()
}
