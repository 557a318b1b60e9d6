package build

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/event"
	"github.com/vxlite/vxlite/internal/gotool"
	"github.com/vxlite/vxlite/internal/resolve"
	"github.com/vxlite/vxlite/internal/store"
)

// stamp tells whether a binary is what building it again would give, without
// starting the go command.
type stamp struct {
	file   string // absolute
	inputs string
}

// stampRecord is what a stamp keeps in the store.
type stampRecord struct {
	Inputs  string    `json:"inputs"`
	Size    int64     `json:"size"`
	ModTime time.Time `json:"mtime"`
	SHA256  string    `json:"sha256"`
}

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

func (s stamp) key() string {
	sum := sha256.Sum256([]byte(s.file))
	return hex.EncodeToString(sum[:16])
}

// fresh returns the binary if nothing has changed, itself included.
func (s stamp) fresh(st *store.Store) (event.Binary, bool) {
	var rec stampRecord
	if !st.ReadJSON(&rec, "built", s.key()) || rec.Inputs != s.inputs {
		return event.Binary{}, false
	}
	fi, err := os.Stat(s.file)
	if err != nil || fi.Size() != rec.Size || !fi.ModTime().Equal(rec.ModTime) {
		return event.Binary{}, false
	}
	return event.Binary{Path: s.file, Size: rec.Size, SHA256: rec.SHA256, UpToDate: true}, true
}

// record remembers a binary that was just put in place.
func (s stamp) record(st *store.Store, bin event.Binary) error {
	fi, err := os.Stat(s.file)
	if err != nil {
		return err
	}
	return st.WriteJSON(stampRecord{Inputs: s.inputs, Size: fi.Size(), ModTime: fi.ModTime(), SHA256: bin.SHA256}, "built", s.key())
}

// Fingerprints returns one for each local directory of the plan: its files'
// names, sizes and times.
func Fingerprints(p *resolve.Plan) ([]string, error) {
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
