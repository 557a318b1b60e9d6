package doctor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/lock"
	"github.com/vxlite/vxlite/internal/resolve"
	"github.com/vxlite/vxlite/internal/source"
)

// remotes asks each repository that the config names, once.
func (d *doctor) remotes(ctx context.Context, client *source.Client) {
	remotes := resolve.Remotes(ctx, d.Config, resolve.Options{Client: client, Store: d.store, Offline: d.Offline, HTTP: client.HTTP(), Jobs: d.Jobs,
		Private: d.tool.Private(), Lock: d.locked()})
	probes := make([][]source.Probe, len(remotes))
	var all sync.WaitGroup
	first := map[string]int{}
	for i, r := range remotes {
		if _, seen := first[r.URL]; seen || r.Dir != "" || r.Err != nil {
			continue
		}
		first[r.URL] = i
		all.Go(func() { probes[i] = client.Probe(ctx, r.URL) })
	}
	all.Wait()
	d.keys()
	d.unused(probes)
	d.mirrors(probes)
	for i, r := range remotes {
		switch at, seen := first[r.URL]; {
		case r.Err != nil:
			d.fail(r.Name, r.Err)
		case r.Dir != "" && !hasFile(r.Dir, "go.mod"):
			d.fail(r.Name, helped{fmt.Errorf("local directory %s has no go.mod", r.Dir), "correct its path in the config"})
		case r.Dir != "":
			d.ok(r.Name, "%s, a local directory", r.Dir)
		case seen && at != i && d.lacks(r, probes[at]):
		case seen && at != i:
			d.ok(r.Name, "from the repository of %s", remotes[at].Name)
		case !d.lacks(r, probes[i]):
			d.probed(r.Name, probes[i])
		}
	}
}

// locked is the config's lock. Only that knows which modules match a pattern of
// those that come from git.
func (d *doctor) locked() *lock.File {
	name := lock.Name(d.Config.File)
	f, err := lock.Read(name)
	switch patterns := slices.Concat(d.tool.Private(), d.Config.Git.Modules); {
	case errors.Is(err, fs.ErrNotExist) && len(patterns) > 0:
		d.warn("lock", fmt.Errorf("there is no %s, so the modules that match %s are not checked", name, strings.Join(patterns, ", ")), "write it with vxlite lock")
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		d.fail("lock", err)
	}
	return f
}

func hasFile(dir, name string) bool {
	_, err := os.Stat(filepath.Join(dir, name))
	return err == nil
}

// keys looks for the SSH keys that the config names.
func (d *doctor) keys() {
	for _, c := range d.Config.Git.Credentials {
		if c.SSHKey == "" {
			continue
		}
		if f, err := disk.Open(c.SSHKey); err != nil {
			d.fail(c.Host, helped{fmt.Errorf("%s:%d: ssh_key %s: %s", c.Pos.File, c.Pos.Line, c.SSHKey, disk.Reason(err)), "correct its path in the config; a relative path starts at the config's directory"})
		} else {
			f.Close()
		}
	}
}

// unused tells of settings for a place that others use and vxlite does not.
func (d *doctor) unused(probes [][]source.Probe) {
	told := map[string]bool{}
	for _, p := range slices.Concat(probes...) {
		for _, u := range p.Unused {
			if !told[u.What] {
				told[u.What] = true
				d.warn("unused", fmt.Errorf("%s is not supported", u.What), u.Instead)
			}
		}
	}
}

// mirrors tells of those that have none of the repositories that they were asked
// for, where another place has answered.
func (d *doctor) mirrors(probes [][]source.Probe) {
	for _, m := range d.Config.Mirrors {
		for _, to := range m.To {
			var first error
			answered := false
			for _, p := range slices.Concat(probes...) {
				if !strings.HasPrefix(p.Asked, to) {
					continue
				}
				answered = answered || p.Err == nil
				first = cmp.Or(first, p.Err)
			}
			if first != nil && !answered && !lost(probes, to) {
				own, _ := config.SplitUser(to)
				d.warn("mirror", fmt.Errorf("%s answered for no repository, but another place did: %w", own.URL, first), "correct or remove the mirror, which is tried first for each repository")
			}
		}
	}
}

// lost reports whether a mirror is the end of a repository, which is told then.
func lost(probes [][]source.Probe, to string) bool {
	return slices.ContainsFunc(probes, func(all []source.Probe) bool {
		return len(all) > 0 && all[len(all)-1].Err != nil && slices.ContainsFunc(all, func(p source.Probe) bool { return strings.HasPrefix(p.Asked, to) })
	})
}

// lacks tells of a ref that the repository does not have. Of several places, the
// one that answers has the say.
func (d *doctor) lacks(r resolve.Remote, probes []source.Probe) bool {
	for _, p := range probes {
		if p.Err != nil || p.Refs == nil {
			continue
		}
		err := r.Check(p.Refs)
		if err != nil {
			d.fail(r.Name, fmt.Errorf("%s: %w", p.URL, err))
		}
		return err != nil
	}
	return false
}

// probed words what a repository's places have shown. Of several, one that
// answers is enough.
func (d *doctor) probed(name string, probes []source.Probe) {
	for _, p := range probes {
		if p.Err != nil {
			continue
		}
		text := fmt.Sprintf("%s, with %s", p.URL, p.With)
		if p.HostKey != "" {
			text += ", host key in " + p.HostKey
		}
		d.ok(name, "%s", text)
		return
	}
	for _, p := range probes {
		d.fail(name, p.Err)
	}
}
