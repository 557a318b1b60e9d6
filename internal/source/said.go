package source

import (
	"crypto/sha256"
	"fmt"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/giturl"
	"github.com/vxlite/vxlite/internal/store"
)

// place returns the place that a remote is to this client. A config can bring
// authorities and host keys of its own; a server that only these recognise may
// be another one to those who do not have them.
func (c *Client) place(r giturl.Remote) store.Place {
	s := r.String()
	return store.Place{URL: s, ID: store.Key(s + c.anchors[r.Scheme])}
}

// anchors returns, by scheme, a checksum of what the config recognises servers
// by. A file that cannot be read is an error once a server is asked.
func anchors(git config.Git) map[string]string {
	sum := func(files ...string) string {
		h := sha256.New()
		for _, f := range files {
			data, _ := disk.ReadText(f)
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

// Elsewhere lists the places of f's repository that other configs have asked,
// and that have another commit under f's tag, by their URLs.
func (c *Client) Elsewhere(f Found) []store.Elsewhere {
	if f.Tag == "" {
		return nil
	}
	return c.store.Elsewhere(f.URL, f.Tag, f.Commit)
}

// Version returns the pseudo-version that PutVersion remembered for a module
// path at a commit, as the tags are where f came from.
func (c *Client) Version(f Found, modulePath string) (string, bool) {
	remote, err := giturl.Parse(f.From)
	if err != nil {
		return "", false
	}
	return c.store.Version(f.Commit, modulePath, c.place(remote))
}

// PutVersion remembers a pseudo-version, which takes a history to work out.
func (c *Client) PutVersion(f Found, modulePath, version string) error {
	remote, err := giturl.Parse(f.From)
	if err != nil {
		return err
	}
	return c.store.PutVersion(f.Commit, modulePath, c.place(remote), version)
}
