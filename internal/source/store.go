package source

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"github.com/vxlite/vxlite/internal/disk"
)

// Store keeps what was fetched, for all configs and all runs of one user.
//
// Everything in it is named by what it holds (a commit, a commit's folder), or
// records a fact that does not change, so nothing in it is ever rewritten, but
// for what a place said of a tag: it is not asked twice, unless a lock is made,
// and only those believe it who would ask the same place. A
// locked commit is found by itself, whatever the store knows of the tag. A directory is filled beside its place and renamed into it:
// a run that is killed leaves at most a directory in tmp, which a later run
// removes. Several runs may use a store at once.
//
//	git/COMMIT/          a bare, shallow repository with that one commit
//	tree/COMMIT/FOLDER%2/  the module in that folder, as its module zip would be
//	commit/COMMIT        the commit's time
//	said/URL/TAG/PLACE   the commit a tag named when a place was last asked, or
//	                     that it was not there when another was taken for it
//	sum/COMMIT/FOLDER%2  checksums of a tree's files, to find damage by
//	peel/OBJECT          the commit an annotated tag object points to
//	pseudo/…             pseudo-versions, which take a history to work out, by
//	                     commit, path and place
//	signed/…             annotated tags that were asked for their signature, by
//	                     commit, name and place
//	h1/…                 hashes of modules, by commit, folder, path and version
//	lock/                one lock a repository, held while it is fetched
//
// A small file ends in a checksum. One that is damaged is as good as none, and
// is made anew.
type Store struct {
	dir string
	// shared is another store, or empty: see Share.
	shared string
}

// storeVersion changes when an older vxlite would misread the layout.
const storeVersion = "v1"

// OpenStore returns the store below dir, which it creates.
func OpenStore(dir string) (*Store, error) {
	s := &Store{dir: filepath.Join(dir, storeVersion)}
	for _, sub := range []string{"git", "tree", "commit", "said", "peel", "pseudo", "lock", "tmp"} {
		if err := os.MkdirAll(filepath.Join(s.dir, sub), 0o755); err != nil {
			return nil, fmt.Errorf("store: %w", err)
		}
	}
	s.sweep(time.Now().Add(-24 * time.Hour))
	return s, nil
}

// Share lets a store find what it lacks in another below dir, which is only
// read: one that a fleet of machines has in common, say. What that one lacks
// too is fetched into the store itself. Repositories and modules are taken from
// it, which their names and the hashes in a lock prove, and what was said of
// refs; what can be worked out of these, such as a module's hash, is worked out
// here and not taken on another's word.
func (s *Store) Share(dir string) {
	if dir != "" {
		s.shared = filepath.Join(dir, storeVersion)
	}
}

// in is where to read something: the store, unless only the shared one has it.
func (s *Store) in(elem ...string) string {
	own := filepath.Join(append([]string{s.dir}, elem...)...)
	if s.shared == "" {
		return own
	}
	if _, err := os.Lstat(own); err == nil {
		return own
	}
	other := filepath.Join(append([]string{s.shared}, elem...)...)
	if _, err := os.Lstat(other); err == nil {
		return other
	}
	return own
}

// Dir returns the store's directory, for what other packages keep beside it.
func (s *Store) Dir() string { return s.dir }

// sweep removes what killed runs left in tmp before the given time.
func (s *Store) sweep(before time.Time) {
	entries, err := os.ReadDir(filepath.Join(s.dir, "tmp"))
	if err != nil {
		return
	}
	for _, e := range entries {
		if fi, err := e.Info(); err == nil && fi.ModTime().Before(before) {
			_ = disk.RemoveAll(filepath.Join(s.dir, "tmp", e.Name()))
		}
	}
}

// Publish is for other packages that keep directories in the store; dst must
// lie in it. See the rule of the store: a name says what is under it.
func (s *Store) Publish(dst string, fill func(dir string) error) error { return s.publish(dst, fill) }

// WriteJSON puts v in a file of the store, in one step.
func (s *Store) WriteJSON(v any, elem ...string) error { return s.writeJSON(v, elem...) }

// ReadJSON reads what WriteJSON wrote; false where there is nothing to be read.
// A shared store's is not taken: see Share.
func (s *Store) ReadJSON(v any, elem ...string) bool { return s.own().readJSON(v, elem...) }

// own is the store without the shared one.
func (s *Store) own() *Store { return &Store{dir: s.dir} }

// TempDir makes a directory that a later run removes if this one cannot.
func (s *Store) TempDir() (string, error) { return os.MkdirTemp(filepath.Join(s.dir, "tmp"), "") }

// publish fills a new directory and moves it to dst, unless another run was
// first, which is as good: what is published under one name is the same.
func (s *Store) publish(dst string, fill func(dir string) error) error {
	tmp, err := os.MkdirTemp(filepath.Join(s.dir, "tmp"), "")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	if err := os.Chmod(tmp, 0o755); err != nil {
		return err
	}
	if err := fill(tmp); err != nil {
		return err
	}
	if err := s.place(tmp, dst); err != nil && !disk.IsDir(dst) {
		return err
	}
	return nil
}

// lockRepo keeps other runs from fetching from the same place meanwhile.
func (s *Store) lockRepo(ctx context.Context, p place) (unlock func(), err error) {
	l := flock.New(filepath.Join(s.dir, "lock", p.id))
	const poll = 20 * time.Millisecond
	if _, err := l.TryLockContext(ctx, poll); err != nil {
		return nil, fmt.Errorf("store: lock: %w", err)
	}
	return func() { _ = l.Unlock() }, nil
}

// key names a URL in the store, so that no URL can name another place.
func key(repoURL string) string {
	sum := sha256.Sum256([]byte(repoURL))
	return hex.EncodeToString(sum[:16])
}

func (s *Store) gitDir(commit string) string { return s.in("git", commit) }

// Module returns the directory with the files of the module in folder of a
// commit, if the store has it.
func (s *Store) Module(commit, folder string) (dir string, ok bool) {
	dir = s.treeDir(commit, folder)
	if !isFullHash(commit) || !disk.IsDir(dir) {
		return "", false
	}
	return dir, true
}

// treeDir is where the module in folder lies. No escaped name ends in %2, which
// tells the trees in which .gitattributes count from those of earlier versions.
func (s *Store) treeDir(commit, folder string) string {
	return s.in("tree", commit, url.PathEscape(folder)+"%2")
}

// hasTree reports whether files of a commit are in the store.
func (s *Store) hasTree(commit string) bool { return disk.IsDir(s.in("tree", commit)) }

// commitRecord is what commit/COMMIT holds.
type commitRecord struct {
	Time time.Time `json:"time"`
}

func (s *Store) commitTime(commit string) (time.Time, bool) {
	var rec commitRecord
	ok := s.readJSON(&rec, "commit", commit)
	return rec.Time, ok
}

func (s *Store) putCommit(commit string, t time.Time) error {
	return s.writeJSON(commitRecord{Time: t}, "commit", commit)
}

// tagFile names a tag in the store. Tags that differ in case alone must not
// meet in one file, so a capital is written as the module cache writes it.
func tagFile(tag string) string {
	var b strings.Builder
	for _, r := range url.PathEscape(tag) {
		if 'A' <= r && r <= 'Z' {
			b.WriteByte('!')
			r += 'a' - 'A'
		}
		b.WriteRune(r)
	}
	return b.String()
}

func (s *Store) peeled(object string) (string, bool) { return s.readHash("peel", object) }

func (s *Store) putPeeled(object, commit string) error {
	return s.write([]byte(commit+"\n"), "peel", object)
}

// Version returns the pseudo-version that PutVersion remembered for a module
// path at a commit, as the tags are where f came from.
func (c *Client) Version(f Found, modulePath string) (string, bool) {
	name, err := c.versionFile(f, modulePath)
	if err != nil {
		return "", false
	}
	b, ok := c.store.read("pseudo", name)
	return strings.TrimSpace(string(b)), ok
}

// PutVersion remembers a pseudo-version, which takes a history to work out.
func (c *Client) PutVersion(f Found, modulePath, version string) error {
	name, err := c.versionFile(f, modulePath)
	if err != nil {
		return err
	}
	return c.store.write([]byte(version+"\n"), "pseudo", name)
}

func (c *Client) versionFile(f Found, modulePath string) (string, error) {
	remote, err := ParseRemote(f.From)
	return f.Commit + "-" + key(modulePath+"\n"+c.place(remote).id), err
}

func (s *Store) readHash(elem ...string) (string, bool) {
	b, ok := s.read(elem...)
	h := strings.TrimSpace(string(b))
	return h, ok && isFullHash(h)
}

func (s *Store) readJSON(v any, elem ...string) bool {
	b, ok := s.read(elem...)
	return ok && json.Unmarshal(b, v) == nil
}

// read returns what write put in a file's place, if that is still what it was.
func (s *Store) read(elem ...string) ([]byte, bool) {
	b, err := os.ReadFile(s.in(elem...))
	if err != nil {
		return nil, false
	}
	at := len(b) - len(recordSum(nil))
	if at < 0 || string(b[at:]) != recordSum(b[:at], elem...) {
		return nil, false
	}
	return b[:at], true
}

// recordSum is the line that a small file ends with: a checksum of what stands
// before it and of the file's place.
func recordSum(data []byte, elem ...string) string {
	h := sha256.New()
	fmt.Fprintf(h, "%q\n", elem)
	h.Write(data)
	return "sum " + hex.EncodeToString(h.Sum(nil)[:16]) + "\n"
}

func (s *Store) writeJSON(v any, elem ...string) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return s.write(append(b, '\n'), elem...)
}

// write puts a small file in its place in one step.
func (s *Store) write(data []byte, elem ...string) error {
	f, err := os.CreateTemp(filepath.Join(s.dir, "tmp"), "")
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	_, err = f.Write(append(slices.Clip(data), recordSum(data, elem...)...))
	if err = errors.Join(err, f.Close()); err == nil {
		err = s.place(f.Name(), filepath.Join(append([]string{s.dir}, elem...)...))
	}
	if err != nil {
		_ = os.Remove(f.Name()) // a later run would
		return fmt.Errorf("store: %w", err)
	}
	return nil
}

// place renames, into a directory that is mostly there.
func (s *Store) place(from, to string) error {
	err := disk.Rename(from, to)
	if errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		err = disk.Rename(from, to)
	}
	return err
}

// isFullHash reports whether s is a whole SHA-1 in lower-case hex.
func isFullHash(s string) bool { return len(s) == 40 && isHex(s) }

func isHex(s string) bool {
	for _, c := range s {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return s != ""
}
