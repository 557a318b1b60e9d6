package main

import (
	"time"

	urfave "github.com/urfave/cli/v2"

	"github.com/vxlite/vxlite/internal/audit"
	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/screen"
)

// auditCommand looks for known vulnerabilities.
func (c *cli) auditCommand() *urfave.Command {
	return &urfave.Command{
		Name:  "audit",
		Usage: "find the known vulnerabilities of a binary",
		UsageText: `vxlite audit FILE

Holds the modules of a binary, the functions that are linked, and Go's standard
library, against the Go vulnerability database. For each vulnerability, shows
whether a vulnerable function is linked, the version that fixes it, and how to
get that version. No source is needed, and the binary may be stripped.

The database is --db or GOVULNDB, or else the module golang.org/x/vulndb, from
the same module proxy as all other modules. The exit status is 3 if a vulnerable
function is linked.

   vxlite audit rr
   vxlite audit --db https://vuln.go.dev rr
   vxlite audit --db /srv/vulndb.zip --json rr`,
		Flags: append([]urfave.Flag{
			dbFlag(),
			&urfave.BoolFlag{Name: "offline", Usage: "contact no server: use the module cache's newest database, or a local one"},
		}, screenFlags()...),
		HideHelpCommand: true,
		OnUsageError:    c.badUsage,
		Action: func(ctx *urfave.Context) error {
			c.startScreen(ctx, config.Log{})
			if ctx.Args().Len() != 1 {
				return badLine("audit takes one binary")
			}
			m, err := c.machine(ctx)
			if err != nil {
				return err
			}
			result, err := audit.File(c.ctx, m, c.auditOptions(ctx), ctx.Args().First())
			if err != nil {
				return err
			}
			c.screen.Done(result, func(color bool) string { return screen.AuditText(result, time.Now(), color) })
			return result.Check()
		},
	}
}

func dbFlag() urfave.Flag {
	return &urfave.StringFlag{Name: "db", Usage: "read known vulnerabilities from `DB`: an address, a folder, or a .zip or .tar.zst file", DefaultText: "GOVULNDB, or the module proxy's golang.org/x/vulndb"}
}

// auditOptions say which database is used.
func (c *cli) auditOptions(ctx *urfave.Context) audit.Options {
	o := audit.Options{DB: ctx.String("db")}
	if o.DB == "" {
		o.DB, _ = c.env("GOVULNDB")
	}
	return o
}
