package source

import "github.com/vxlite/vxlite/internal/gitconn"

// Version returns the pseudo-version that PutVersion remembered for a module
// path at a commit, as the tags are where f came from.
func (c *Client) Version(f Found, modulePath string) (string, bool) {
	remote, err := gitconn.ParseRemote(f.From)
	if err != nil {
		return "", false
	}
	return c.store.Version(f.Commit, modulePath, c.place(remote))
}

// PutVersion remembers a pseudo-version, which takes a history to work out.
func (c *Client) PutVersion(f Found, modulePath, version string) error {
	remote, err := gitconn.ParseRemote(f.From)
	if err != nil {
		return err
	}
	return c.store.PutVersion(f.Commit, modulePath, c.place(remote), version)
}
