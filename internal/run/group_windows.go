package run

import (
	"errors"
	"os/exec"
	"sync"
	"unsafe"

	"golang.org/x/sys/windows"
)

// Become works on systems alone that can replace a running program.
func Become(path string, args, _ []string) error {
	return &Error{Path: path, Args: args, Err: errors.ErrUnsupported}
}

// CanBecome says that Become works on this system.
const CanBecome = false

// group is a program with what it starts: a job, which ends when its last handle
// is closed, so with this process.
type group struct {
	cmd *exec.Cmd
	mu  sync.Mutex
	job windows.Handle // 0 where there is none
}

func newGroup(cmd *exec.Cmd, _ bool) *group {
	g := &group{cmd: cmd}
	job, err := windows.CreateJobObject(nil, nil)
	if err != nil {
		return g // the program alone is ended then
	}
	limits := windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION{
		BasicLimitInformation: windows.JOBOBJECT_BASIC_LIMIT_INFORMATION{LimitFlags: windows.JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE},
	}
	if _, err := windows.SetInformationJobObject(job, windows.JobObjectExtendedLimitInformation,
		uintptr(unsafe.Pointer(&limits)), uint32(unsafe.Sizeof(limits))); err != nil {
		_ = windows.CloseHandle(job)
		return g
	}
	g.job = job
	return g
}

// started puts the program into the job, as soon as it is there.
func (g *group) started() {
	if g.job != 0 {
		_ = g.cmd.Process.WithHandle(func(process uintptr) {
			_ = windows.AssignProcessToJobObject(g.job, windows.Handle(process))
		})
	}
}

func (g *group) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.job != 0 {
		_ = windows.CloseHandle(g.job)
	}
	g.job = 0
}

// terminate cannot ask: Windows sends an interrupt to a whole console only,
// which has reached the program already where the user pressed Ctrl-C.
func (g *group) terminate() { g.kill() }

func (g *group) interrupt() error { g.kill(); return nil }

func (g *group) kill() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.job != 0 {
		_ = windows.TerminateJobObject(g.job, 1)
	}
	_ = g.cmd.Process.Kill() // which may not be in the job yet
}

func status(err *exec.ExitError) int { return err.ExitCode() }
