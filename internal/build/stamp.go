package build

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"time"

	"github.com/vxlite/vxlite/internal/store"
	"github.com/vxlite/vxlite/internal/workspace"
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
	// Modules are what went in. Records of older versions lack them.
	Modules []workspace.Row `json:"modules,omitempty"`
}

func (s stamp) key() string {
	sum := sha256.Sum256([]byte(s.file))
	return hex.EncodeToString(sum[:16])
}

// before returns what went into the binary when it was last built here, if that
// is known.
func (s stamp) before(st *store.Store) []workspace.Row {
	var rec stampRecord
	st.ReadJSON(&rec, "built", s.key())
	return rec.Modules
}

// fresh returns the binary if nothing has changed, itself included.
func (s stamp) fresh(st *store.Store) (Binary, bool) {
	var rec stampRecord
	if !st.ReadJSON(&rec, "built", s.key()) || rec.Inputs != s.inputs {
		return Binary{}, false
	}
	fi, err := os.Stat(s.file)
	if err != nil || fi.Size() != rec.Size || !fi.ModTime().Equal(rec.ModTime) {
		return Binary{}, false
	}
	return Binary{Path: s.file, Size: rec.Size, SHA256: rec.SHA256, UpToDate: true}, true
}

// record remembers a binary that was just put in place.
func (s stamp) record(st *store.Store, bin Binary, modules []workspace.Row) error {
	fi, err := os.Stat(s.file)
	if err != nil {
		return err
	}
	return st.WriteJSON(stampRecord{Inputs: s.inputs, Size: fi.Size(), ModTime: fi.ModTime(), SHA256: bin.SHA256, Modules: modules}, "built", s.key())
}
