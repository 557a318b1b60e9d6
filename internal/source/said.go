package source

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/vxlite/vxlite/internal/config"
)

// place is who says what a name means: a repository's URL after mirrors and
// insteadOf, and what its server was recognised by. Objects prove themselves by
// their names, and serve everybody. A name proves nothing, so what a place said
// of one is believed by those alone who would ask that place.
type place struct {
	url string
	id  string // names the place in the store
}

// place returns the place that a remote is to this client. A config can bring
// authorities and host keys of its own; a server that only these recognise may
// be another one to those who do not have them.
func (c *Client) place(r Remote) place {
	s := r.String()
	return place{url: s, id: key(s + c.anchors[r.Scheme])}
}

// anchors returns, by scheme, a checksum of what the config recognises servers
// by. A file that cannot be read is an error once a server is asked.
func anchors(git config.Git) map[string]string {
	sum := func(files ...string) string {
		h := sha256.New()
		for _, f := range files {
			data, _ := os.ReadFile(f)
			fmt.Fprintf(h, "%d\n%s", len(data), data)
		}
		return fmt.Sprintf("\n%x", h.Sum(nil))
	}
	out := map[string]string{}
	if git.CAFile != "" {
		out["https"] = sum(git.CAFile)
	}
	if len(git.KnownHosts) > 0 {
		out["ssh"] = sum(git.KnownHosts...)
	}
	return out
}

// absent is what stands in a commit's place where a repository had no such tag.
const absent = "absent"

// said is what a place said of a tag when it was last asked: the commit, absent,
// or "" where the store knows nothing. A name may also be one that is no tag but
// always means the same commit: see Request.Alias.
func (s *Store) said(repoURL, tag string, p place) string {
	commit, _ := s.readSaid(repoURL, tag, p.id)
	return commit
}

func (s *Store) readSaid(repoURL, tag, id string) (commit, url string) {
	data, ok := s.read("said", key(repoURL), tagFile(tag), id)
	commit, url, _ = strings.Cut(strings.TrimSuffix(string(data), "\n"), "\n")
	if !ok || commit != absent && !isFullHash(commit) {
		return "", ""
	}
	return commit, url
}

func (s *Store) putSaid(repoURL, tag string, p place, commit string) error {
	return s.write([]byte(commit+"\n"+p.url+"\n"), "said", key(repoURL), tagFile(tag), p.id)
}

// Elsewhere is a place at which a tag names another commit.
type Elsewhere struct{ Commit, From string }

// Elsewhere lists the places of f's repository that other configs have asked,
// and that have another commit under f's tag, by their URLs.
func (c *Client) Elsewhere(f Found) []Elsewhere {
	if f.Tag == "" {
		return nil
	}
	var out []Elsewhere
	for _, dir := range []string{c.store.dir, c.store.shared} {
		if dir == "" {
			continue
		}
		entries, _ := os.ReadDir(filepath.Join(dir, "said", key(f.URL), tagFile(f.Tag))) // none is as good as empty
		for _, e := range entries {
			commit, from := c.store.readSaid(f.URL, f.Tag, e.Name())
			if e := (Elsewhere{commit, from}); isFullHash(commit) && commit != f.Commit && !slices.Contains(out, e) {
				out = append(out, e)
			}
		}
	}
	slices.SortFunc(out, func(a, b Elsewhere) int { return strings.Compare(a.From+a.Commit, b.From+b.Commit) })
	return out
}
