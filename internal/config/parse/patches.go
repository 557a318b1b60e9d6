package parse

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/config/tree"
	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/limit"
)

// patches reads the files of a module's patches: those of each element in its
// order, and those that a pattern matches in the order of their names.
func (d *draft) patches(t *tree.Node, what string) (out []config.Patch) {
	list := t.Get("patches")
	for _, key := range []string{"path", "replace"} {
		if list != nil && !t.Blank(key) {
			hint := "edit the files in the directory that " + key + " names"
			if n := t.Get(key); key == "replace" && !config.IsDir(n.Text) {
				hint = "set url and ref to where the files come from, in place of replace"
			}
			d.Errorf(list.Key, "%s: patches and %s cannot both be set", what, key).Hint = hint
			return nil
		}
	}
	for _, n := range list.Strings() {
		files, err := d.patchFiles(n)
		if err != nil {
			p := d.Errorf(n.Pos, "%s: patches: %s: %s", what, n.Text, disk.Reason(err))
			if h, ok := errors.AsType[*limit.Error](err); ok {
				p.Hint = h.Hints()[0]
			}
		}
		for _, f := range files {
			if slices.ContainsFunc(out, func(p config.Patch) bool { return p.Name == f.Name }) {
				d.Errorf(n.Pos, "%s: patches: %s is listed twice", what, f.Name)
				continue
			}
			out = append(out, f)
		}
	}
	return out
}

var errNoPatch = errors.New("there is no such file")

// patchFiles reads the files that an element of patches stands for.
func (d *draft) patchFiles(n *tree.Node) (out []config.Patch, err error) {
	if n.Text == "" {
		return nil, errNoPatch
	}
	files := []string{d.abs(n, n.Text)}
	if strings.ContainsAny(n.Text, "*?[") && !disk.Exists(files[0]) {
		if files, err = filepath.Glob(d.glob(n)); err != nil {
			return nil, errors.New("is not a pattern as Go's path.Match has it")
		}
		if len(files) == 0 {
			return nil, errors.New("matches no file")
		}
	}
	own := filepath.IsAbs(filepath.FromSlash(n.Text)) || strings.HasPrefix(n.Text, "~/")
	most := d.Limits.OrDefault().Patch
	for _, file := range files { // sorted
		name, err := filepath.Rel(d.dir, file)
		if err != nil || own { // a directory of this machine is nobody else's business
			name = filepath.Base(file)
		}
		name = filepath.ToSlash(name)
		data, err := readPatch(file, most)
		if err != nil && file != d.abs(n, n.Text) { // one of those that match: which?
			if e, ok := errors.AsType[*fs.PathError](err); ok {
				err = e.Err // without the whole path
			}
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(data)
		out = append(out, config.Patch{Name: name, Pattern: n.Text, Data: data, SHA256: hex.EncodeToString(sum[:]), Pos: n.Pos})
	}
	return out, nil
}

func readPatch(file string, most int64) ([]byte, error) {
	if fi, err := os.Stat(file); err == nil && fi.Mode().IsRegular() && fi.Size() > most {
		return nil, limit.Bytes("has more than", "patch", most)
	}
	data, err := disk.ReadRegular(file, most)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errNoPatch
	}
	return data, err
}

// glob is a pattern as filepath.Glob takes it: below the config's directory, whose
// own name is none.
func (d *draft) glob(n *tree.Node) string {
	pattern := filepath.FromSlash(n.Text)
	if abs := d.abs(n, n.Text); filepath.IsAbs(pattern) || strings.HasPrefix(n.Text, "~/") {
		return abs
	}
	escapes := []string{"[", "[[]", "*", "[*]", "?", "[?]"}
	if runtime.GOOS != "windows" { // where it parts names
		escapes = append(escapes, `\`, `\\`)
	}
	return filepath.Join(strings.NewReplacer(escapes...).Replace(d.dir), pattern)
}
