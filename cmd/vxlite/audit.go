package main

import (
	"context"
	"slices"
	"time"

	urfave "github.com/urfave/cli/v2"

	"github.com/vxlite/vxlite/internal/audit"
	"github.com/vxlite/vxlite/internal/build"
	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/event"
	"github.com/vxlite/vxlite/internal/manifest"
	"github.com/vxlite/vxlite/internal/screen"
	"github.com/vxlite/vxlite/internal/workspace"
)

// auditCommand looks for known vulnerabilities.
func (c *cli) auditCommand() *urfave.Command {
	return &urfave.Command{
		Name:  "audit",
		Usage: "find the known vulnerabilities of a config, a binary or a lock",
		UsageText: `vxlite audit [FILE]

Holds the modules of a binary, the functions that are linked, and Go's standard
library, against the Go vulnerability database. For each vulnerability, shows
whether a vulnerable function is linked, the version that fixes it, and how to
get that version. No source is needed, and the binary may be stripped.

Without FILE, the config is built, and the binary thrown away. Then it is known
which plugins bring each module, and [audit] in the config counts: vulnerabilities
to ignore, and licences to allow. Of a velox.lock, only the versions are compared.

The database is --db or GOVULNDB, or else the module golang.org/x/vulndb, from
the same module proxy as all other modules. The exit status is 3 if a vulnerable
function is linked.

   vxlite audit
   vxlite audit rr
   vxlite audit velox.lock                   at once: nothing is fetched or compiled
   vxlite audit -c velox.toml rr             with the [audit] ignore of the config
   vxlite audit --db https://vuln.go.dev rr
   vxlite audit --db /srv/vulndb.zip -f sarif rr > audit.sarif`,
		Flags: append([]urfave.Flag{
			dbFlag(),
			&urfave.StringFlag{Name: "format", Aliases: []string{"f"}, Value: auditFormats[0], Usage: "`FORMAT`: text, json, sarif, openvex"},
			&urfave.StringFlag{Name: "vendor", Usage: "audit what is built from the vendor folder `DIR`, or a .tar.zst of one, by the database in it"},
			compileCacheFlag(),
			signedByFlag(),
			targetFlag(),
		}, sharedFlags()...),
		HideHelpCommand: true,
		OnUsageError:    c.badUsage,
		Action:          c.audit,
	}
}

// auditFormats are those of a result, the usual one first.
var auditFormats = append([]string{"text"}, audit.Formats...)

func (c *cli) audit(ctx *urfave.Context) error {
	format := ctx.String("format")
	if !slices.Contains(auditFormats, format) {
		return &config.NameError{Flag: "--format", Name: format, Known: auditFormats, Of: "unknown format"}
	}
	var result *audit.Result
	var err error
	if !ctx.IsSet("vendor") && (ctx.IsSet("with-compile-cache") || ctx.IsSet("signed-by")) {
		return errWithoutVendor
	}
	switch ctx.Args().Len() {
	case 0:
		if ctx.IsSet("vendor") {
			err = c.withVendored(ctx, func(m workspace.Machine, p workspace.Project) (err error) {
				result, err = audit.Config(c.ctx, m, p, c.auditOptions(ctx))
				return err
			})
		} else {
			result, err = c.auditConfig(ctx)
		}
	case 1:
		if ctx.IsSet("vendor") {
			return badLine("audit takes a binary or --vendor, not both")
		}
		result, err = c.auditFile(ctx)
	default:
		return badLine("audit takes one binary or lock, or none for the config")
	}
	if err != nil {
		return err
	}
	if err := c.showAudit(result, format); err != nil {
		return err
	}
	return result.Check()
}

func (c *cli) auditConfig(ctx *urfave.Context) (*audit.Result, error) {
	m, p, err := c.inputs(ctx)
	if err != nil {
		return nil, err
	}
	return audit.Config(c.ctx, m, p, c.auditOptions(ctx))
}

// auditFile needs no config: the binary says what is in it. One that is named says
// what to ignore.
func (c *cli) auditFile(ctx *urfave.Context) (*audit.Result, error) {
	c.startScreen(ctx, config.Log{})
	o := c.auditOptions(ctx)
	if ctx.IsSet("config") {
		cfg, err := c.readConfig(ctx)
		if err != nil {
			return nil, err
		}
		o.Ignore = cfg.Audit.Ignore
	}
	m, err := c.machine(ctx)
	if err != nil {
		return nil, err
	}
	return audit.File(c.ctx, m, o, ctx.Args().First())
}

// showAudit shows what was found.
func (c *cli) showAudit(r *audit.Result, format string) error {
	for _, text := range r.Notes {
		c.screen.Show(event.Event{Kind: event.Note, Text: text})
	}
	if format == auditFormats[0] {
		c.screen.Done(r, func(color bool) string { return screen.AuditText(r, time.Now(), color) })
		return nil
	}
	data, err := r.Format(format, manifest.ToolVersion(), time.Now())
	if err == nil {
		c.screen.ShowDocument(data)
	}
	return err
}

// auditLinked is what refuses a binary with known vulnerabilities, where that is
// asked for.
func (c *cli) auditLinked(ctx *urfave.Context) func(context.Context, *workspace.Workspace) (build.Linked, error) {
	if !ctx.Bool("audit") {
		return nil
	}
	return func(run context.Context, w *workspace.Workspace) (build.Linked, error) {
		a, err := audit.Begin(run, w, c.auditOptions(ctx))
		return func(run context.Context, w *workspace.Workspace, t config.Target, file string) error {
			r, err := a.Built(run, w, t, file)
			if err != nil {
				return err
			}
			return c.judge(r)
		}, err
	}
}

// judge shows what was found in a binary, and refuses it for what counts.
func (c *cli) judge(r *audit.Result) error {
	if r.Check() != nil {
		if err := c.showAudit(r, auditFormats[0]); err != nil {
			return err
		}
		return r.Check()
	}
	for _, text := range append(r.Notes, screen.AuditNote(r, time.Now())) {
		c.screen.Show(event.Event{Kind: event.Note, Text: text})
	}
	return nil
}

func dbFlag() urfave.Flag {
	return &urfave.StringFlag{Name: "db", Usage: "read known vulnerabilities from `DB`: an address, a folder, or a .zip or .tar.zst file", DefaultText: "GOVULNDB, or the module proxy's golang.org/x/vulndb"}
}

// auditOptions say which database is used.
func (c *cli) auditOptions(ctx *urfave.Context) audit.Options {
	o := audit.Options{DB: ctx.String("db"), Now: time.Now()}
	if o.DB == "" && !ctx.IsSet("vendor") { // which has all that counts
		o.DB, _ = c.env("GOVULNDB")
	}
	return o
}
