package main

import (
	"fmt"
	"strings"

	urfave "github.com/urfave/cli/v2"
)

// reference is the command line's manual in Markdown, as docs/cli.md has it: it
// is made of what the commands' own help says.
func reference(app *urfave.App) string {
	var b strings.Builder
	b.WriteString("# The command line\n\nThis page is generated from the commands' own help; `vxlite help COMMAND` shows the same.\n\n")
	b.WriteString("| command | does |\n|---|---|\n")
	for _, cmd := range app.Commands {
		if cmd.Hidden || cmd.Name == "help" {
			continue
		}
		fmt.Fprintf(&b, "| [`%s`](#vxlite-%s) | %s |\n", cmd.Name, cmd.Name, cmd.Usage)
	}
	for _, cmd := range app.Commands {
		if cmd.Hidden || cmd.Name == "help" {
			continue
		}
		fmt.Fprintf(&b, "\n## vxlite %s\n\n```\n%s\n```\n", cmd.Name, strings.TrimSpace(cmd.UsageText))
		if len(cmd.Flags) > 0 {
			b.WriteString("\n| flag | meaning |\n|---|---|\n")
		}
		for _, f := range cmd.Flags {
			b.WriteString(flagRow(f))
		}
	}
	return b.String()
}

// flagRow is a flag's line: its names with the value's, what it means, and its
// default.
func flagRow(f urfave.Flag) string {
	doc, ok := f.(urfave.DocGenerationFlag)
	if !ok {
		return ""
	}
	usage, value := doc.GetUsage(), ""
	if before, rest, found := strings.Cut(usage, "`"); found {
		if name, after, ok := strings.Cut(rest, "`"); ok {
			value, usage = " "+name, before+name+after
		}
	}
	var names []string
	for _, n := range f.Names() {
		dash := "--"
		if len(n) == 1 {
			dash = "-"
		}
		names = append(names, "`"+dash+n+value+"`")
	}
	if d := doc.GetDefaultText(); d != "" && doc.TakesValue() && d != `""` {
		usage += " (default: " + strings.Trim(d, `"`) + ")"
	}
	return fmt.Sprintf("| %s | %s |\n", strings.Join(names, ", "), strings.ReplaceAll(usage, "|", `\|`))
}
