package main

import (
	"errors"
	"io/fs"

	urfave "github.com/urfave/cli/v2"

	"github.com/vxlite/vxlite/internal/doctor"
	"github.com/vxlite/vxlite/internal/event"
	"github.com/vxlite/vxlite/internal/screen"
)

// failedCheck is a check of the doctor's that failed.
type failedCheck struct{ doctor.Finding }

func (f failedCheck) Error() string { return f.Name + ": " + f.Text }

// Hints says what to do.
func (f failedCheck) Hints() []string { return f.Finding.Hints }

// failures are the checks that failed, as errors.
func failures(checks []doctor.Finding) []error {
	var out []error
	for _, check := range checks {
		if !check.OK {
			out = append(out, failedCheck{check})
		}
	}
	return out
}

// doctorCommand looks for what would keep a build from working.
func (c *cli) doctorCommand() *urfave.Command {
	return &urfave.Command{
		Name:  "doctor",
		Usage: "check the go command, the proxies, the disk, and each repository of the config",
		UsageText: `vxlite doctor [-c FILE]

Checks what a build needs: the go command and its settings, the store and its
disk, and each repository of the config, through its mirrors: whether it can be
reached, with which credential or key, and with which line of known_hosts. The
modules that match GOPRIVATE or [git] modules are those of velox.lock. No secret
is shown. The exit status is 3 if there is a problem.

   vxlite doctor
   vxlite doctor -c build/velox.toml --mirror https://github.com/=ssh://git@git.corp/github/
   vxlite doctor --offline                   contact no server`,
		Flags:           without(sharedFlags(), "with", "locked"),
		HideHelpCommand: true,
		OnUsageError:    c.badUsage,
		Action: func(ctx *urfave.Context) error {
			cfg, err := c.readConfig(ctx)
			if err != nil && (ctx.IsSet("config") || !errors.Is(err, fs.ErrNotExist)) {
				return err
			}
			m, merr := c.machine(ctx)
			if merr != nil {
				return merr
			}
			if err != nil {
				c.screen.Sink().Send(event.Event{Kind: event.Note, Text: "there is no velox.toml here, so no repository is checked"})
			}
			findings, err := doctor.Examine(c.ctx, doctor.Options{Config: cfg, Store: m.StoreDir, Shared: m.SharedDir, Offline: m.Offline, Jobs: m.Jobs, Env: m.Env, Sink: m.Sink})
			if findings != nil {
				c.screen.Done(struct {
					Findings []doctor.Finding `json:"findings"`
				}{findings}, func(color bool) string { return screen.FindingsText(findings, color) })
			}
			if ctx.Bool("quiet") && !ctx.Bool("json") && err != nil {
				return errors.Join(append(failures(findings), err)...) // in place of the table
			}
			return err
		},
	}
}
