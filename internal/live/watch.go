// Package live runs a server while its sources are being changed: it watches them,
// builds again, and puts the new server in the old one's place.
package live

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/event"
	"github.com/vxlite/vxlite/internal/run"
	"github.com/vxlite/vxlite/internal/watch"
	"github.com/vxlite/vxlite/internal/workspace"
)

// Options say how a server is run while its sources are being changed.
type Options struct {
	// Server is the command, but for its Path.
	Server run.Cmd
	// Grace is how long the server has to end. RoadRunner gives its own parts
	// 30 seconds, so less would cut that short.
	Grace time.Duration
	// Reload reads the config again, when it has changed.
	Reload func() (*config.Config, error)
	// Report shows an error after which the watching goes on.
	Report func(error)
}

// Watch builds the server and runs it. When a local directory changes, it
// builds again, and only if that succeeds stops the old server and starts the
// new one. When the server's settings change, it checks them, and starts the
// server again if they are well. It ends with ctx, after the server.
func Watch(ctx context.Context, m workspace.Machine, p workspace.Project, o Options) error {
	w := &watching{Options: o, machine: m, project: p, session: NewSession(m, p), sink: m.Sink, tell: workspace.OnceEach(m.Sink),
		serving: servingOf(o.Server.Args, m.Env)}
	w.session.Watched = true
	defer w.stop()
	w.leftover(ctx)
	files, err := w.files()
	if err != nil {
		return err
	}
	before := watch.List(p.Config.LocalDirs(), files)
	bin, err := w.session.Build(ctx)
	if len(w.session.Locals()) == 0 || ctx.Err() != nil {
		return err // there is nothing yet of which a change could mend it
	}
	w.changes.failed = err != nil
	if err != nil {
		w.refuse(err)
	} else {
		w.start(bin.Path)
	}
	if w.watcher, err = watch.New(nil, nil); err != nil {
		return err
	}
	defer func() { w.watcher.Close() }()
	if err := w.renew(); err != nil {
		return err
	}
	meanwhile, err := w.watcher.Since(before)
	if err != nil {
		return err
	}
	return w.loop(ctx, meanwhile)
}

// watching is a server that is run while its sources are being changed.
type watching struct {
	Options
	machine      workspace.Machine
	project      workspace.Project
	session      *Session
	serving      *serving // nil where the server is started otherwise
	settings     []string // its files
	known        map[string]bool
	sink         event.Sink
	tell         func(notes []string)
	watcher      *watch.Watcher
	changes      changes
	latest       string       // the binary that was built last
	server       *run.Process // nil while there is none
	ended        bool         // that it ended by itself was said
	working      *building    // on the task now
	now          task
	studying     *building
	studyPending bool // code was built that no study has looked at to its end
}

// files are the config and the server's settings, which may include others now.
func (w *watching) files() ([]string, error) {
	file, err := filepath.Abs(w.project.Config.File)
	w.settings = w.serving.files(w.machine.Env)
	return append([]string{file}, w.settings...), err
}

// renew watches what the session's plan has of local directories, and the
// server's settings.
func (w *watching) renew() error {
	files, err := w.files()
	if err != nil {
		return err
	}
	locals := w.session.Locals()
	if err := w.watcher.Watch(locals, files); err != nil {
		return fmt.Errorf("watching %s: %w", strings.Join(locals, ", "), err)
	}
	return nil
}

// ending is closed when the server has ended by itself and that was not said.
func (w *watching) ending() <-chan struct{} {
	if w.server == nil || w.ended {
		return nil
	}
	return w.server.Done()
}

// rebuild reads the config again where it is among the files.
func (w *watching) rebuild(ctx context.Context, files []string) built {
	for _, f := range files {
		if filepath.Base(f) != filepath.Base(w.project.Config.File) {
			continue
		}
		cfg, err := w.Reload()
		if err != nil {
			return built{err: err}
		}
		running := w.session.Running
		w.project.Config = cfg
		w.session = NewSession(w.machine, w.project)
		w.session.Running, w.session.Watched = running, true
		break
	}
	bin, err := w.session.Rebuild(ctx, files)
	return built{bin: bin, err: err}
}

// onlyData reports whether none of the files is Go source, so that the build
// may well have made the same again.
func onlyData(files []string) bool {
	for _, f := range files {
		if filepath.Ext(f) == ".go" {
			return false
		}
	}
	return true
}

// serves reports whether a server runs.
func (w *watching) serves() bool { return w.server != nil && !w.ended }

// refuse reports why no new server is started.
func (w *watching) refuse(err error) {
	w.Report(err)
	if w.serves() {
		w.note("the previous server keeps running")
	} else {
		w.note("waiting for a change")
	}
}

// start starts a server in place of the old one.
func (w *watching) start(file string) {
	w.stop()
	w.latest = file
	cmd := w.Server
	cmd.Path = file
	server, err := run.Start(w.sink, cmd)
	if err != nil {
		w.Report(err)
		return
	}
	w.server, w.session.Running, w.ended = server, file, false
	if err := w.record(); err != nil {
		w.note("a later run will not know of this server: " + err.Error())
	}
	w.note("started " + strings.Join(append([]string{filepath.Base(file)}, cmd.Args...), " "))
}

// stop ends the server, if there is one.
func (w *watching) stop() {
	if w.server == nil {
		return
	}
	if w.server.Stop(w.Grace) {
		w.note(fmt.Sprintf("the server did not end within %v and was killed", w.Grace))
	}
	w.server = nil
}

func (w *watching) note(text string) { w.sink.Send(event.Event{Kind: event.Note, Text: text}) }

// nothingLocal is a server of which no part can change.
type nothingLocal struct{ cfg *config.Config }

func (nothingLocal) Error() string {
	return "there is nothing to watch: no plugin and no module is from a local directory"
}
func (nothingLocal) ExitStatus() int { return 2 }
func (e nothingLocal) Hints() []string {
	for _, o := range e.cfg.Overrides {
		if o.Implied { // and no plugin of the config, or it would be watched
			return []string{fmt.Sprintf("add the plugin of this directory to the config: vxlite add -c %s %s", e.cfg.File, fromHere(o.Dir))}
		}
	}
	return []string{"name one with --with NAME=DIR, or run in the folder of one of the config's plugins"}
}

// fromHere is a directory as it is named from the working directory.
func fromHere(dir string) string {
	here, err := filepath.Abs(".")
	if err != nil {
		return dir
	}
	rel, err := filepath.Rel(here, dir)
	if err != nil {
		return dir
	}
	return rel
}

// sameBinary reports whether two files hold the same bytes.
func sameBinary(a, b string) bool {
	sumA, errA := disk.Sum(a)
	sumB, errB := disk.Sum(b)
	return errors.Join(errA, errB) == nil && sumA == sumB
}
