package main

import (
	"os"
	"path/filepath"
	"slices"
	"time"

	urfave "github.com/urfave/cli/v2"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/event"
	"github.com/vxlite/vxlite/internal/live"
	process "github.com/vxlite/vxlite/internal/run"
	"github.com/vxlite/vxlite/internal/workspace"
)

// serverGrace is how long a server has to end before it is killed: a little
// more than RoadRunner gives its own parts.
const serverGrace = 35 * time.Second

// runCommand builds the server and becomes it.
func (c *cli) runCommand() *urfave.Command {
	return &urfave.Command{
		Name:  "run",
		Usage: "build the server and run it, with --watch again on each change",
		UsageText: `vxlite run [--watch] -- ARGS…

Builds the server as "vxlite build" does, but keeps the binary in the store, and
then replaces itself with it: the server gets ARGS and all signals, and its exit
status is that of the command. In the folder of one of the config's plugins,
takes that plugin from the folder, and looks for the config above it.

   vxlite run -- serve -c .rr.yaml
   vxlite run --with cache=../cache -- serve
   vxlite run --watch -- serve               build and start again when a local directory changes,
                                             and start again when .rr.yaml changes
   cd plugins/mine && vxlite run --watch -c ../../server/velox.toml -- serve`,
		Flags: append([]urfave.Flag{
			&urfave.BoolFlag{Name: "watch", Aliases: []string{"w"}, Usage: "when a local directory changes, build again, and if that succeeds start the new server; start it again when its .rr.yaml changes"},
		}, sharedFlags()...),
		HideHelpCommand: true,
		OnUsageError:    c.badUsage,
		Action: func(ctx *urfave.Context) error {
			if ctx.Args().Present() && !slices.Contains(c.args, "--") {
				return badLine("the server's own arguments follow a --: vxlite run -- serve")
			}
			cfg, err := c.readRunConfig(ctx)
			if err != nil {
				return err
			}
			m, err := c.machine(ctx)
			if err != nil {
				return err
			}
			if err := live.CheckPHP(cfg, ctx.Args().Slice(), c.env); err != nil {
				return err
			}
			server := process.Cmd{Args: ctx.Args().Slice(), Env: os.Environ(), Stdin: os.Stdin, Stdout: c.stdout, Stderr: c.stderr, Why: "the server"}
			if ctx.Bool("watch") {
				return c.watch(ctx, m, cfg, server)
			}
			return c.become(m, c.project(ctx, cfg), server)
		},
	}
}

// become builds the server and runs it in the place of this program.
func (c *cli) become(m workspace.Machine, p workspace.Project, server process.Cmd) error {
	bin, err := live.NewSession(m, p).Build(c.ctx)
	if err != nil {
		return err
	}
	if err := c.screen.Close(); err != nil { // the terminal is the server's now
		return err
	}
	if process.CanBecome {
		return process.Become(bin.Path, server.Args, server.Env)
	}
	server.Path = bin.Path
	running, err := process.Start(m.Sink, server)
	if err != nil {
		return err
	}
	select {
	case <-running.Done():
	case <-c.ctx.Done():
		running.Stop(serverGrace)
	}
	return ended(running.Status())
}

// ended is nil for a server that ended well.
func ended(status int) error {
	if status == 0 {
		return nil
	}
	return serverEnded(status)
}

// serverEnded is a server's exit status, which says all there is to say.
type serverEnded int

// Error implements error; the server has had its own words.
func (serverEnded) Error() string { return "" }

// ExitStatus implements the interface that picks the exit status.
func (s serverEnded) ExitStatus() int { return int(s) }

// watch runs the server, and a new one after each change that compiles. There
// is no progress display, since the server writes to the terminal too.
func (c *cli) watch(ctx *urfave.Context, m workspace.Machine, cfg *config.Config, server process.Cmd) error {
	c.screen.Plain()
	m.Sink = func(e event.Event) { c.screen.Show(e) } // whichever screen there is
	return live.Watch(c.ctx, m, c.project(ctx, cfg), live.Options{
		Server: server, Grace: serverGrace,
		Reload: func() (*config.Config, error) {
			cfg, err := c.readRunConfig(ctx)
			c.screen.Plain()
			return cfg, err
		},
		Report: func(err error) { c.screen.Report(err) },
	})
}

// readRunConfig reads the config that is named, or the nearest velox.toml here
// or above, and takes the plugin from here that the user stands in.
func (c *cli) readRunConfig(ctx *urfave.Context) (*config.Config, error) {
	dir, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	file := ctx.String("config")
	if above := config.Above(dir, file); !ctx.IsSet("config") && above != "" {
		if file, err = filepath.Rel(dir, above); err != nil {
			file = above
		}
	}
	cfg, err := c.readConfigFile(ctx, file, c.env)
	if err != nil {
		return nil, err
	}
	if o, ok := config.ImpliedOverride(dir); ok {
		cfg.Overrides = append(cfg.Overrides, o)
	}
	return cfg, nil
}
