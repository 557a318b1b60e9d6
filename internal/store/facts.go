package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/vxlite/vxlite/internal/disk"
)

// Place is who says what a name means: a repository's URL after mirrors and
// insteadOf, and what its server was recognised by. Objects prove themselves by
// their names, and serve everybody. A name proves nothing, so what a place said
// of one is believed by those alone who would ask that place.
type Place struct {
	URL string
	ID  string // names the place in the store
}

// Key names a URL in the store, so that no URL can name another place.
func Key(repoURL string) string {
	sum := sha256.Sum256([]byte(repoURL))
	return hex.EncodeToString(sum[:16])
}

// IsHash reports whether s is a whole SHA-1 in lower-case hex.
func IsHash(s string) bool { return len(s) == 40 && isHex(s) }

func isHex(s string) bool {
	for _, c := range s {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return s != ""
}

// Absent is what stands in a commit's place where a repository had no such tag.
const Absent = "absent"

// Said is what a place said of a tag when it was last asked: the commit, absent,
// or "" where the store knows nothing. A name may also be one that is no tag but
// always means the same commit: see Request.Alias.
func (s *Store) Said(repoURL, tag string, p Place) string {
	commit, _ := s.readSaid(repoURL, tag, p.ID)
	return commit
}

func (s *Store) readSaid(repoURL, tag, id string) (commit, url string) {
	data, ok := s.read("said", Key(repoURL), tagFile(tag), id)
	commit, url, _ = strings.Cut(strings.TrimSuffix(string(data), "\n"), "\n")
	if !ok || commit != Absent && !IsHash(commit) {
		return "", ""
	}
	return commit, url
}

// PutSaid remembers what a place said of a tag: a commit, or Absent.
func (s *Store) PutSaid(repoURL, tag string, p Place, commit string) error {
	return s.write([]byte(commit+"\n"+p.URL+"\n"), "said", Key(repoURL), tagFile(tag), p.ID)
}

// Elsewhere is a place at which a tag names another commit.
type Elsewhere struct{ Commit, From string }

// Elsewhere lists the places of a repository that have another commit than this
// one under a tag.
func (s *Store) Elsewhere(repoURL, tag, commit string) []Elsewhere {
	var out []Elsewhere
	for _, dir := range []string{s.dir, s.shared} {
		if dir == "" {
			continue
		}
		entries, _ := os.ReadDir(filepath.Join(dir, "said", Key(repoURL), tagFile(tag))) // none is as good as empty
		for _, e := range entries {
			other, from := s.readSaid(repoURL, tag, e.Name())
			if e := (Elsewhere{other, from}); IsHash(other) && other != commit && !slices.Contains(out, e) {
				out = append(out, e)
			}
		}
	}
	slices.SortFunc(out, func(a, b Elsewhere) int { return strings.Compare(a.From+a.Commit, b.From+b.Commit) })
	return out
}

// GitDir is where the repository with a commit lies.
func (s *Store) GitDir(commit string) string { return s.in("git", commit) }

// Module returns the directory with the files of the module in folder of a
// commit, if the store has it.
func (s *Store) Module(commit, folder string) (dir string, ok bool) {
	dir = s.TreeDir(Tree{Commit: commit, Folder: folder})
	if !IsHash(commit) || !disk.IsDir(dir) {
		return "", false
	}
	return dir, true
}

// Tree is the files of a module: in a folder of a commit, with patches that are
// known by their digest, of 64 hex digits; empty for none.
type Tree struct{ Commit, Folder, Patches string }

// name is the directory's below its commit's. No escaped name has %2 in it, which
// tells the trees in which .gitattributes count from those of earlier versions.
func (t Tree) name() string {
	name := url.PathEscape(t.Folder) + "%2"
	if t.Patches != "" {
		name += "+" + t.Patches[:32]
	}
	return name
}

// TreeDir is where a module's files lie.
func (s *Store) TreeDir(t Tree) string { return s.in("tree", t.Commit, t.name()) }

// HasTree reports whether files of a commit are in the store.
func (s *Store) HasTree(commit string) bool { return disk.IsDir(s.in("tree", commit)) }

// commitRecord is what commit/COMMIT holds.
type commitRecord struct {
	Time time.Time `json:"time"`
}

// CommitTime returns the time of a commit that PutCommit remembered.
func (s *Store) CommitTime(commit string) (time.Time, bool) {
	var rec commitRecord
	ok := s.readJSON(&rec, "commit", commit)
	return rec.Time, ok
}

// PutCommit remembers the time of a commit.
func (s *Store) PutCommit(commit string, t time.Time) error {
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

// Peeled returns the commit that an annotated tag object points to.
func (s *Store) Peeled(object string) (string, bool) { return s.readHash("peel", object) }

// PutPeeled remembers the commit that an annotated tag object points to.
func (s *Store) PutPeeled(object, commit string) error {
	return s.write([]byte(commit+"\n"), "peel", object)
}

// Version returns the pseudo-version of a module path at a commit, as the tags
// are at a place.
func (s *Store) Version(commit, modulePath string, at Place) (string, bool) {
	b, ok := s.read("pseudo", versionFile(commit, modulePath, at))
	return strings.TrimSpace(string(b)), ok
}

// PutVersion remembers a pseudo-version.
func (s *Store) PutVersion(commit, modulePath string, at Place, version string) error {
	return s.write([]byte(version+"\n"), "pseudo", versionFile(commit, modulePath, at))
}

func versionFile(commit, modulePath string, at Place) string {
	return commit + "-" + Key(modulePath+"\n"+at.ID)
}

func (s *Store) readHash(elem ...string) (string, bool) {
	b, ok := s.read(elem...)
	h := strings.TrimSpace(string(b))
	return h, ok && IsHash(h)
}

// TagObject returns an annotated tag's object that putTagObject kept, which
// nobody has compared with its hash.
func (s *Store) TagObject(at Place, tag, commit string) (hash string, data []byte, ok bool) {
	data, ok = s.read("signed", signedFile(at, tag, commit))
	if !ok {
		return "", nil, false
	}
	first, data, ok := bytes.Cut(data, []byte("\n"))
	return string(first), data, ok
}

// PutTagObject keeps an annotated tag's object.
func (s *Store) PutTagObject(at Place, tag, commit, hash string, data []byte) error {
	return s.write(append([]byte(hash+"\n"), data...), "signed", signedFile(at, tag, commit))
}

// signedFile is by place, too: an object proves what it is, and not that it is
// the one that a place has under a tag's name.
func signedFile(at Place, tag, commit string) string { return commit + "-" + Key(at.ID+"\n"+tag) }
