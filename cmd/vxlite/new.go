package main

import (
	"os"
	"path/filepath"
	"strings"

	urfave "github.com/urfave/cli/v2"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/scaffold"
	"github.com/vxlite/vxlite/internal/screen"
)

// newCommand writes what a plugin begins with.
func (c *cli) newCommand() *urfave.Command {
	return &urfave.Command{
		Name:  "new",
		Usage: "write a new plugin: a module with the plugin, its config, a test and a README",
		UsageText: `vxlite new plugin NAME --kind service|middleware|rpc|jobs

Writes a module into the folder NAME that builds and passes its test, with the
imports and versions of a RoadRunner release: that of --ref, or else that of the
velox.toml in this folder or above. If there is none, the module gets its own
velox.toml, so that "vxlite run" works in its folder. A middleware and a jobs
driver get a PHP worker too, which needs php and no packages.

   vxlite new plugin greeter --kind rpc
   vxlite new plugin audit --kind middleware --module git.corp/team/audit
   cd greeter && vxlite run --watch -- serve`,
		Flags: append([]urfave.Flag{
			&urfave.StringFlag{Name: "kind", Usage: "the `KIND` of plugin: service, middleware, rpc or jobs"},
			&urfave.StringFlag{Name: "module", Usage: "its module `PATH` (default: example.com/NAME)"},
			&urfave.StringFlag{Name: "ref", Usage: "for the RoadRunner release `REF`: a tag, a branch, a commit, or latest"},
			configFlag("take the release and the mirrors from the config `FILE`"),
		}, without(sharedFlags(), "config", "with", "locked")...),
		HideHelpCommand: true,
		OnUsageError:    c.badUsage,
		Action:          c.newPlugin,
	}
}

func (c *cli) newPlugin(ctx *urfave.Context) error {
	c.startScreen(ctx, config.Log{})
	args := ctx.Args().Slice()
	if len(args) != 2 || args[0] != "plugin" {
		return badLine("new makes plugins: vxlite new plugin NAME --kind %s", strings.Join(scaffold.Kinds, "|"))
	}
	name := args[1]
	p := scaffold.PluginOptions{Name: name, Kind: ctx.String("kind"), Module: ctx.String("module")}
	if p.Module == "" {
		p.Module = "example.com/" + name
	}
	if err := p.Check(); err != nil {
		return err
	}
	cfg, above, err := c.pluginConfig(ctx)
	if err != nil {
		return err
	}
	if above != "" && cfg.Plugin(name) != nil {
		return scaffold.NameTakenError(name, above+" has a plugin of this name")
	}
	p.Mirrors = cfg.Mirrors
	if above != "" {
		dir, err := filepath.Abs(name)
		if err != nil {
			return err
		}
		p.Path = config.PathFrom(above, dir)
	}
	m, err := c.machine(ctx)
	if err != nil {
		return err
	}
	files, err := scaffold.NewPlugin(c.ctx, m, cfg, name, p)
	if err != nil {
		return err
	}
	steps := []string{"cd " + name, "vxlite run --watch -- serve"}
	if above != "" {
		steps, err = stepsBelow(cfg, above, p)
		if err != nil {
			return err
		}
	}
	summary := "run it with: " + strings.Join(steps, " && ")
	c.screen.Wrote(screen.Wrote{Files: files, Summary: summary})
	return nil
}

// stepsBelow are the commands that add a new plugin to a config, with the plugin
// of the release that calls it, and run the server from the plugin's folder.
func stepsBelow(cfg *config.Config, file string, p scaffold.PluginOptions) ([]string, error) {
	file, err := filepath.Abs(file)
	if err != nil {
		return nil, err
	}
	dir, err := filepath.Abs(".")
	if err != nil {
		return nil, err
	}
	here, there := filepath.Join(dir, "velox.toml"), config.Above(filepath.Join(dir, p.Name), "velox.toml")
	add, run := "vxlite add "+flagUnless(file == here, dir, file)+"./"+p.Name, "vxlite run --watch "+flagUnless(file == there, filepath.Join(dir, p.Name), file)+"-- serve"
	if caller := map[string]string{"middleware": "http", "jobs": "jobs"}[p.Kind]; caller != "" && cfg.Plugin(caller) == nil {
		add += " " + caller
	}
	return []string{add, "cd " + p.Name, run}, nil
}

// flagUnless is the flag that names a config in a directory, or nothing where that
// is found without.
func flagUnless(found bool, dir, file string) string {
	if found {
		return ""
	}
	if rel, err := filepath.Rel(dir, file); err == nil {
		file = rel
	}
	return "-c " + file + " "
}

// pluginConfig is the config that is named, or the nearest above, for its
// release and mirrors; with --ref, or where there is none, one of a release
// alone. The file's name is empty then.
func (c *cli) pluginConfig(ctx *urfave.Context) (*config.Config, string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return nil, "", err
	}
	file := ctx.String("config")
	if !ctx.IsSet("config") {
		file = config.Above(dir, file)
	}
	if file == "" {
		cfg, err := c.releaseConfig(ctx)
		if cfg.RoadRunner.Ref == "" {
			cfg.RoadRunner.Ref = "latest"
		}
		return cfg, "", err
	}
	cfg, err := c.readConfigFile(ctx, file, c.env)
	if err != nil {
		return nil, "", err
	}
	if ref := ctx.String("ref"); ref != "" {
		cfg.RoadRunner.Ref, cfg.RoadRunner.Path = ref, ""
		if cfg.RoadRunner.URL == "" {
			cfg.RoadRunner.URL = config.RoadRunnerURL
		}
	}
	return cfg, file, nil
}
