package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	urfave "github.com/urfave/cli/v2"

	"github.com/vxlite/vxlite/internal/manifest"
)

// cli is what the commands share.
type cli struct {
	ctx            context.Context
	args           []string // the whole command line
	env            lookup
	stdout, stderr io.Writer
	opts           screenOptions
	screen         *screen
}

// usageError is a command line that means nothing.
type usageError struct{ error }

// ExitStatus implements the interface that picks the exit status.
func (usageError) ExitStatus() int { return exitUsage }

// Hints says where to read on.
func (usageError) Hints() []string { return []string{"see vxlite help"} }

// badUsage keeps urfave/cli from printing its help below an error.
func badUsage(_ *urfave.Context, err error, _ bool) error { return usageError{err} }

// app describes the command line.
func (c *cli) app() *urfave.App {
	return &urfave.App{
		Name:                      "vxlite",
		Usage:                     "build a custom RoadRunner server from a velox.toml",
		UsageText:                 "vxlite COMMAND [OPTIONS]",
		Version:                   manifest.ToolVersion(),
		HideVersion:               true, // -v is --verbose here
		HideHelpCommand:           false,
		UseShortOptionHandling:    true,
		Suggest:                   true,
		DisableSliceFlagSeparator: true, // a URL may hold a comma
		Writer:                    c.stdout,
		ErrWriter:                 io.Discard,
		ExitErrHandler:            func(*urfave.Context, error) {}, // run reports
		OnUsageError:              badUsage,
		Flags:                     []urfave.Flag{&urfave.BoolFlag{Name: "version", Usage: "print vxlite's version"}},
		Commands: []*urfave.Command{c.buildCommand(), c.runCommand(), c.workspaceCommand(), c.checkCommand(), c.graphCommand(),
			c.lockCommand(), c.updateCommand(), c.vendorCommand(), c.initCommand(), c.newCommand(), c.migrateCommand(),
			c.doctorCommand(), c.cacheCommand(), c.completionCommand(), c.inspectCommand(), c.sbomCommand(), c.verifyCommand(),
			c.imageCommand(), c.versionCommand()},
		Action: func(ctx *urfave.Context) error {
			if ctx.Bool("version") {
				return c.printVersion()
			}
			if ctx.Args().Present() {
				return usageError{c.unknown(ctx.Args().First(), ctx.App)}
			}
			return urfave.ShowAppHelp(ctx)
		},
	}
}

// unknown says that there is no such command, and which one is near.
func (c *cli) unknown(name string, app *urfave.App) error {
	msg := fmt.Sprintf("there is no command %q", name)
	if near := urfave.SuggestCommand(app.Commands, name); near != "" {
		msg += ". " + near // a sentence of its own
	}
	return errors.New(msg)
}

// flagsBehindCommand moves a command's flags that stand before its name to
// behind it, and its other arguments behind all flags: both orders are in use
// with Velox, and urfave/cli takes flags in one place only. What follows "--"
// stays as it is.
func flagsBehindCommand(args []string, app *urfave.App) []string {
	var flags, names []string
	rest := args[1:]
	for len(rest) > 0 {
		arg := rest[0]
		rest = rest[1:]
		switch {
		case arg == "--":
			names = append(append(names, arg), rest...)
			rest = nil
		case len(arg) < 2 || arg[0] != '-':
			names = append(names, arg)
		default:
			flags = append(flags, arg)
			if takesValue(arg, app) && len(rest) > 0 {
				flags = append(flags, rest[0])
				rest = rest[1:]
			}
		}
	}
	if len(names) == 0 || names[0] == "--" {
		return slices.Concat(args[:1], flags, names)
	}
	return slices.Concat(args[:1], names[:1], flags, names[1:])
}

// takesValue reports whether a flag of any command is followed by its value.
func takesValue(arg string, app *urfave.App) bool {
	name := strings.TrimLeft(arg, "-")
	if strings.Contains(name, "=") {
		return false
	}
	for _, cmd := range app.Commands {
		for _, f := range cmd.Flags {
			if _, isBool := f.(*urfave.BoolFlag); !isBool && slices.Contains(f.Names(), name) {
				return true
			}
		}
	}
	return false
}
