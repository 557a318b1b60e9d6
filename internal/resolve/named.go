package resolve

import (
	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/lock"
	"github.com/vxlite/vxlite/internal/modurl"
)

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
