package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/event"
	"github.com/vxlite/vxlite/internal/gotool"
	"github.com/vxlite/vxlite/internal/resolve"
	"github.com/vxlite/vxlite/internal/run"
	"github.com/vxlite/vxlite/internal/source"
)

// leastFree is how much a disk must have left, in bytes: a server with all
// plugins takes about as much in the compile cache and in the store.
const leastFree = 1 << 30

// proxyTimeout bounds the question to a module proxy.
const proxyTimeout = 15 * time.Second

// Doctor looks at all that a build needs besides its config: the go command
// and its settings, the disk, and each repository that the config names. With
// a nil Config it leaves out the latter.
func Doctor(ctx context.Context, o Options) (*event.Result, error) {
	d := &doctor{builder: &builder{Options: o}}
	if err := d.storeDir(); err != nil {
		d.fail("cache", err)
		return &event.Result{Findings: d.checks}, d.verdict()
	}
	d.goCommand(ctx)
	if o.Config != nil && d.tool != nil {
		if err := d.remotes(ctx); err != nil {
			return nil, err
		}
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return &event.Result{Findings: d.checks}, d.verdict()
}

// doctor collects findings.
type doctor struct {
	*builder
	checks []event.Finding
}

func (d *doctor) ok(name, format string, args ...any) {
	d.checks = append(d.checks, event.Finding{Name: name, OK: true, Text: fmt.Sprintf(format, args...)})
}

// fail adds a problem, with what would help.
func (d *doctor) fail(name string, err error) {
	c := event.Finding{Name: name, Text: err.Error()}
	var h interface{ Hints() []string }
	said := slices.ContainsFunc(d.checks, func(other event.Finding) bool { return other.Text == c.Text })
	var dial *net.OpError
	switch {
	case said: // one server can be the end of all repositories
	case errors.As(err, &h):
		c.Hints = h.Hints()
	case errors.As(err, &dial) && dial.Op == "dial":
		c.Hints = []string{"is the host's name right, and the port, and does the server run? Another place is named with --mirror FROM=TO, or [mirrors] in the config"}
	}
	d.checks = append(d.checks, c)
}

// warn adds what does no harm as things are.
func (d *doctor) warn(name string, err error, hint string) {
	f := event.Finding{Name: name, OK: true, Warning: true, Text: err.Error()}
	if hint != "" {
		f.Hints = []string{hint}
	}
	d.checks = append(d.checks, f)
}

// verdict is nil where nothing is wrong.
func (d *doctor) verdict() error {
	n := 0
	for _, c := range d.checks {
		if !c.OK {
			n++
		}
	}
	if n == 0 {
		return nil
	}
	return &UnwellError{Failed: n, Of: len(d.checks)}
}

// UnwellError is a doctor's finding that something is wrong.
type UnwellError struct{ Failed, Of int }

// Error implements error.
func (e *UnwellError) Error() string {
	return fmt.Sprintf("%d of %d checks failed", e.Failed, e.Of)
}

// ExitStatus implements the interface that picks the exit status.
func (*UnwellError) ExitStatus() int { return 3 }

// helped is an error with something to do about it.
type helped struct {
	error
	hint string
}

// Hints says what to do.
func (h helped) Hints() []string { return []string{h.hint} }

// storeDir looks at the store and the disk it is on.
func (d *doctor) storeDir() error {
	var err error
	if d.store, err = source.OpenStore(d.Store); err != nil {
		return helped{err, "name another place with VXLITE_CACHE=DIR"}
	}
	tmp, err := d.store.TempDir()
	if err != nil {
		return helped{fmt.Errorf("%s cannot be written to: %s", d.Store, reason(err)), "name another place with VXLITE_CACHE=DIR"}
	}
	if err := os.RemoveAll(tmp); err != nil {
		return err
	}
	d.ok("cache", "%s, %s", d.Store, megabytes(size(d.Store)))
	d.disk("disk of the cache", d.Store)
	return nil
}

// disk looks at how much room is left.
func (d *doctor) disk(name, dir string) {
	free, ok := freeSpace(dir)
	switch {
	case !ok:
	case free < leastFree:
		d.fail(name, helped{fmt.Errorf("%s free on the disk of %s", megabytes(free), dir), "make room: a server with all plugins takes about a gigabyte to build"})
	default:
		d.ok(name, "%s free", megabytes(free))
	}
}

// size is that of all files below dir, in bytes.
func size(dir string) int64 {
	var n int64
	_ = filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return nil
		}
		if fi, err := e.Info(); err == nil {
			n += fi.Size()
		}
		return nil
	})
	return n
}

func megabytes(n int64) string {
	if n >= 1e9 {
		return fmt.Sprintf("%.1f GB", float64(n)/1e9)
	}
	return fmt.Sprintf("%.1f MB", float64(n)/1e6)
}

// goCommand looks at the go command and its settings.
func (d *doctor) goCommand(ctx context.Context) {
	var err error
	if d.tool, err = gotool.Find(ctx, d.Env, d.store, d.Sink); err != nil {
		d.tool = nil
		d.fail("go", err)
		return
	}
	toolchain := d.tool.Var("GOTOOLCHAIN")
	more := "a newer Go that a plugin asks for is not fetched"
	if mayUpgrade(toolchain) {
		more = "a newer Go that a plugin asks for is fetched"
	}
	d.ok("go", "%s at %s", d.tool.Version(), d.tool.Path)
	d.ok("GOTOOLCHAIN", "%s: %s", toolchain, more)
	d.proxies(ctx)
	private := d.tool.Var("GOPRIVATE")
	if private == "" {
		private = "(none)"
	}
	d.ok("GOPRIVATE", "%s", private)
	if cache := d.tool.Var("GOCACHE"); cache != "" {
		d.ok("GOCACHE", "%s", cache)
		d.disk("disk of GOCACHE", cache)
	}
	pathList, _ := d.Env("PATH")
	if git := run.LookPath("git", pathList); git != "" {
		d.ok("git", "%s, for its credential helpers", git)
	} else {
		d.ok("git", "not installed, and not needed but for its credential helpers")
	}
}

// proxies asks each module proxy of GOPROXY. One that answers anything at all
// but a server's error is there; which modules it has is another question.
func (d *doctor) proxies(ctx context.Context) {
	for _, p := range strings.FieldsFunc(d.tool.Var("GOPROXY"), func(r rune) bool { return r == ',' || r == '|' }) {
		shown := withoutPassword(p)
		switch {
		case p == "off":
			d.ok("GOPROXY", "off: only modules that are in the module cache, or come from git")
		case p == "direct":
			d.ok("GOPROXY", "direct: never used, as the go command runs no git here")
		case strings.HasPrefix(p, "file://"):
			u, err := url.Parse(p)
			if err != nil || !isDir(urlDir(u)) {
				d.fail("GOPROXY", helped{fmt.Errorf("%s: no such directory", shown), "correct it with: go env -w GOPROXY=…"})
			} else {
				d.ok("GOPROXY", "%s", shown)
			}
		case d.Offline:
			d.ok("GOPROXY", "%s, not asked", shown)
		default:
			if err := ask(ctx, p); err != nil {
				d.fail("GOPROXY", helped{fmt.Errorf("%s: %w", shown, err), "set HTTPS_PROXY where one is needed, or name a proxy that can be reached: go env -w GOPROXY=…"})
			} else {
				d.ok("GOPROXY", "%s answers", shown)
			}
		}
	}
}

// urlDir is the directory that a file URL names. On Windows it has a slash
// before the drive.
func urlDir(u *url.URL) string {
	dir := filepath.FromSlash(u.Path)
	if drive := strings.TrimPrefix(dir, string(filepath.Separator)); filepath.VolumeName(drive) != "" {
		return drive
	}
	return dir
}

// ask asks a module proxy for the versions of a module that all of them know.
func ask(ctx context.Context, proxy string) error {
	ctx, cancel := context.WithTimeout(ctx, proxyTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(proxy, "/")+"/golang.org/x/mod/@v/list", nil)
	if err != nil {
		return errors.New("not a URL")
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		var ue *url.Error
		if errors.As(err, &ue) {
			err = ue.Err
		}
		return err
	}
	defer res.Body.Close()
	if res.StatusCode >= 500 || res.StatusCode == http.StatusUnauthorized || res.StatusCode == http.StatusForbidden {
		return errors.New(res.Status)
	}
	return nil
}

func withoutPassword(s string) string {
	u, err := url.Parse(s)
	if err != nil {
		return "(not a URL)"
	}
	return u.Redacted()
}

// remotes asks each repository that the config names, once.
func (d *doctor) remotes(ctx context.Context) error {
	client, err := d.client()
	if err != nil {
		return err
	}
	defer client.Close()
	remotes := resolve.Remotes(ctx, d.Config, resolve.Options{Client: client, Store: d.store, Offline: d.Offline, HTTP: client.HTTP(), Jobs: d.Jobs})
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
	return nil
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
		if f, err := os.Open(c.SSHKey); err != nil {
			d.fail(c.Host, helped{fmt.Errorf("%s:%d: ssh_key %s: %s", c.Pos.File, c.Pos.Line, c.SSHKey, reason(err)), "correct its path in the config; a relative one counts from the config's directory"})
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
				d.warn("mirror", fmt.Errorf("%s has answered for no repository, and another place has: %w", own.URL, first), "correct the mirror, or leave it out: each repository is asked for there first")
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
