package explain

import (
	"fmt"
	"strings"

	"golang.org/x/mod/module"

	"github.com/vxlite/vxlite/internal/brief"
	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/gotool"
	"github.com/vxlite/vxlite/internal/plan"
)

// ProxyError is a module that could not be had, with those who require it.
type ProxyError struct {
	*gotool.MissingModuleError
	RequiredBy []string
	// Offline says that no proxy could be asked, Vendored that a vendor folder
	// was.
	Offline, Vendored bool
}

// Error implements error: what failed, and below it all the go command said.
func (e *ProxyError) Error() string {
	by := "no git-sourced module requires it directly"
	if len(e.RequiredBy) > 0 {
		by = "it is required by " + brief.List(e.RequiredBy, brief.Most)
	}
	where := e.Failure()
	switch {
	case e.Vendored:
		where = "the vendor folder does not have"
	case e.Offline:
		where = "the module cache does not have"
	}
	return fmt.Sprintf("%s %s %s; %s\n%v", where, e.Path, e.Version, by, e.Err)
}

// Unwrap returns the go command's error.
func (e *ProxyError) Unwrap() error { return e.Err }

// Hints says how to get the module, as by the line that takes it from git.
func (e *ProxyError) Hints() []string {
	if e.Vendored {
		return []string{"it was made for other targets or with another Go version: run vxlite vendor again, with the same --target"}
	}
	if hints := plan.PlaceholderHints(module.Version{Path: e.Path, Version: e.Version}); hints != nil {
		return hints
	}
	if e.Offline {
		return []string{"run the same build once without --offline"}
	}
	fromGit := config.Snippet("take it from git", "[git]", config.Setting{Key: "modules", Value: []string{e.Path}})
	switch {
	case e.Unreachable:
		return []string{"check the network, or name another proxy with GOPROXY: go env GOPROXY shows which is asked"}
	case e.Disabled:
		return []string{"set GOPROXY to a module proxy, or unset it: go env GOPROXY shows what it is"}
	case strings.HasPrefix(e.Status, "5") || strings.HasPrefix(e.Status, "429"):
		return []string{"try again later, or name another proxy with GOPROXY: go env GOPROXY shows which is asked"}
	case e.Status != "":
		return []string{"put a credential for the proxy into ~/.netrc if it needs one, or ask those who run it whether it is to have the module", "or " + fromGit}
	}
	return []string{fromGit, "or ask a proxy that has it, with GOPROXY"}
}

// Missing says who requires a module that could not be had.
func Missing(p *plan.Plan, offline, vendored bool, err *gotool.MissingModuleError) error {
	e := &ProxyError{MissingModuleError: err, Offline: offline, Vendored: vendored}
	for _, m := range p.Modules {
		for _, req := range m.GoMod.Require {
			if req.Mod.Path == err.Path && req.Mod.Version == err.Version {
				e.RequiredBy = append(e.RequiredBy, Label(m))
			}
		}
	}
	return e
}
