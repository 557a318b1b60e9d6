package main

import (
	urfave "github.com/urfave/cli/v2"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/patching"
	"github.com/vxlite/vxlite/internal/screen"
)

// patchCommands are the words that follow patch.
var patchCommands = []string{"continue", "edit", "save"}

// patchCommand makes the patches of a config.
func (c *cli) patchCommand() *urfave.Command {
	return &urfave.Command{
		Name:      "patch",
		Usage:     "edit a plugin's sources, and keep the changes as patch files beside the velox.toml",
		ArgsUsage: "edit|save|continue NAME",
		UsageText: `vxlite patch edit NAME [-o DIR]
vxlite patch save NAME [-o DIR] [-m MESSAGE]
vxlite patch continue NAME [-o DIR]

edit puts the sources of a plugin as they are built into a git clone, NAME.edit
or DIR: its commit, and a commit on top for each of its patches. save writes the
commits on top as patch files beside velox.toml, in place of those that are
there, and adds the key patches to velox.toml; what is not committed becomes one
more commit with -m, and is refused without. continue goes on where vxlite update
has left a patch in conflict in a clone. NAME is a plugin's name, a module path
of [[modules]], or roadrunner.

   vxlite patch edit http
   vxlite run --watch --with http=http.edit
   vxlite patch save http -m "Answer faster"
   vxlite patch continue http`,
		Flags: append([]urfave.Flag{
			&urfave.StringFlag{Name: "output", Aliases: []string{"o", "out"}, Usage: "the clone is `DIR` (default: NAME.edit)"},
			&urfave.StringFlag{Name: "message", Aliases: []string{"m"}, Usage: "with save, commit what is not committed, with `MESSAGE`"},
			configFlag("read, and with save edit, the config `FILE`"),
		}, without(sharedFlags(), "config", "with")...),
		HideHelpCommand: true,
		OnUsageError:    c.badUsage,
		Action:          c.patch,
	}
}

func (c *cli) patch(ctx *urfave.Context) error {
	what, name := ctx.Args().First(), ctx.Args().Get(1)
	known := map[string]func(*urfave.Context, string) error{"continue": c.patchContinue, "edit": c.patchEdit, "save": c.patchSave}
	do := known[what]
	switch {
	case what == "":
		return badLine("patch needs edit, save or continue, and the name of a plugin")
	case do == nil:
		return &config.NameError{Flag: "patch", Name: what, Known: patchCommands, Of: "unknown command"}
	case name == "":
		return badLine("patch %s needs the name of a plugin", what)
	case ctx.NArg() > 2:
		return badLine("patch %s takes one name", what)
	case ctx.IsSet("message") && what != "save":
		return badLine("-m is a flag of patch save")
	}
	return do(ctx, name)
}

func (c *cli) patchEdit(ctx *urfave.Context, name string) error {
	m, p, err := c.inputs(ctx)
	if err != nil {
		return err
	}
	edited, err := patching.Edit(c.ctx, m, p, name, ctx.String("output"))
	if err != nil {
		return err
	}
	c.screen.Done(struct {
		Edited *patching.Edited `json:"edited"`
	}{edited}, func(bool) string { return screen.EditedText(edited) })
	return nil
}

func (c *cli) patchSave(ctx *urfave.Context, name string) error {
	file, err := c.patched(ctx)
	if err != nil {
		return err
	}
	saved, err := patching.Save(c.ctx, file, name, ctx.String("output"), ctx.String("message"))
	return c.showSaved(saved, "", err)
}

func (c *cli) patchContinue(ctx *urfave.Context, name string) error {
	file, err := c.patched(ctx)
	if err != nil {
		return err
	}
	saved, err := patching.Continue(c.ctx, file, name, ctx.String("output"))
	return c.showSaved(saved, "the patches are for the new commit now: run again the vxlite update or vxlite upgrade that found the conflict", err)
}

// patched is the config that patches are written beside.
func (c *cli) patched(ctx *urfave.Context) (patching.File, error) {
	f, err := c.amended(ctx)
	return patching.File{Name: f.Name, Data: f.Data, Read: f.Read}, err
}

func (c *cli) showSaved(saved *patching.Saved, next string, err error) error {
	if err != nil {
		return err
	}
	c.screen.Done(struct {
		Saved *patching.Saved `json:"saved"`
	}{saved}, func(bool) string { return screen.SavedText(saved, next) })
	return nil
}
