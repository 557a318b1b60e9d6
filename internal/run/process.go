package run

import (
	"errors"
	"os/exec"
	"runtime"
	"time"

	"github.com/vxlite/vxlite/internal/event"
)

// Process is a program that runs beside this one. It is in a group of its own,
// so that an interrupt on the terminal reaches it by Stop alone, once.
type Process struct {
	cmd   *exec.Cmd
	group *group
	done  chan struct{}
	err   error
}

// Start starts c. Its Stdout and Stderr must be set.
func Start(sink event.Sink, c Cmd) (*Process, error) {
	sink.Send(event.Event{Kind: event.Command, Dir: c.Dir, Env: c.Show, Argv: append([]string{c.Path}, c.Args...), Why: c.Why})
	cmd := exec.Command(c.Path, c.Args...)
	cmd.Dir, cmd.Env = c.Dir, c.Env
	cmd.Stdin, cmd.Stdout, cmd.Stderr = c.Stdin, c.Stdout, c.Stderr
	cmd.WaitDelay = defaultGrace
	p := &Process{cmd: cmd, group: newGroup(cmd, true), done: make(chan struct{})}
	started := make(chan error)
	go p.run(started)
	if err := <-started; err != nil {
		return nil, &Error{Path: c.Path, Args: c.Args, Err: err}
	}
	return p, nil
}

// run starts the program and waits for its end, on one thread: see [Run].
func (p *Process) run(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer p.group.close()
	err := p.cmd.Start()
	if err == nil {
		p.group.started()
	}
	started <- err
	if err != nil {
		return
	}
	p.err = p.cmd.Wait()
	p.group.kill()
	close(p.done)
}

// PID is the process id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Done is closed when the program has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Status is the exit status of a program that has ended, as a shell has it:
// 128 and the signal's number for one that a signal ended.
func (p *Process) Status() int {
	<-p.done
	var exit *exec.ExitError
	if errors.As(p.err, &exit) {
		return status(exit)
	}
	if p.err != nil {
		return 1
	}
	return 0
}

// Stop asks the program to end, and kills it, with the programs it started,
// where it has not after the grace period. It reports whether it had to.
func (p *Process) Stop(grace time.Duration) (killed bool) {
	select {
	case <-p.done:
		return false
	default:
	}
	p.group.terminate()
	t := time.NewTimer(grace)
	defer t.Stop()
	select {
	case <-p.done:
		return false
	case <-t.C:
	}
	p.group.kill()
	<-p.done
	return true
}
