package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"sort"
	"strings"

	urfave "github.com/urfave/cli/v2"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/config/parse"
	"github.com/vxlite/vxlite/internal/drawing"
	"github.com/vxlite/vxlite/internal/scaffold"
	"github.com/vxlite/vxlite/internal/screen"
)

// completeWord is the command that shells ask for what may follow; it is in no
// help. Its arguments are the words behind vxlite up to the cursor, as they
// stand, so it is looked at before any flag.
const completeWord = "__complete"

// shells are the scripts that make a shell ask.
var shells = map[string]string{
	"bash": `# vxlite completion for bash: source <(vxlite completion bash)
_vxlite() {
	local IFS=$'\n'
	COMPREPLY=($(vxlite __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
	if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]]; then
		compopt -o nospace 2>/dev/null
	fi
}
complete -o default -F _vxlite vxlite
`,
	"zsh": `#compdef vxlite
# vxlite completion for zsh: source <(vxlite completion zsh)
_vxlite() {
	local -a found
	found=("${(@f)$(vxlite __complete "${(@)words[2,CURRENT]}" 2>/dev/null)}")
	if [[ -z "${found[1]}" ]]; then
		_files
	elif [[ "${found[1]}" == *= ]]; then
		compadd -S '' -- "${found[@]}"
	else
		compadd -- "${found[@]}"
	fi
}
compdef _vxlite vxlite
`,
	"fish": `# vxlite completion for fish: vxlite completion fish | source
complete -c vxlite -a '(vxlite __complete (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'
`,
}

// completionCommand prints a shell's script.
func (c *cli) completionCommand() *urfave.Command {
	return &urfave.Command{
		Name:  "completion",
		Usage: "print a script that completes commands, flags and names in the config",
		UsageText: `vxlite completion bash|zsh|fish

Prints a script that lets a shell complete vxlite's commands and flags, and the
names of the plugins in velox.toml.

   source <(vxlite completion bash)          in ~/.bashrc
   source <(vxlite completion zsh)           in ~/.zshrc, after compinit
   vxlite completion fish | source           in ~/.config/fish/config.fish`,
		HideHelpCommand: true,
		OnUsageError:    c.badUsage,
		Action: func(ctx *urfave.Context) error {
			if ctx.NArg() != 1 {
				return badLine("completion takes one shell: vxlite completion %s", strings.Join(shellNames(), "|"))
			}
			script, ok := shells[ctx.Args().First()]
			if !ok {
				return &config.NameError{Flag: "completion", Name: ctx.Args().First(), Known: shellNames(), Of: "unsupported shell"}
			}
			_, err := io.WriteString(c.stdout, script)
			return err
		},
	}
}

// shellNames are those of the shells that there is a script for, sorted.
func shellNames() []string { return slices.Sorted(maps.Keys(shells)) }

// complete prints what may stand in the place of the last word.
func (c *cli) complete(words []string) int {
	if len(words) == 0 {
		words = []string{""}
	}
	last := words[len(words)-1]
	for _, s := range c.candidates(words[:len(words)-1], last) {
		if strings.HasPrefix(strings.ToLower(s), strings.ToLower(last)) {
			fmt.Fprintln(c.stdout, s)
		}
	}
	return screen.ExitDone
}

// candidates are all that may follow these words. None means a file.
func (c *cli) candidates(before []string, last string) []string {
	app := c.app()
	var cmd *urfave.Command
	for _, w := range before {
		if cmd == nil {
			cmd = app.Command(w)
		}
		if w == "--" {
			return nil // the server's own
		}
	}
	var prev string
	if len(before) > 0 {
		prev = before[len(before)-1]
	}
	switch {
	case strings.HasPrefix(prev, "-") && takesValue(prev, app):
		return c.values(strings.TrimLeft(prev, "-"), before)
	case strings.HasPrefix(last, "-"):
		return flagNames(app, cmd)
	case cmd == nil:
		return commandNames(app)
	}
	switch cmd.Name {
	case "help":
		return commandNames(app)
	case "cache":
		if !slices.Contains(before, "clean") {
			return []string{"clean"}
		}
	case "patch":
		if prev == "patch" {
			return patchCommands
		}
		return c.names(before)
	case "completion":
		return shellNames()
	case "new":
		if prev == "new" {
			return []string{"plugin"}
		}
	case "add":
		return scaffold.Names()
	case "remove", "update", "upgrade":
		return c.names(before)
	case "workspace":
		if slices.Contains(before, "--clones") {
			return c.names(before)
		}
	}
	return nil
}

// values are those of a flag.
func (c *cli) values(flag string, before []string) []string {
	switch flag {
	case "with":
		var out []string
		for _, n := range c.names(before) {
			out = append(out, n+"=")
		}
		return out
	case "clones":
		return c.names(before)
	case "kind":
		return scaffold.Kinds
	case "format", "f":
		return drawing.Formats
	case "target":
		return []string{"darwin/amd64", "darwin/arm64", "linux/amd64", "linux/amd64/v2", "linux/amd64/v3", "linux/amd64/v4",
			"linux/arm/v5", "linux/arm/v6", "linux/arm/v7", "linux/arm64", "windows/amd64"}
	}
	return nil
}

// names are the plugins' of the config that the words name, or the nearest.
func (c *cli) names(before []string) []string {
	file := "velox.toml"
	for i, w := range before[:max(0, len(before)-1)] {
		if w == "-c" || w == "--config" {
			file = before[i+1]
		}
	}
	keep := func(name string) (string, bool) { v, _ := c.env(name); return v, true }
	cfg, err := parse.File(file, keep)
	if err != nil {
		return nil
	}
	var out []string
	for _, p := range cfg.Plugins {
		out = append(out, p.Name)
	}
	for _, m := range cfg.Modules {
		out = append(out, m.Path)
	}
	sort.Strings(out)
	return out
}

func commandNames(app *urfave.App) []string {
	out := []string{"help"}
	for _, cmd := range app.Commands {
		if !cmd.Hidden && cmd.Name != "help" {
			out = append(out, cmd.Name)
		}
	}
	sort.Strings(out)
	return out
}

// flagNames are the long names of a command's flags, or of all commands'.
func flagNames(app *urfave.App, cmd *urfave.Command) []string {
	cmds := app.Commands
	if cmd != nil {
		cmds = []*urfave.Command{cmd}
	}
	var out []string
	for _, cmd := range cmds {
		for _, f := range cmd.Flags {
			out = append(out, "--"+f.Names()[0])
		}
	}
	sort.Strings(out)
	return slices.Compact(out)
}
