package main

import (
	urfave "github.com/urfave/cli/v2"

	"github.com/vxlite/vxlite/internal/schema"
)

// schemaCommand prints what an editor has to know of velox.toml.
func (c *cli) schemaCommand() *urfave.Command {
	return &urfave.Command{
		Name:  "schema",
		Usage: "print the JSON Schema of velox.toml, for editors",
		UsageText: `vxlite schema

Prints a JSON Schema (2020-12) of velox.toml, with which editors complete, explain
and check its keys. Editors with taplo, such as VS Code with Even Better TOML,
find it by the first line of a config, which vxlite init writes. Without access
to GitHub, keep the schema beside the config:

   vxlite schema > velox.schema.json         for a line #:schema ./velox.schema.json`,
		HideHelpCommand: true,
		OnUsageError:    c.badUsage,
		Action: func(ctx *urfave.Context) error {
			text, err := schema.JSON()
			if err != nil {
				return err
			}
			_, err = c.stdout.Write(text)
			return err
		},
	}
}
