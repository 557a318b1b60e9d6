package live

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/event"
	"github.com/vxlite/vxlite/internal/run"
	"github.com/vxlite/vxlite/internal/testkit"
	"github.com/vxlite/vxlite/internal/workspace"
)

// TestLeftover tells of a server that is still there, and says who has it. The
// number of one that is gone may be another program's by now.
func TestLeftover(t *testing.T) {
	testkit.NeedsUnix(t, "processes that outlive who started them")
	sleep, err := exec.LookPath("sleep")
	if err != nil {
		t.Skip(err)
	}
	for _, tt := range []struct {
		name string
		// gone ends the server, other has another program under its number, and
		// orphan the run that started it end.
		gone, other, orphan bool
		want                string
	}{
		{"of a run that is there", false, false, false, "another run --watch of this config has a server running (pid %[1]d); to stop both: kill %[2]d"},
		{"of a run that was killed", false, false, true, "the server of an earlier run is still running (pid %[1]d); to stop it: kill %[1]d"},
		{"ended", true, false, true, ""},
		{"another program", false, true, true, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			file := filepath.Join(dir, "rr")
			data, err := os.ReadFile(sleep)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, data, 0o755); err != nil {
				t.Fatal(err)
			}
			var said []string
			m := workspace.Machine{StoreDir: filepath.Join(dir, "store"), Env: os.LookupEnv, Sink: func(e event.Event) { said = append(said, e.Text) }}
			session := NewSession(m, workspace.Project{Config: &config.Config{File: filepath.Join(dir, "velox.toml")}})
			session.Running = file
			server, err := run.Start(nil, run.Cmd{Path: file, Args: []string{"600"}, Stdout: os.Stdout, Stderr: os.Stderr})
			if err != nil {
				t.Fatal(err)
			}
			defer server.Stop(0)
			w := &watching{machine: m, session: session, sink: m.Sink, server: server}
			if err := w.record(); err != nil {
				t.Fatal(err)
			}
			store, elem, err := session.Place()
			if err != nil {
				t.Fatal(err)
			}
			elem = append(elem, serverRecordName)
			var r serverRecord
			if !store.ReadJSON(&r, elem...) {
				t.Fatal("nothing is recorded")
			}
			if tt.gone {
				server.Stop(0)
			}
			if tt.other {
				r.PID = os.Getpid()
			}
			if tt.orphan {
				r.By = 1<<22 + 1 // more than there are on Linux
			}
			if err := store.WriteJSON(r, elem...); err != nil {
				t.Fatal(err)
			}
			said = nil
			w.leftover(context.Background())
			want := ""
			if tt.want != "" {
				want = fmt.Sprintf(tt.want, r.PID, r.By)
			}
			if got := fmt.Sprint(said); got != "["+want+"]" {
				t.Errorf("said %s, want %s", got, want)
			}
		})
	}
}
