package parse

import (
	"time"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/config/tree"
)

// decodeAudit reads [audit].
func (d *draft) decodeAudit(t *tree.Node) {
	for _, n := range t.Tables("ignore") {
		ig := config.Ignored{ID: n.Str("id"), Reason: n.Str("reason"), Pos: n.Key}
		if n.Blank("id") {
			d.Errorf(n.Key, "audit.ignore has an entry without id")
		}
		if until := n.Get("until"); until != nil && !until.Broken && until.Text != "" {
			var err error
			if ig.Until, err = time.Parse(time.DateOnly, until.Text); err != nil {
				d.Errorf(until.Pos, "audit.ignore.until is %q, want a day like 2027-01-31", until.Text)
			}
		}
		d.Audit.Ignore = append(d.Audit.Ignore, ig)
	}
	if l := t.Table("licences"); l != nil {
		d.Audit.Licences = l.Texts("allow")
	}
}
