package workspace

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/gotool"
	"github.com/vxlite/vxlite/internal/plan"
)

// Inputs identifies all that goes into a binary, and what it was checked for.
func Inputs(workspace string, locals []string, t *gotool.Tool, c gotool.Compile, check config.Check) string {
	h := sha256.New()
	fmt.Fprintf(h, "workspace %s\nlocal %q\ngo %s %s\n", workspace, locals, t.ID, t.Version())
	args, _ := c.BuildArgs() // what cannot be built is not up to date either
	fmt.Fprintf(h, "args %q\nenv %q\n", args, t.Decisive(c))
	fmt.Fprintf(h, "compiled packages %q\n", cmp.Or(c.CacheProg, t.Var("GOCACHEPROG"))) // who hands them out decides what is linked
	fmt.Fprintf(h, "allowed %q %q\n", check.AllowDisabled, check.Allow)
	return hex.EncodeToString(h.Sum(nil))
}

// Fingerprints returns one for each local directory of the plan: its files'
// names, sizes and times.
func Fingerprints(p *plan.Plan) ([]string, error) {
	var out []string
	for _, m := range p.Modules {
		if !m.Local {
			continue
		}
		sum, err := fingerprint(m.Dir)
		if err != nil {
			return nil, err
		}
		out = append(out, sum)
	}
	return out, nil
}

func fingerprint(dir string) (string, error) {
	h := sha256.New()
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && d.Name() == ".git" {
			return filepath.SkipDir
		}
		fi, err := d.Info()
		if err != nil {
			return err
		}
		if !d.IsDir() {
			fmt.Fprintf(h, "%q %d %d %v\n", p, fi.Size(), fi.ModTime().UnixNano(), fi.Mode())
		}
		return nil
	})
	return hex.EncodeToString(h.Sum(nil)), err
}
