package main

import (
	"errors"
	"io/fs"

	urfave "github.com/urfave/cli/v2"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/mirror"
	"github.com/vxlite/vxlite/internal/screen"
)

// pushFlag pushes a mirror.
func pushFlag() urfave.Flag {
	return &urfave.StringFlag{Name: "push", Usage: "push all repositories to a server's, at a `URL` with {host}, {owner} and {name} in it"}
}

// pushMirror pushes all repositories of a mirror to a server, which is logged in to
// as a config says where there is one.
func (c *cli) pushMirror(ctx *urfave.Context, dir string) error {
	cfg, err := c.configForPush(ctx)
	if err != nil {
		return err
	}
	if ctx.Int("jobs") < 1 {
		return badLine("--jobs must be at least 1")
	}
	r, err := mirror.Push(c.ctx, c.machineWithoutStore(ctx), mirror.PushAsk{Dir: dir, To: ctx.String("push"), Git: cfg.Git, Limits: cfg.Limits})
	if r != nil {
		c.screen.Done(r, func(color bool) string { return screen.PushedText(r, ctx.Bool("verbose"), color) })
	}
	return err
}

// configForPush is the one that -c names, or ./velox.toml where there is one.
func (c *cli) configForPush(ctx *urfave.Context) (*config.Config, error) {
	files := ctx.StringSlice("config")
	switch len(files) {
	case 0:
		cfg, err := c.readConfigFile(ctx, "velox.toml", c.env)
		if errors.Is(err, fs.ErrNotExist) {
			return &config.Config{}, nil
		}
		return cfg, err
	case 1:
		return c.readConfigFile(ctx, files[0], c.env)
	}
	return nil, badLine("--push logs in as one config says, got %d", len(files))
}
