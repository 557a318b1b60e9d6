// Vxlite builds a custom RoadRunner server from a velox.toml.
//
// This package is the command line: one file per command, and the only place
// that words output. See `vxlite help`.
package main

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"github.com/vxlite/vxlite/internal/screen"
)

func main() {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // as nohup has it
		signals = append(signals, syscall.SIGHUP) // it reaches neither the compilers nor a server by itself
	}
	ctx, cancel := context.WithCancel(context.Background())
	asked := make(chan os.Signal, 2)
	signal.Notify(asked, signals...)
	go func() {
		<-asked
		cancel()
		select {
		case <-asked: // again: at once
		case <-time.After(longestEnd): // whatever it is that does not listen
		}
		os.Exit(screen.ExitInterrupted)
	}()
	os.Exit(run(ctx, os.LookupEnv, os.Stdout, os.Stderr, os.Args))
}

// longestEnd is how long an interrupted run may take to end: longer than it waits
// for any program that it has started.
const longestEnd = serverGrace + 10*time.Second

// run is the whole program. It returns the exit status.
func run(ctx context.Context, env lookup, stdout, stderr io.Writer, args []string) int {
	env = withHome(env, runtime.GOOS)
	getenv := func(name string) string { v, _ := env(name); return v }
	opts := screen.TerminalOptions(screen.InspectStream(stdout), screen.InspectStream(stderr), getenv)
	c := &cli{ctx: ctx, args: args, env: env, stdout: stdout, stderr: stderr, screen: screen.New(stdout, stderr, opts), opts: opts}
	if len(args) > 1 && args[1] == completeWord {
		return c.complete(args[2:])
	}
	app := c.app()
	err := app.RunContext(ctx, flagsBehindCommand(args, app))
	if c.notFound != "" {
		err = noCommand(app, c.notFound)
	}
	c.screen.Write(screen.Wrap(c.help.String(), opts.ResultWidth))
	err = errors.Join(err, c.screen.Close())
	if ctx.Err() != nil && err != nil {
		err = context.Canceled
	}
	return c.screen.Report(err)
}
