package main

import (
	"errors"
	"os"
	"strings"

	urfave "github.com/urfave/cli/v2"

	"github.com/vxlite/vxlite/internal/build"
	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/config/parse"
	"github.com/vxlite/vxlite/internal/endure"
	"github.com/vxlite/vxlite/internal/event"
	"github.com/vxlite/vxlite/internal/scaffold"
	"github.com/vxlite/vxlite/internal/screen"
	"github.com/vxlite/vxlite/internal/vendoring"
	"github.com/vxlite/vxlite/internal/workspace"
)

// buildCommand makes the binary.
func (c *cli) buildCommand() *urfave.Command {
	return &urfave.Command{
		Name:  "build",
		Usage: "build the server that a velox.toml describes",
		UsageText: `vxlite build -c velox.toml -o DIR

Fetches RoadRunner and the plugins from their repositories, generates a
workspace with the main.go that registers them, compiles it, tests the binary
and puts it into DIR as rr. Prints what went into it: RoadRunner, local modules,
and what has changed since the last build; with --table or -v, everything.

   vxlite build                              from ./velox.toml, to ./rr
   vxlite build -o /usr/bin                  to /usr/bin/rr
   vxlite build --mirror https://github.com/=ssh://git@git.corp/github/
   vxlite build --with cache=../cache        with the plugin cache from ../cache
   vxlite build --with hello=github.com/acme/hello/v2@v2.1.0
                                             with another plugin, for this run
   vxlite build --rr-ref v2025.1.15 --with mine=ssh://git@git.corp/team/mine.git@main
                                             without a velox.toml: the release's own
                                             plugins, and one more
   vxlite build --target linux/amd64 --target linux/arm64 -o dist/
   vxlite build --sbom --provenance          also rr.cdx.json and rr.intoto.json
   vxlite build --audit                      not with a known vulnerability
   vxlite build --vendor rr.tar.zst          only from what vxlite vendor wrote`,
		Flags: append([]urfave.Flag{
			&urfave.StringFlag{Name: "output", Aliases: []string{"o", "out"}, Value: ".", Usage: "put the binary into `DIR`; a DIR that is a file, or is named rr, rr.exe or as in [build] name, is the binary itself"},
			targetFlag(),
			&urfave.StringFlag{Name: "rr-ref", Usage: "build without a config: the RoadRunner release `REF` with its own plugins, and those of --with; no lock is read or written"},
			&urfave.StringSliceFlag{Name: "only", Usage: "with --rr-ref, only these of its plugins: `NAME,NAME` (repeatable)"},
			&urfave.BoolFlag{Name: "sbom", Usage: "write a CycloneDX bill of materials beside each binary"},
			&urfave.BoolFlag{Name: "provenance", Usage: "write an in-toto provenance statement beside each binary"},
			&urfave.StringFlag{Name: "vendor", Usage: "read only the vendor folder `DIR`, or a .tar.zst of one; with -c, the config must fit its lock"},
			compileCacheFlag(),
			signedByFlag(),
			&urfave.BoolFlag{Name: "audit", Usage: "refuse a binary with a known vulnerability: see vxlite help audit"},
			dbFlag(),
			tableFlag(),
			&urfave.BoolFlag{Name: "verify", Usage: "build twice, in different ways, and compare the bytes"},
		}, sharedFlags()...),
		HideHelpCommand: true,
		OnUsageError:    c.badUsage,
		Action: func(ctx *urfave.Context) error {
			if ctx.IsSet("db") && !ctx.Bool("audit") {
				c.startScreen(ctx, config.Log{})
				return badLine("--db needs --audit")
			}
			if ctx.IsSet("vendor") && !ctx.IsSet("rr-ref") {
				return c.buildVendored(ctx)
			}
			if ctx.IsSet("with-compile-cache") || ctx.IsSet("signed-by") {
				c.startScreen(ctx, config.Log{})
				return errWithoutVendor
			}
			if ctx.IsSet("only") && !ctx.IsSet("rr-ref") {
				c.startScreen(ctx, config.Log{})
				return badLine("--only needs --rr-ref")
			}
			inputs := c.inputs
			if ctx.IsSet("rr-ref") {
				inputs = c.releaseInputs
			}
			m, p, err := inputs(ctx)
			if err != nil {
				return err
			}
			err = c.build(ctx, build.Options{Machine: m, Project: p, Output: ctx.String("output"), Audit: c.auditLinked(ctx),
				SBOM: ctx.Bool("sbom"), Provenance: ctx.Bool("provenance"), BuildTwice: ctx.Bool("verify")})
			if more := endure.Adds(err); ctx.IsSet("only") && len(more) > 0 {
				return onlyError{err, append(splitNames(ctx.StringSlice("only")), more...)}
			}
			return err
		},
	}
}

// compileCacheFlag and signedByFlag say what of a vendor folder is used.
func compileCacheFlag() urfave.Flag {
	return &urfave.BoolFlag{Name: "with-compile-cache", Usage: "with --vendor, use its compiled packages, although nothing proves which sources they were made from"}
}

func signedByFlag() urfave.Flag {
	return &urfave.StringSliceFlag{Name: "signed-by", Usage: "with --vendor, require a signature by a key in `FILE`, and use its compiled packages (repeatable)"}
}

var errWithoutVendor = badLine("--with-compile-cache and --signed-by need --vendor")

// releaseInputs are inputs for a build without a config.
func (c *cli) releaseInputs(ctx *urfave.Context) (m workspace.Machine, p workspace.Project, err error) {
	c.startScreen(ctx, config.Log{})
	for _, flag := range []string{"config", "locked", "vendor", "provenance"} {
		if ctx.IsSet(flag) {
			return m, p, badLine("--rr-ref builds without a config and a lock, so --%s cannot be used with it", flag)
		}
	}
	only := splitNames(ctx.StringSlice("only"))
	if ctx.String("rr-ref") == "" || ctx.IsSet("only") && len(only) == 0 {
		return m, p, badLine("--rr-ref names no release, or --only no plugin")
	}
	cfg, err := scaffold.Bare(ctx.String("rr-ref"), c.env)
	if err != nil {
		return m, p, err
	}
	if cfg.Mirrors, err = mirrorsFrom(ctx); err != nil {
		return m, p, err
	}
	if m, err = c.machine(ctx); err != nil {
		return m, p, err
	}
	rel, err := scaffold.Release(c.ctx, m, cfg)
	if err != nil {
		return m, p, err
	}
	plugins, err := scaffold.Choose(rel, "--only", only)
	if err != nil {
		return m, p, err
	}
	for _, plugin := range plugins {
		cfg.Plugins = append(cfg.Plugins, scaffold.Entry(plugin))
	}
	if _, err := os.Stat(ctx.String("config")); err == nil {
		c.screen.Show(event.Event{Kind: event.Note, Text: ctx.String("config") + " is not read: --rr-ref builds without a config"})
	}
	cfg.Mirrors = nil // they are laid over it
	return m, workspace.Project{Config: cfg}, c.layFlags(ctx, cfg)
}

// onlyError is a build without a config to which --only left too few plugins.
type onlyError struct {
	error
	names []string // that would do
}

// Unwrap returns what was found.
func (e onlyError) Unwrap() error { return e.error }

// Hints names those that are missing.
func (e onlyError) Hints() []string {
	return []string{"without a config, add what is missing to --only: --only " + strings.Join(e.names, ",")}
}

// build builds, and shows the result.
func (c *cli) build(ctx *urfave.Context, o build.Options) error {
	_, result, err := build.Build(c.ctx, o)
	if err != nil {
		return err
	}
	c.screen.Done(result, func(color bool) string { return screen.BuildText(result, wantsTable(ctx), color) })
	return nil
}

// buildVendored builds from a vendor folder or file.
func (c *cli) buildVendored(ctx *urfave.Context) error {
	return c.withVendored(ctx, func(m workspace.Machine, p workspace.Project) error {
		return c.build(ctx, build.Options{Machine: m, Project: p, Output: ctx.String("output"), Audit: c.auditLinked(ctx), BuildTwice: ctx.Bool("verify")})
	})
}

// withVendored uses a vendor folder or file. The config is the one in it, unless
// another is named.
func (c *cli) withVendored(ctx *urfave.Context, use func(workspace.Machine, workspace.Project) error) (err error) {
	c.startScreen(ctx, config.Log{})
	store, err := c.storeDir()
	if err != nil {
		store = "" // none is needed
	}
	v, err := vendoring.Open(c.ctx, ctx.String("vendor"), vendoring.OpenOptions{CompileCache: ctx.Bool("with-compile-cache"),
		SignedBy: ctx.StringSlice("signed-by"), Store: store, Env: c.env, Sink: c.screen.Sink()})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, v.Close()) }()
	read := v.Config
	if ctx.IsSet("config") {
		read = func() (*config.Config, error) { return parse.File(ctx.String("config"), c.env) }
	}
	cfg, err := c.readConfigBy(ctx, read)
	if err != nil {
		return err
	}
	if ctx.IsSet("config") {
		if err := v.CompareLock(cfg.File, ctx.Bool("locked")); err != nil {
			return err
		}
	}
	m, p := c.machineWithoutStore(ctx), c.project(ctx, cfg)
	m.StoreDir, m.Env, p.Vendored = v.EmptyStore(), v.Getenv, v
	m.Offline = false // the folder is all that is read, its proxy too, which GOPROXY=off would forbid
	return use(m, p)
}
