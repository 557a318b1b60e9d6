package main

import (
	"fmt"

	urfave "github.com/urfave/cli/v2"

	"github.com/vxlite/vxlite/internal/manifest"
)

// versionCommand prints the program's own version, as the flag --version does.
func (c *cli) versionCommand() *urfave.Command {
	return &urfave.Command{
		Name:  "version",
		Usage: "print vxlite's version",
		UsageText: `vxlite version

Prints the tag or the commit that vxlite was built from, and the format of what
it builds. Versions of the same format build the same bytes from the same config
and lock. For the format of a server, see vxlite inspect.

   vxlite version`,
		HideHelpCommand: true,
		OnUsageError:    c.badUsage,
		Action: func(ctx *urfave.Context) error {
			return c.printVersion()
		},
	}
}

func (c *cli) printVersion() error {
	_, err := fmt.Fprintf(c.stdout, "vxlite version %s, format %d\n", manifest.ToolVersion(), manifest.Format)
	return err
}
