package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	urfave "github.com/urfave/cli/v2"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/config/parse"
	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/event"
	"github.com/vxlite/vxlite/internal/screen"
	"github.com/vxlite/vxlite/internal/workspace"
)

// defaultJobs is how many conversations with servers go on at once. OpenSSH
// carries ten sessions on a connection unless told otherwise.
const defaultJobs = 8

// sharedFlags are those of every command that reads a config.
func sharedFlags() []urfave.Flag {
	return append([]urfave.Flag{
		configFlag("read the config from `FILE`"),
		&urfave.StringSliceFlag{Name: "with", Usage: "for this run, take a plugin or another module from `NAME=DIR`, NAME=MODULE@VERSION or NAME=URL@REF (repeatable)"},
		mirrorFlag(),
		&urfave.IntFlag{Name: "jobs", Aliases: []string{"j"}, Value: defaultJobs, Usage: "fetch from `N` repositories at once"},
		&urfave.BoolFlag{Name: "locked", Usage: "fail if velox.lock does not fit the config, and never write it"},
		&urfave.BoolFlag{Name: "offline", Usage: "contact no server: use the store, local paths and the go command's module cache"},
	}, screenFlags()...)
}

// configFlag names the config; usage says what the command does with it.
func configFlag(usage string) urfave.Flag {
	return &urfave.StringFlag{Name: "config", Aliases: []string{"c"}, Value: "velox.toml", Usage: usage}
}

// screenFlags say what is shown, and how.
func screenFlags() []urfave.Flag {
	return []urfave.Flag{
		&urfave.BoolFlag{Name: "verbose", Aliases: []string{"v"}, Usage: "show each step and each package"},
		&urfave.BoolFlag{Name: "commands", Aliases: []string{"x"}, Usage: "print each command that is run, and why"},
		jsonFlag(),
		quietFlag(),
	}
}

// mirrorFlag says where repositories are.
func mirrorFlag() urfave.Flag {
	return &urfave.StringSliceFlag{Name: "mirror", Usage: "clone URLs that begin with FROM from TO: `FROM=TO` (repeatable)"}
}

// jsonFlag and quietFlag change how things are shown.
func jsonFlag() urfave.Flag {
	return &urfave.BoolFlag{Name: "json", Usage: "print events as JSON lines: the result to stdout, the rest to stderr"}
}

func quietFlag() urfave.Flag {
	return &urfave.BoolFlag{Name: "quiet", Aliases: []string{"q"}, Usage: "print errors only"}
}

// rrSetFlag overrides what a .rr.yaml has. rr's own -o would be taken for --output.
func rrSetFlag() urfave.Flag {
	return &urfave.StringSliceFlag{Name: "rr-set", Usage: "with --rr, as rr serve -o: set `KEY=VALUE`, such as http.address=:8080 (repeatable)"}
}

// rrSetAlone refuses --rr-set without --rr.
func rrSetAlone(ctx *urfave.Context) error {
	if ctx.IsSet("rr-set") && !ctx.IsSet("rr") {
		return badLine("--rr-set sets something over the file of --rr, and there is none")
	}
	return nil
}

// targetFlag picks platforms.
func targetFlag() urfave.Flag {
	return &urfave.StringSliceFlag{Name: "target", Usage: "for the platform `OS/ARCH`, or OS/ARCH/VARIANT such as linux/arm/v6 (repeatable)"}
}

// tableFlag asks for all of a result, as --verbose does.
func tableFlag() urfave.Flag {
	return &urfave.BoolFlag{Name: "table", Usage: "list everything that went in, as -v does"}
}

func wantsTable(ctx *urfave.Context) bool { return ctx.Bool("table") || ctx.Bool("verbose") }

// startScreen sets the screen up as the flags say.
func (c *cli) startScreen(ctx *urfave.Context, log config.Log) {
	opts := c.opts
	opts.JSON = ctx.Bool("json")
	opts.Quiet = ctx.Bool("quiet")
	opts.Verbose = ctx.Bool("verbose") || log.Level == "debug" && !opts.Quiet
	opts.TraceCommands = ctx.Bool("commands")
	c.screen = screen.New(c.stdout, c.stderr, opts)
}

// readConfig reads the config and lays the flags over it.
func (c *cli) readConfig(ctx *urfave.Context) (*config.Config, error) {
	return c.readConfigFile(ctx, ctx.String("config"), c.env)
}

// readConfigFile does the same with another file than -c names.
func (c *cli) readConfigFile(ctx *urfave.Context, file string, env lookup) (*config.Config, error) {
	return c.readConfigBy(ctx, func() (*config.Config, error) { return parse.File(file, env) })
}

// readConfigBy does the same with what a function reads.
func (c *cli) readConfigBy(ctx *urfave.Context, read func() (*config.Config, error)) (*config.Config, error) {
	c.startScreen(ctx, config.Log{}) // for the errors until the config is read
	cfg, err := read()
	if err != nil {
		return nil, badConfig(ctx, err)
	}
	c.startScreen(ctx, cfg.Log)
	if err := c.layFlags(ctx, cfg); err != nil {
		return nil, err
	}
	for _, n := range cfg.Notes {
		text := n.Text
		if n.Pos.Line > 0 {
			text = n.Pos.String() + ": " + text
		}
		c.screen.Sink().Send(event.Event{Kind: event.Note, Text: text})
	}
	return cfg, nil
}

// mirrorsFrom reads the flags --mirror.
func mirrorsFrom(ctx *urfave.Context) ([]config.Mirror, error) {
	var mirrors []config.Mirror
	for _, s := range ctx.StringSlice("mirror") {
		if from, to, ok := strings.Cut(s, "="); ok {
			s = from + "=" + absoluteIfLocal(to)
		}
		m, err := parse.Mirror(s)
		if err != nil {
			return nil, usageError{error: err}
		}
		mirrors = append(mirrors, m)
	}
	return mirrors, nil
}

// layFlags lays the shared flags over a config.
func (c *cli) layFlags(ctx *urfave.Context, cfg *config.Config) error {
	mirrors, err := mirrorsFrom(ctx)
	if err != nil {
		return err
	}
	cfg.Mirrors = append(mirrors, cfg.Mirrors...) // a flag wins over a prefix as long
	if err := setOverrides(cfg, ctx.StringSlice("with")); err != nil {
		return err
	}
	if err := c.layTarget(ctx, cfg); err != nil {
		return err
	}
	if ctx.Int("jobs") < 1 {
		return badLine("--jobs must be at least 1")
	}
	return nil
}

// inputs are what most commands take: where they work, and the config that they
// work on.
func (c *cli) inputs(ctx *urfave.Context) (workspace.Machine, workspace.Project, error) {
	cfg, err := c.readConfig(ctx)
	if err != nil {
		return workspace.Machine{}, workspace.Project{}, err
	}
	m, err := c.machine(ctx)
	return m, c.project(ctx, cfg), err
}

// machine is where the command works. The config is read before, as it decides
// what the screen shows.
func (c *cli) machine(ctx *urfave.Context) (workspace.Machine, error) {
	m := c.machineWithoutStore(ctx)
	var err error
	m.StoreDir, err = c.storeDir()
	return m, err
}

func (c *cli) machineWithoutStore(ctx *urfave.Context) workspace.Machine {
	shared, _ := c.env("VXLITE_CACHE_SHARED")
	return workspace.Machine{SharedDir: shared, Offline: ctx.Bool("offline"), Jobs: ctx.Int("jobs"), Env: c.env, Sink: c.screen.Sink()}
}

func (c *cli) project(ctx *urfave.Context, cfg *config.Config) workspace.Project {
	return workspace.Project{Config: cfg, Locked: ctx.Bool("locked")}
}

// setOverrides lays the flags --with over the config. Directories are relative to
// where the user stands.
func setOverrides(cfg *config.Config, with []string) error {
	var overrides []config.Override
	for _, s := range with {
		o, err := parse.Override(s)
		if err != nil {
			return usageError{error: err}
		}
		if o.Dir != "" {
			if o.Dir, err = filepath.Abs(o.Dir); err != nil {
				return err
			}
		}
		overrides = append(overrides, o)
	}
	return cfg.SetOverrides(overrides)
}

// absoluteIfLocal makes a mirror's folder absolute: what looks like a path of
// this machine is relative to where the user stands.
func absoluteIfLocal(to string) string {
	if fi, err := os.Stat(to); err != nil || !fi.IsDir() {
		return to
	}
	abs, err := filepath.Abs(to)
	if err != nil {
		return to
	}
	if to[len(to)-1] == '/' {
		abs += "/"
	}
	return abs
}

// badConfig is the error for a config that cannot be used. Where it is looked
// for here alone, and is not here, it may be above.
func badConfig(ctx *urfave.Context, err error) error {
	e := configError{error: err}
	if name := filepath.Join(ctx.String("config"), "velox.toml"); disk.IsDir(ctx.String("config")) && disk.Exists(name) {
		return configError{error: errors.New(err.Error()), inside: name}
	}
	if dir, wdErr := os.Getwd(); wdErr == nil && !ctx.IsSet("config") && errors.Is(err, fs.ErrNotExist) {
		if above := config.Above(dir, ctx.String("config")); above != "" {
			if e.above, wdErr = filepath.Rel(dir, above); wdErr != nil {
				e.above = above
			}
		}
	}
	return e
}

// configError is a config that cannot be used.
type configError struct {
	error
	// above is the one that was probably meant, or empty.
	above string
	// inside is the one in the directory that was named, or empty.
	inside string
}

// ExitStatus implements the interface that picks the exit status.
func (configError) ExitStatus() int { return screen.ExitUsage }

// Hints says how to come by a config.
func (e configError) Hints() []string {
	if e.inside != "" {
		return []string{"name the file in it: -c " + e.inside}
	}
	if e.above != "" {
		return []string{"there is one in a parent directory: -c " + e.above}
	}
	if errors.Is(e.error, fs.ErrNotExist) {
		return []string{"name one with -c FILE, or write one here with vxlite init"}
	}
	return nil
}

// Unwrap returns the config's own error.
func (e configError) Unwrap() error { return e.error }

// storeDir is where fetched repositories are kept: $VXLITE_CACHE, else vxlite
// in the user's cache directory.
func (c *cli) storeDir() (string, error) {
	if dir, ok := c.env("VXLITE_CACHE"); ok && dir != "" {
		return filepath.Abs(dir)
	}
	home, _ := c.env("HOME")
	var dir string
	switch xdg, _ := c.env("XDG_CACHE_HOME"); {
	case runtime.GOOS == "windows":
		dir, _ = c.env("LocalAppData")
	case runtime.GOOS == "darwin" && home != "":
		dir = filepath.Join(home, "Library", "Caches")
	case filepath.IsAbs(xdg):
		dir = xdg
	case home != "":
		dir = filepath.Join(home, ".cache")
	}
	if dir == "" {
		return "", errNoCacheDir
	}
	return filepath.Join(dir, "vxlite"), nil
}

// errNoCacheDir is an environment that names no place to keep things.
var errNoCacheDir error = noCacheDir{}

type noCacheDir struct{}

func (noCacheDir) Error() string   { return "no directory for the store: HOME is not set" }
func (noCacheDir) Hints() []string { return []string{"set HOME, or VXLITE_CACHE=DIR"} }

// haveArguments are the commands that take some, and say themselves which. Only
// build lets pass what it ignores, as Velox does.
var haveArguments = []string{"add", "audit", "build", "cache", "completion", "image", "inspect", "mirror", "new", "patch", "remove", "run", "sbom", "size", "update", "upgrade", "verify", "workspace"}

// noArguments refuses what a command would otherwise ignore.
func noArguments(ctx *urfave.Context) error {
	if ctx.Args().Present() && !slices.Contains(haveArguments, ctx.Command.Name) {
		return badLine("%s takes no argument, got %q", ctx.Command.Name, ctx.Args().First())
	}
	return nil
}
