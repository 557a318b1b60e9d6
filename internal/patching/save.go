package patching

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/config/edit"
	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/lock"
	"github.com/vxlite/vxlite/internal/output"
	"github.com/vxlite/vxlite/internal/patch"
	"github.com/vxlite/vxlite/internal/source"
)

// File is a config that patches are written beside.
type File struct {
	Name string
	Data []byte
	// Read reads what Data says, and what it becomes.
	Read func(data []byte) (*config.Config, error)
}

// Saved says what became of the patches.
type Saved struct {
	Name  string  `json:"name"`
	Files []State `json:"files,omitempty"`
	// Config is the config's file where the key patches was set or taken out, and
	// Patches what it is.
	Config  string   `json:"config,omitempty"`
	Patches []string `json:"patches,omitempty"`
}

// State is a patch file, slash-separated as it lies to the config, and what became
// of it: written, unchanged or removed.
type State struct {
	File string `json:"file"`
	Was  string `json:"was"`
}

// Save writes the commits of a clone as patches beside the config, and names them
// in it. With a message, what is not committed is committed before. dir may be
// empty: see [Dir].
func Save(ctx context.Context, f File, name, dir, message string) (*Saved, error) {
	cfg, e, w, err := f.open(name, dir)
	if err != nil {
		return nil, err
	}
	if err := w.Settled(); err != nil {
		return nil, &UnsettledError{Name: e.name, Err: err}
	}
	if err := f.upToDate(w, e, cmp.Or(dir, Dir(e.name))); err != nil {
		return nil, err
	}
	if err := commit(w, e.name, message); err != nil {
		return nil, err
	}
	return f.save(ctx, cfg, e, w)
}

// open reads the config, and opens the clone of an entry.
func (f File) open(name, dir string) (*config.Config, entry, *source.Work, error) {
	cfg, err := f.Read(f.Data)
	if err != nil {
		return nil, entry{}, nil, err
	}
	e, err := find(cfg, name)
	if err != nil {
		return nil, e, nil, err
	}
	if dir == "" {
		dir = Dir(e.name)
	}
	w, err := source.OpenWork(dir)
	if none, ok := errors.AsType[*source.NoWorkError](err); ok {
		return nil, e, nil, &Error{Name: e.name, Reason: none.Error(), Hint: "make one first: vxlite patch edit " + e.name}
	}
	return cfg, e, w, err
}

// UnsettledError is a clone of which no patches can be saved yet.
type UnsettledError struct {
	Name string
	Err  error
}

// Error implements error.
func (e *UnsettledError) Error() string { return e.Err.Error() }

// Hints says how to go on.
func (e *UnsettledError) Hints() []string {
	return []string{"work it out, then run: vxlite patch continue " + e.Name}
}

// save writes the commits of a clone as patches.
func (f File) save(ctx context.Context, cfg *config.Config, e entry, w *source.Work) (*Saved, error) {
	changes, err := w.Changes(ctx)
	if err != nil {
		return nil, err
	}
	var now []patchFile
	for _, c := range changes {
		data, err := patch.Format(c.Message, c.Edits)
		if err != nil {
			return nil, fmt.Errorf("%s: commit %.12s: %w", w.Dir, c.Commit, err)
		}
		now = append(now, patchFile{fileName(len(now)+1, c.Subject), data})
	}
	folder, list := e.place()
	if len(now) == 0 {
		list = nil
	}
	for i := range now {
		now[i].name = path.Join(folder, now[i].name)
	}
	if err := f.own(cfg, e, folder); err != nil {
		return nil, err
	}
	saved, err := f.write(e, now, list)
	if err != nil {
		return nil, err
	}
	return saved, remember(w, locks(lock.Name(f.Name), w.Base()), sumsOf(now))
}

// commit makes sure that all is committed.
func commit(w *source.Work, name, message string) error {
	state, err := source.WorktreeState(w.Dir)
	if err != nil || !state.Dirty {
		return err
	}
	if message == "" {
		return &UncommittedError{Name: name, Dir: w.Dir}
	}
	return w.Commit(message + "\n")
}

// UncommittedError is a clone with changes that no commit has.
type UncommittedError struct{ Name, Dir string }

// Error implements error.
func (e *UncommittedError) Error() string { return e.Dir + " has changes that are not committed" }

// Hints says what to do with them.
func (e *UncommittedError) Hints() []string {
	return []string{fmt.Sprintf(`commit them, or save them as one more patch: vxlite patch save %s -m "what it does"`, e.Name)}
}

// patchFile is a patch file to be written.
type patchFile struct {
	name string // as the config has it
	data []byte
}

// fileName is a patch's name as git format-patch has it.
func fileName(n int, subject string) string {
	words := strings.FieldsFunc(subject, func(r rune) bool {
		return r != '.' && r != '_' && (r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r))
	})
	const longest = 52 // of git's
	slug := strings.Join(words, "-")
	slug = strings.Trim(slug[:min(longest, len(slug))], "-.")
	if slug == "" {
		return fmt.Sprintf("%04d.patch", n)
	}
	return fmt.Sprintf("%04d-%s.patch", n, slug)
}

// place decides where an entry's patches go: below the one pattern that the config
// has for them, or else into a folder of their own. list is the key's new value.
func (e entry) place() (folder string, list []string) {
	for _, p := range e.patches {
		dir, own := strings.CutSuffix(p.Pattern, "/*.patch")
		if !own || p.Pattern != e.patches[0].Pattern || strings.ContainsAny(dir, `*?[\`) || filepath.IsAbs(dir) || strings.HasPrefix(dir, "~") {
			folder = ""
			break
		}
		folder = path.Clean(dir)
	}
	if folder == "" {
		folder = "patches/" + strings.TrimSuffix(Dir(e.name), ".edit")
		return folder, []string{folder + "/*.patch"}
	}
	return folder, []string{e.patches[0].Pattern}
}

// write puts the patches of an entry into their place: first those that are new,
// then the config, and then it removes those that are no longer there.
func (f File) write(e entry, now []patchFile, list []string) (*Saved, error) {
	text, changed, err := f.withKey(e, list)
	if err != nil {
		return nil, err
	}
	base := filepath.Dir(f.Name)
	out := &Saved{Name: e.name}
	keep := map[string]bool{}
	for _, p := range now {
		keep[p.name] = true
		was, err := put(filepath.Join(base, filepath.FromSlash(p.name)), p.data)
		if err != nil {
			return nil, err
		}
		out.Files = append(out.Files, State{p.name, was})
	}
	if changed {
		if err := output.Write(f.Name, text); err != nil {
			return nil, err
		}
		out.Config, out.Patches = f.Name, list
	}
	for _, p := range e.patches {
		if keep[p.Name] {
			continue
		}
		name := filepath.Join(base, filepath.FromSlash(p.Name))
		if err := os.Remove(name); err != nil {
			return nil, err
		}
		_ = os.Remove(filepath.Dir(name)) // where nothing is left in it
		out.Files = append(out.Files, State{p.Name, "removed"})
	}
	return out, f.verify(e, text, len(now))
}

// put writes a file, unless it has these contents already.
func put(name string, data []byte) (was string, err error) {
	if old, err := disk.ReadText(name); err == nil && bytes.Equal(old, data) {
		return "unchanged", nil
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return "", err
	}
	return "written", disk.Write(name, data, 0o644)
}

// own refuses a folder with patches of another entry, and one with patches that the
// config does not name yet, which a pattern for all of them would.
func (f File) own(cfg *config.Config, e entry, folder string) error {
	mine := map[string]bool{}
	for _, p := range e.patches {
		mine[p.Name] = true
	}
	for _, other := range entries(cfg) {
		for _, p := range other.patches {
			if other.name != e.name && !slices.Contains(e.also, other.name) && (mine[p.Name] || path.Dir(p.Name) == folder) {
				return &Error{Name: e.name, Reason: fmt.Sprintf("%s is a patch of %s, too", p.Name, other.name), Hint: "give each a folder of its own"}
			}
		}
	}
	there, err := disk.List(filepath.Join(filepath.Dir(f.Name), filepath.FromSlash(folder)), "", ".patch")
	if err != nil {
		return err
	}
	for _, name := range there {
		if slash := path.Join(folder, filepath.Base(name)); !mine[slash] {
			return &Error{Name: e.name, Reason: fmt.Sprintf("%s is there, and is none of its patches", slash), Hint: "move it elsewhere, or add it to the key patches before vxlite patch edit"}
		}
	}
	return nil
}

// withKey is the config with another list of patches.
func (f File) withKey(e entry, list []string) (text []byte, changed bool, err error) {
	var now []string
	for _, p := range e.patches {
		if !slices.Contains(now, p.Pattern) {
			now = append(now, p.Pattern)
		}
	}
	if slices.Equal(now, list) {
		return f.Data, false, nil
	}
	text = f.Data
	for _, name := range append([]string{e.name}, e.also...) {
		var ok bool
		if text, ok = edit.Patches(text, name, list); ok {
			continue
		}
		header := config.PluginHeader(name)
		if name == config.RoadRunnerName {
			header = "[roadrunner]"
		}
		return nil, false, &Error{Name: name, Reason: f.Name + " has the entry in a form that is not edited",
			Hint: config.Snippet("write it as a table with this key, and save again", header, config.Setting{Key: "patches", Value: list})}
	}
	return text, true, nil
}

// verify reads what was written.
func (f File) verify(e entry, text []byte, want int) error {
	cfg, err := f.Read(text)
	if err != nil {
		return err
	}
	for _, now := range entries(cfg) {
		if now.name == e.name && len(now.patches) != want {
			return fmt.Errorf("%s: %s has %d patches now, and should have %d", f.Name, e.name, len(now.patches), want)
		}
	}
	return nil
}
