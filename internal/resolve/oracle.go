package resolve

import (
	"path"
	"strings"

	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/lock"
	"github.com/vxlite/vxlite/internal/modurl"
	"github.com/vxlite/vxlite/internal/plan"
)

// oracle answers requests from a lock. The zero oracle knows nothing.
type oracle struct {
	file *lock.File
	// written is Config.Written.
	written map[string]string
}

// modules are the lock's entries.
func (o oracle) modules() []lock.Module {
	if o.file == nil {
		return nil
	}
	return o.file.Modules
}

// asked is the ref of a request as a lock has it.
func (w wanted) asked() string {
	if w.requirement != "" {
		return w.requirement
	}
	return w.ref
}

// find returns the entry that answers a request, or nil: one of the same
// repository, ref and folder, and of the module where it is known which.
func (o oracle) find(w wanted, loc modurl.Location) *lock.Module {
	u := o.url(loc.URL)
	for i, e := range o.modules() {
		own := e.Path
		if e.ReplacedBy != "" {
			own, _, _ = strings.Cut(e.ReplacedBy, "@")
		}
		switch {
		case e.URL != u || e.Ref != w.asked() || !sameFolder(e.Folder, loc.Folder, w.path):
		case w.path != "" && w.path != own && !(w.substitute && e.ReplacedBy == ""):
		default:
			return &o.file.Modules[i]
		}
	}
	return nil
}

// sameFolder reports whether a module that was asked for in folder may have
// been found in got, which may be a major version's own folder in it.
func sameFolder(got, folder, modulePath string) bool {
	_, major, _ := module.SplitPathVersion(modulePath)
	sub, ok := majorFolder(folder, major)
	return got == folder || ok && got == sub || modulePath == "" && path.Dir(path.Join("/", got)) == path.Join("/", folder) && isMajor(path.Base(got))
}

func isMajor(s string) bool { return semver.Major(s) == s && s != "v0" && s != "v1" }

// insteadOf returns the entry of a plugin whose files are another module's.
func (o oracle) insteadOf(w wanted, loc modurl.Location) *lock.Module {
	for i, e := range o.modules() {
		if e.InsteadOf == insteadOf(o.url(loc.URL), w.ref) && (w.path == "" || w.path == e.Path) {
			return &o.file.Modules[i]
		}
	}
	return nil
}

func insteadOf(repo, ref string) string { return repo + " " + ref }

// version returns the version that a lock has for a module's files, or "".
func (o oracle) version(m *plan.Module) string {
	u := o.url(m.URL)
	for _, e := range o.modules() {
		if e.URL != u || e.Ref != m.Ref || e.Commit != m.Commit || e.Folder != m.Folder {
			continue
		}
		if _, v, ok := strings.Cut(e.ReplacedBy, "@"); ok {
			return v
		}
		if e.Path == m.Path {
			return e.Version
		}
	}
	return ""
}

// location returns the repository that a lock has for a module path, so that
// its host need not be asked.
func (o oracle) location(w wanted) (modurl.Location, bool) {
	for _, e := range o.modules() {
		if e.Path == w.path && e.Ref == w.asked() && e.ReplacedBy == "" {
			return modurl.Location{URL: e.URL, Folder: e.Folder}, true
		}
	}
	return modurl.Location{}, false
}

// required returns the version of a module that the lock took because go.mod
// files require it, where that is no less than v. Where a lock fits, it is what
// the closure ends in, and lower versions on the way need not be read.
func (o oracle) required(p, v string) string {
	if o.file != nil {
		if e := o.file.Lookup(p); e != nil && semver.IsValid(e.Ref) && e.Ref == e.Version && semver.Compare(e.Ref, v) > 0 {
			return e.Ref
		}
	}
	return v
}

// url returns a clone URL as the lock has it.
func (o oracle) url(repo string) string { return lock.URL(repo, o.written) }

// notLocked remembers a request that the lock does not answer.
func (r *resolver) notLocked(w wanted) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.unlocked = append(r.unlocked, strings.TrimSpace(w.name+" "+w.asked()))
}

// Named returns the module paths that the names of a config have in a lock:
// of plugins, and of RoadRunner as "roadrunner". Local directories have none.
func Named(cfg *config.Config, f *lock.File) map[string]string {
	o := oracle{file: f, written: cfg.Written}
	out := map[string]string{}
	if p := o.path(wanted{url: cfg.RoadRunner.URL, ref: cfg.RoadRunner.Ref}); p != "" {
		out["roadrunner"] = p
	}
	for _, c := range cfg.Plugins {
		w := wanted{path: c.ModulePath, url: c.URL, ref: c.Ref, folder: c.Folder}
		if p := o.path(w); p != "" && c.Path == "" {
			out[c.Name] = p
		}
	}
	return out
}

// path returns the module path of a request: its own, else that of the entry
// that answers it, else that of an entry of the same repository and folder,
// whose ref the config had before.
func (o oracle) path(w wanted) string {
	if w.path != "" {
		return w.path
	}
	loc := modurl.Location{URL: w.url, Folder: w.folder}
	if e := o.insteadOf(w, loc); e != nil {
		return e.Path
	}
	if e := o.find(w, loc); e != nil {
		return e.Path
	}
	for _, e := range o.modules() {
		if e.URL == o.url(w.url) && sameFolder(e.Folder, w.folder, "") {
			return e.Path
		}
	}
	return ""
}
