package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	urfave "github.com/urfave/cli/v2"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/lock"
	"github.com/vxlite/vxlite/internal/screen"
	"github.com/vxlite/vxlite/internal/store"
)

// cacheCommand shows the store, and cleans it.
func (c *cli) cacheCommand() *urfave.Command {
	return &urfave.Command{
		Name:  "cache",
		Usage: "show the store, where fetched repositories are kept, or clean it",
		UsageText: `vxlite cache
vxlite cache clean [LOCK…]

Without arguments, shows the directory of the store, its size, and how many
locks builds have used in the last 30 days. clean removes what is older than 30
days, or than --older: commits that none of these locks needs, nor any that you
name, nor velox.lock beside the config; workspaces; and the servers of "vxlite
run". What is needed again is fetched or made again. Commits that no lock needs
stay until they are that old. Do not run it during a build. For Go's own caches,
use go clean.

   vxlite cache
   vxlite cache clean                     keep what any project needs
   vxlite cache clean --older 0s          and nothing else
   vxlite cache clean ci/velox.lock       keep what this lock needs as well
   vxlite cache clean --all               keep nothing`,
		Flags: append([]urfave.Flag{
			configFlag("keep what the lock beside the config `FILE` needs"),
			&urfave.StringFlag{Name: "older", Value: "30d", Usage: "remove only what was fetched or made longer ago than `AGE`: 12h, 30d"},
			&urfave.BoolFlag{Name: "all", Usage: "remove everything"},
		}, screenFlags()...),
		HideHelpCommand: true,
		OnUsageError:    c.badUsage,
		Action:          c.cache,
	}
}

func (c *cli) cache(ctx *urfave.Context) error {
	c.startScreen(ctx, config.Log{})
	dir, err := c.storeDir()
	if err != nil {
		return err
	}
	if !ctx.Args().Present() {
		if ctx.IsSet("older") || ctx.Bool("all") {
			return badLine("--older and --all are flags of cache clean")
		}
		info, err := store.Cache(dir)
		if err != nil {
			return err
		}
		c.screen.Done(struct {
			Cache *store.Contents `json:"cache"`
		}{info}, func(color bool) string { return screen.CacheTable(info, color) + "\n" })
		return nil
	}
	if arg := ctx.Args().First(); arg != "clean" {
		return &config.NameError{Flag: "cache", Name: arg, Known: []string{"clean"}, Of: "unknown command"}
	}
	removed, err := c.clean(ctx, dir)
	if err != nil {
		return err
	}
	c.screen.Removed(removed)
	return nil
}

// clean reads what the flags say about cleaning.
func (c *cli) clean(ctx *urfave.Context, dir string) (*store.Removed, error) {
	locks := ctx.Args().Tail()
	if ctx.Bool("all") {
		if len(locks) > 0 || ctx.IsSet("older") || ctx.IsSet("config") {
			return nil, badLine("--all removes everything: it cannot be used with a lock or --older")
		}
		return store.RemoveCache(dir)
	}
	age, err := parseAge(ctx.String("older"))
	if err != nil {
		return nil, usageError{error: err}
	}
	beside := lock.Name(ctx.String("config"))
	if ctx.IsSet("config") {
		locks = append(locks, beside)
	}
	return store.CleanCache(dir, locks, beside, age)
}

// parseAge reads a duration as Go writes it, or a number of days: 30d.
func parseAge(s string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		if n, err := strconv.ParseUint(days, 10, 16); err == nil {
			return time.Duration(n) * 24 * time.Hour, nil
		}
	} else if d, err := time.ParseDuration(s); err == nil && d >= 0 {
		return d, nil
	}
	return 0, fmt.Errorf("--older %q is not an age such as 12h or 30d", s)
}
