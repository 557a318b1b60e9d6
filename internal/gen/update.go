package gen

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"sort"
	"strings"

	"github.com/vxlite/vxlite/internal/disk"
)

// recordFile lists what was written into a workspace, so that another time
// what was changed by hand can be told from what was not.
const recordFile = ".vxlite-workspace.json"

// Record is what a workspace was made of.
type Record struct {
	// Files are those that were written, with the SHA-256 of their contents in
	// hex, by slash-separated path.
	Files map[string]string `json:"files"`
	// Clones are the repositories that were cloned: the place below the
	// workspace by clone URL and commit.
	Clones map[string]string `json:"clones,omitempty"`
}

// Updated says what became of a workspace's files.
type Updated struct {
	Written, Removed int
	// Kept are the files that were changed by hand where vxlite would have
	// written another content, or none; slash-separated and sorted.
	Kept []string
}

// NotWorkspaceError is a directory that holds something else.
type NotWorkspaceError struct{ Dir string }

// Error implements error.
func (e *NotWorkspaceError) Error() string {
	return fmt.Sprintf("%s has files in it, and is not a workspace that vxlite wrote", e.Dir)
}

// ExitStatus implements the interface that picks the exit status.
func (*NotWorkspaceError) ExitStatus() int { return 2 }

// Hints says what to do.
func (e *NotWorkspaceError) Hints() []string {
	return []string{"name a directory that is empty or does not exist"}
}

// ReadRecord returns what is known of a workspace; nothing of a directory
// that is empty or not there.
func ReadRecord(dir string) (*Record, error) {
	m := &Record{Files: map[string]string{}, Clones: map[string]string{}}
	data, err := disk.ReadText(filepath.Join(dir, recordFile))
	if errors.Is(err, fs.ErrNotExist) {
		entries, err := os.ReadDir(dir)
		if err == nil && len(entries) > 0 {
			return nil, &NotWorkspaceError{Dir: dir}
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		return m, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(data, m); err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(dir, recordFile), err)
	}
	return m, nil
}

// Update writes the workspace into dir, and brings one that is there up to
// date: what was changed by hand stays as it is. old is dir's record, with
// the clones that are to be remembered.
func (w *Workspace) Update(dir string, old *Record) (Updated, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return Updated{}, err
	}
	root, err := os.OpenRoot(dir) // a link that somebody put there leads nowhere
	if err != nil {
		return Updated{}, err
	}
	defer root.Close()
	u := &updater{root: root, old: old, next: &Record{Files: map[string]string{}, Clones: old.Clones}}
	if err := u.save(old); err != nil { // an interrupted first run leaves a workspace too
		return Updated{}, err
	}
	if err := w.each(u.file); err != nil {
		return Updated{}, err
	}
	if err := u.rest(); err != nil {
		return Updated{}, err
	}
	sort.Strings(u.Kept)
	return u.Updated, u.save(u.next)
}

// each calls do for every file of the workspace.
func (w *Workspace) each(do func(name string, data []byte) error) error {
	generated := map[string]bool{}
	for _, f := range w.Files {
		generated[f.Path] = true
		if err := do(f.Path, f.Data); err != nil {
			return err
		}
	}
	for _, m := range w.Modules {
		err := filepath.WalkDir(m.Dir, func(p string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			rel, err := filepath.Rel(m.Dir, p)
			if err != nil {
				return err
			}
			name := path.Join(m.Path, filepath.ToSlash(rel))
			switch {
			case d.IsDir() && d.Name() == ".git":
				return filepath.SkipDir
			case !d.Type().IsRegular(), generated[name]:
				return nil
			case rel == "go.work", rel == "go.work.sum": // it would win over the workspace's
				return nil
			}
			data, err := disk.ReadLarge(p)
			if err != nil {
				return err
			}
			return do(name, data)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// updater brings a workspace's files up to date.
type updater struct {
	root      *os.Root
	old, next *Record
	Updated
}

// file writes one file, unless it was changed by hand.
func (u *updater) file(name string, data []byte) error {
	want := hash(data)
	have, err := u.hash(name)
	if err != nil {
		return err
	}
	if name == SumFile && have != "" {
		return u.sums(have, data)
	}
	if have != "" && have != want && have != u.old.Files[name] {
		u.Kept = append(u.Kept, name)
		if was, ok := u.old.Files[name]; ok {
			u.next.Files[name] = was
		}
		return nil
	}
	u.next.Files[name] = want
	if have == want {
		return nil
	}
	u.Written++
	return u.write(name, data)
}

// sums writes go.work.sum, which the go command changes too: it adds what it has
// seen, and drops what a go.sum has. That is left as it is unless there is more to
// know than an earlier run had, and kept then.
func (u *updater) sums(have string, data []byte) error {
	want := hash(data)
	u.next.Files[SumFile] = want
	if want == have || want == u.old.Files[SumFile] {
		return nil
	}
	there, err := u.root.ReadFile(SumFile)
	if err != nil {
		return err
	}
	u.Written++
	return u.write(SumFile, mergeSums(data, there))
}

// mergeSums adds the lines of other to a go.sum whose modules and versions that
// has not.
func mergeSums(sums, other []byte) []byte {
	known := map[string]bool{}
	module := func(line string) string { return line[:strings.LastIndexByte(line, ' ')+1] }
	lines := slices.Collect(strings.Lines(string(sums)))
	for _, line := range lines {
		known[module(line)] = true
	}
	for line := range strings.Lines(string(other)) {
		if m := module(line); strings.HasSuffix(line, "\n") && m != "" && !known[m] {
			lines = append(lines, line)
		}
	}
	slices.Sort(lines)
	return []byte(strings.Join(lines, ""))
}

// rest removes what an earlier run wrote and this one does not.
func (u *updater) rest() error {
	names := make([]string, 0, len(u.old.Files))
	for name := range u.old.Files {
		if _, ok := u.next.Files[name]; !ok && !slices.Contains(u.Kept, name) {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	for _, name := range names {
		have, err := u.hash(name)
		if err != nil {
			return err
		}
		switch have {
		case "":
			continue
		case u.old.Files[name]:
		default:
			if name == SumFile {
				break // the go command has changed it
			}
			u.Kept = append(u.Kept, name)
			u.next.Files[name] = u.old.Files[name]
			continue
		}
		if err := u.root.Remove(filepath.FromSlash(name)); err != nil {
			return err
		}
		u.Removed++
		for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
			if u.root.Remove(filepath.FromSlash(dir)) != nil {
				break // there is something else in it
			}
		}
	}
	return nil
}

// hash returns that of a file in the workspace, or "" where there is none.
func (u *updater) hash(name string) (string, error) {
	fi, err := u.root.Stat(filepath.FromSlash(name))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err == nil {
		err = disk.Regular(name, fi)
	}
	if err != nil {
		return "", err
	}
	f, err := u.root.Open(filepath.FromSlash(name))
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func hash(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// write puts a file in its place in one step.
func (u *updater) write(name string, data []byte) error {
	name = filepath.FromSlash(name)
	if err := u.root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	tmp := filepath.Join(filepath.Dir(name), "."+filepath.Base(name)+".vxlite.tmp")
	if err := u.root.WriteFile(tmp, data, 0o644); err != nil {
		return err
	}
	return u.root.Rename(tmp, name)
}

func (u *updater) save(m *Record) error {
	data, err := json.MarshalIndent(m, "", "\t")
	if err != nil {
		return err
	}
	return u.write(recordFile, append(data, '\n'))
}
