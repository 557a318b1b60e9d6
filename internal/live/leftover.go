package live

import (
	"context"
	"fmt"
	"os"

	"github.com/vxlite/vxlite/internal/run"
)

// serverRecord is a server that was started, for the next run to find where
// the run that started it was killed.
type serverRecord struct {
	PID  int    `json:"pid"`
	File string `json:"file"`
	// By is the process that started it, and Program what it runs.
	By      int    `json:"by"`
	Program string `json:"program"`
}

const serverRecordName = "server.json"

// record keeps which server runs.
func (w *watching) record() error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	store, elem, err := w.session.Place()
	if err != nil {
		return err
	}
	return store.WriteJSON(serverRecord{PID: w.server.PID(), File: w.session.Running, By: os.Getpid(), Program: self}, append(elem, serverRecordName)...)
}

// leftover tells of a server that another run has started and that is still
// there: it has the ports and the sockets that the new one wants.
func (w *watching) leftover(ctx context.Context) {
	store, elem, err := w.session.Place()
	var r serverRecord
	if err != nil || !store.ReadJSON(&r, append(elem, serverRecordName)...) {
		return
	}
	path, _ := w.machine.Env("PATH")
	running := func(pid int, file string) bool { return run.Running(ctx, w.sink, pid, file, path) }
	switch {
	case !running(r.PID, r.File):
	case running(r.By, r.Program):
		w.note(fmt.Sprintf("another run --watch of this config has a server running (pid %d); to stop both: kill %d", r.PID, r.By))
	default:
		w.note(fmt.Sprintf("the server of an earlier run is still running (pid %d); to stop it: kill %d", r.PID, r.PID))
	}
}
