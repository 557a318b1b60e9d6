package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	urfave "github.com/urfave/cli/v2"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/manifest"
	"github.com/vxlite/vxlite/internal/near"
	"github.com/vxlite/vxlite/internal/rryaml"
	"github.com/vxlite/vxlite/internal/screen"
)

// cli is what the commands share.
type cli struct {
	ctx            context.Context
	args           []string // the whole command line
	env            lookup
	stdout, stderr io.Writer
	opts           screen.Options
	screen         *screen.Screen
	help           strings.Builder // what urfave/cli prints: nothing else
	notFound       string          // a command that help was asked for, and that there is not
}

// usageError is a command line that means nothing.
type usageError struct {
	error
	command string // whose help says what would, if one was given
	hint    string // says more than the help
}

// ExitStatus implements the interface that picks the exit status.
func (usageError) ExitStatus() int { return screen.ExitUsage }

// Hints says where to read on.
func (e usageError) Hints() []string {
	if e.hint != "" {
		return []string{e.hint}
	}
	return []string{strings.TrimSpace("see vxlite help " + e.command)}
}

// badLine is a usageError, of which command hasItsHelp says.
func badLine(format string, args ...any) error { return usageError{error: fmt.Errorf(format, args...)} }

// hasItsHelp has the usage errors of a command name it.
func hasItsHelp(cmd *urfave.Command) {
	of := func(err error) error {
		if e, ok := err.(usageError); ok {
			e.command = cmd.Name
			return e
		}
		return err
	}
	before, action, bad := cmd.Before, cmd.Action, cmd.OnUsageError
	if before != nil {
		cmd.Before = func(ctx *urfave.Context) error { return of(before(ctx)) }
	}
	cmd.Action = func(ctx *urfave.Context) error {
		if err := cmp.Or(noArguments(ctx), noStream(ctx)); err != nil {
			return of(err)
		}
		return of(action(ctx))
	}
	cmd.OnUsageError = func(ctx *urfave.Context, err error, sub bool) error { return of(bad(ctx, err, sub)) }
}

// noStream refuses what means a standard stream to other programs.
func noStream(ctx *urfave.Context) error {
	for _, name := range []string{"output", "config"} {
		if ctx.String(name) == "-" {
			return badLine("-%c -: the standard streams are not supported; for a file of that name, write ./-", name[0])
		}
	}
	if ctx.Command.Name == "workspace" && ctx.Args().First() == "-" {
		return badLine("workspace -: the standard streams are not supported; for a directory of that name, write ./-")
	}
	return nil
}

// badUsage words what is wrong with a flag. It keeps urfave/cli from printing
// its help below an error.
func (c *cli) badUsage(ctx *urfave.Context, err error, _ bool) error {
	text := err.Error()
	if flag, ok := strings.CutPrefix(text, "flag provided but not defined: -"); ok {
		return c.unknownFlag(ctx, strings.TrimLeft(flag, "-"))
	}
	if flag, ok := strings.CutPrefix(text, "flag needs an argument: -"); ok {
		return badLine("%s needs a value", dashed(strings.TrimLeft(flag, "-")))
	}
	var value, flag string
	if n, _ := fmt.Sscanf(text, "invalid value %q for flag -%s", &value, &flag); n == 2 { // of --jobs, the only number
		return badLine("%s needs a number such as %d, got %q", dashed(strings.TrimSuffix(flag, ":")), defaultJobs, value)
	}
	if n, _ := fmt.Sscanf(text, "invalid boolean value %q for -%s", &value, &flag); n == 2 {
		return badLine("%s takes no value but true or false, got %q", dashed(strings.TrimSuffix(flag, ":")), value)
	}
	var other string
	if n, _ := fmt.Sscanf(text, "Cannot use two forms of the same flag: %s %s", &flag, &other); n == 2 {
		return badLine("%s and %s mean the same: give one of them", dashed(flag), dashed(other))
	}
	return usageError{error: err}
}

// unknownFlag says that a command has no such flag, and which one is near. A
// value behind an equals sign is not said: it may be a secret.
func (c *cli) unknownFlag(ctx *urfave.Context, flag string) error {
	name, _, _ := strings.Cut(flag, "=")
	typed := dashed(name)
	for _, arg := range c.args {
		if arg, _, _ = strings.Cut(arg, "="); arg == "-"+name { // short flags in one, or a long one as Go writes it
			typed = arg
		}
	}
	if name == "version" { // of the program alone, or of something else
		return usageError{error: fmt.Errorf("%s: %s has no such flag", typed, ctx.Command.Name),
			hint: "vxlite version prints that of vxlite; RoadRunner's is the ref in the config, or of --rr-ref"}
	}
	flags, of := ctx.App.Flags, "unknown flag"
	if ctx.Command != nil && ctx.Command.Name != "" && ctx.Command.Name != ctx.App.Name {
		flags, of = ctx.Command.Flags, ctx.Command.Name+" has no such flag"
	}
	var known []string
	for _, f := range flags {
		known = append(known, dashed(f.Names()[0]))
	}
	if name == "o" && slices.Contains(known, rryaml.SetFlag) {
		return usageError{error: fmt.Errorf("%s: %s", typed, of), hint: "what rr serve takes as -o KEY=VALUE is " + rryaml.SetFlag + " KEY=VALUE here"}
	}
	if len(near.Paths(typed, known)) == 0 {
		return badLine("%s: %s", typed, of)
	}
	return &config.NameError{Name: typed, Known: known, Of: of}
}

// dashed writes a flag as the help does.
func dashed(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}

// app describes the command line.
func (c *cli) app() *urfave.App {
	app := &urfave.App{
		Name:                      "vxlite",
		Usage:                     "build a custom RoadRunner server from a velox.toml",
		UsageText:                 "vxlite COMMAND [OPTIONS]",
		Version:                   manifest.ToolVersion(),
		HideVersion:               true, // -v is --verbose here
		HideHelpCommand:           false,
		UseShortOptionHandling:    true,
		DisableSliceFlagSeparator: true, // a URL may hold a comma
		Writer:                    &c.help,
		ErrWriter:                 io.Discard,
		ExitErrHandler:            func(*urfave.Context, error) {}, // run reports
		OnUsageError:              c.badUsage,
		CommandNotFound:           func(_ *urfave.Context, name string) { c.notFound = name }, // by help
		Flags:                     []urfave.Flag{&urfave.BoolFlag{Name: "version", Usage: "print vxlite's version"}},
		Commands: []*urfave.Command{c.buildCommand(), c.runCommand(), c.workspaceCommand(), c.checkCommand(), c.graphCommand(),
			c.lockCommand(), c.updateCommand(), c.patchCommand(), c.outdatedCommand(), c.upgradeCommand(), c.auditCommand(), c.vendorCommand(), c.mirrorCommand(), c.initCommand(), c.addCommand(), c.removeCommand(), c.newCommand(), c.migrateCommand(),
			c.doctorCommand(), c.cacheCommand(), c.completionCommand(), c.inspectCommand(), c.sizeCommand(), c.sbomCommand(), c.verifyCommand(),
			c.imageCommand(), c.schemaCommand(), c.versionCommand()},
		Action: func(ctx *urfave.Context) error {
			if ctx.Bool("version") {
				return c.printVersion()
			}
			if ctx.Args().Present() {
				return c.unknownCommand(ctx, ctx.Args().First())
			}
			return urfave.ShowAppHelp(ctx)
		},
	}
	hideFalse(app.Flags)
	for _, cmd := range app.Commands {
		hideFalse(cmd.Flags)
		hasItsHelp(cmd)
	}
	return app
}

// hideFalse keeps "(default: false)" out of the help.
func hideFalse(flags []urfave.Flag) {
	for _, f := range flags {
		if b, ok := f.(*urfave.BoolFlag); ok {
			b.DisableDefaultText = true
		}
	}
}

// unknownCommand says that there is no such command, and which one is near.
// What stands behind a mistyped flag is no command, but its value.
func (c *cli) unknownCommand(ctx *urfave.Context, name string) error {
	known := flagNames(ctx.App, nil)
	before := c.args[1:] // the program itself may have the name
	before = before[:max(0, slices.Index(before, name))]
	for _, arg := range before {
		if flag, _, _ := strings.Cut(arg, "="); strings.HasPrefix(flag, "--") && !slices.Contains(known, flag) {
			return &config.NameError{Name: flag, Known: known, Of: "unknown flag"}
		}
	}
	return noCommand(ctx.App, name)
}

func noCommand(app *urfave.App, name string) error {
	return &config.NameError{Name: name, Known: commandNames(app), Of: "unknown command"}
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
