package resolve

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/config/parse"
	"github.com/vxlite/vxlite/internal/plan"
	"github.com/vxlite/vxlite/internal/source"
	"github.com/vxlite/vxlite/internal/store"
	"github.com/vxlite/vxlite/internal/testkit"
)

// noEnv is an empty environment.
func noEnv(string) (string, bool) { return "", false }

// roadRunnerArchive stands in for RoadRunner, with what resolving looks at.
const roadRunnerArchive = `
url github.com/roadrunner-server/roadrunner
branch master
add 1
commit 2026-05-15T13:00:00Z Version 2025.1.14
tag v2025.1.14
tag -a v2025.1.15
-- 1/go.mod --
module github.com/roadrunner-server/roadrunner/v2025

go 1.26.0

require (
	example.com/third/tally v1.0.0
	github.com/roadrunner-server/config/v5 v5.1.9
	github.com/roadrunner-server/headers/v5 v5.2.0
	github.com/roadrunner-server/http/v5 v5.3.0
	github.com/roadrunner-server/informer/v5 v5.1.9
	github.com/roadrunner-server/resetter/v5 v5.1.9
	github.com/roadrunner-server/rpc/v5 v5.1.9
)

exclude example.com/third/tally v1.0.2

replace example.com/third/tally v1.0.0 => example.com/third/tally v1.0.1
-- 1/cmd/rr/main.go --
package main

import "github.com/roadrunner-server/roadrunner/v2025/internal/cli"

func main() { cli.Run() }
-- 1/container/config.go --
package container

import _ "github.com/roadrunner-server/config/v5"
-- 1/container/plugins.go --
package container

import (
	"github.com/roadrunner-server/headers/v5"
	httpPlugin "github.com/roadrunner-server/http/v5"
	"github.com/roadrunner-server/informer/v5"
	"github.com/roadrunner-server/resetter/v5"
	rpcPlugin "github.com/roadrunner-server/rpc/v5"
)

func Plugins() []any {
	return []any{
		&informer.Plugin{},
		&resetter.Plugin{},
		&rpcPlugin.Plugin{},
		&httpPlugin.Plugin{},
		&headers.Plugin{},
	}
}
-- 1/internal/cli/cli.go --
package cli

import (
	_ "example.com/third/tally"
	_ "github.com/roadrunner-server/http/v5/api"
)

func Run() {}
-- 1/internal/cli/cli_test.go --
package cli

import _ "github.com/roadrunner-server/rpc/v5"
`

// release is the archive of a repository of github.com/acme with one tagged
// commit of a module that has only a go.mod; more is added to that.
func release(name, tag, more string) string {
	return "url github.com/acme/" + name + "\nbranch main\nadd 1\ncommit 2026-01-05T09:00:00Z One\ntag " + tag +
		"\n-- 1/go.mod --\nmodule github.com/acme/" + name + "\n\ngo 1.25\n" + more
}

// requires is a line of go.mod.
func requires(path, version string) string { return "\nrequire " + path + " " + version + "\n" }

// world is a directory of repositories that stand in for github.com.
type world struct {
	t     *testing.T
	dir   string
	store *store.Store
	repos map[string]*testkit.Repo // by OWNER/NAME
}

// newWorld writes repositories, RoadRunner's besides.
func newWorld(t *testing.T, archives ...string) *world {
	t.Helper()
	w := &world{t: t, dir: t.TempDir(), repos: map[string]*testkit.Repo{}}
	for _, a := range append([]string{roadRunnerArchive}, archives...) {
		r := testkit.MustParse(t, a)
		if err := r.Write(w.dir); err != nil {
			t.Fatal(err)
		}
		w.repos[strings.TrimSuffix(r.Path(), ".git")] = r
	}
	return w.fresh(t)
}

// fresh is the same world with an empty store.
func (w *world) fresh(t *testing.T) *world {
	t.Helper()
	store, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return &world{t: t, dir: w.dir, store: store, repos: w.repos}
}

// commit is the commit that a ref of a repository leads to.
func (w *world) commit(repo, ref string) string {
	w.t.Helper()
	c := w.repos[repo].Commit(ref)
	if c == "" {
		w.t.Fatalf("%s has no %s", repo, ref)
	}
	return c
}

// config reads a config file, which is given RoadRunner and a mirror unless it
// names its own.
func (w *world) config(text string) *config.Config {
	w.t.Helper()
	if !strings.Contains(text, "[roadrunner]") {
		text += "\n[roadrunner]\nref = \"v2025.1.15\"\n"
	}
	if !strings.Contains(text, "[mirrors]") {
		text += "\n[mirrors]\n\"https://github.com/\" = \"" + filepath.ToSlash(w.dir) + "/\"\n"
	}
	c, err := parse.Data("velox.toml", []byte(text), w.dir, noEnv)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// resolve makes the plan for a config file.
func (w *world) resolve(text string) (*plan.Plan, error) {
	w.t.Helper()
	return w.resolveWith(text, Options{})
}

// resolveWith is resolve with options; store and client are the world's own.
func (w *world) resolveWith(text string, o Options) (*plan.Plan, error) {
	w.t.Helper()
	cfg := w.config(text)
	client, err := source.NewClient(source.Options{Store: w.store, Env: noEnv, Mirrors: cfg.Mirrors, Git: cfg.Git, Jobs: 4, Offline: o.Offline})
	if err != nil {
		w.t.Fatal(err)
	}
	defer client.Close()
	o.Client, o.Store, o.Jobs = client, w.store, 4
	return Resolve(w.t.Context(), cfg, o)
}

// mustResolve is resolve for what must not fail.
func (w *world) mustResolve(text string) *plan.Plan {
	w.t.Helper()
	p, err := w.resolve(text)
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

// modules lists a plan's modules but RoadRunner, "PATH VERSION" for each.
func modules(p *plan.Plan) string {
	var out []string
	for _, m := range p.Modules {
		if m != p.RoadRunner {
			out = append(out, m.Path+" "+m.Version)
		}
	}
	return strings.Join(out, "\n")
}

// describe is a plan in text, whole but for directories.
func describe(p *plan.Plan) string {
	var b strings.Builder
	for _, m := range p.Modules {
		fmt.Fprintf(&b, "module %s %s %.12s", m.Path, m.Version, m.Commit)
		for _, field := range []struct{ name, value string }{{"folder", m.Folder}, {"ref", m.Ref}, {"name", m.Name()}, {"url", m.URL}} {
			if field.value != "" {
				fmt.Fprintf(&b, " %s=%s", field.name, field.value)
			}
		}
		if m.Pinned {
			b.WriteString(" pinned")
		}
		if m.Local {
			b.WriteString(" local")
		}
		b.WriteString("\n")
	}
	for _, pl := range p.Plugins {
		fmt.Fprintf(&b, "plugin %s %s.%s", pl.Name, pl.Import, pl.Symbol)
		if pl.Module != pl.Import {
			fmt.Fprintf(&b, " of %s", pl.Module)
		}
		if pl.Bundled {
			b.WriteString(" bundled")
		}
		b.WriteString("\n")
	}
	for _, r := range p.Replaces {
		fmt.Fprintf(&b, "replace %s => %s by %s\n", r.Old, r.New, r.By)
	}
	for _, e := range p.Excludes {
		fmt.Fprintf(&b, "exclude %s\n", e)
	}
	for _, o := range p.Overruled {
		fmt.Fprintf(&b, "overruled %s of %s\n", o.Module, o.By)
	}
	for _, n := range append(p.Notes, p.Overrulings...) {
		fmt.Fprintf(&b, "note %s\n", n)
	}
	return b.String()
}

// wantText compares texts of several lines.
func wantText(t *testing.T, what, got, want string) {
	t.Helper()
	if strings.TrimSpace(got) != strings.TrimSpace(want) {
		t.Errorf("%s:\n%s\nwant:\n%s", what, strings.TrimSpace(got), strings.TrimSpace(want))
	}
}

// wantError holds an error's whole text, and all hints of it and what it
// wraps, against the wanted.
func wantError(t *testing.T, err error, want string, hints ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want:\n%s", want)
	}
	if testkit.Unix(err.Error()) != testkit.Unix(want) {
		t.Errorf("error:\n%s\nwant:\n%s", err, want)
	}
	if got := allHints(err); !slices.Equal(got, hints) {
		t.Errorf("hints:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(hints, "\n"))
	}
}

func allHints(err error) []string {
	var out []string
	if h, ok := err.(interface{ Hints() []string }); ok {
		out = h.Hints()
	}
	if list, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range list.Unwrap() {
			out = append(out, allHints(e)...)
		}
	}
	if e := errors.Unwrap(err); e != nil {
		out = append(out, allHints(e)...)
	}
	return out
}
