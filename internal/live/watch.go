// Package live runs a server while its sources are being changed: it watches them,
// builds again, and puts the new server in the old one's place.
package live

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/vxlite/vxlite/internal/build"
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
// new one. It ends with ctx, after the server.
func Watch(ctx context.Context, m workspace.Machine, p workspace.Project, o Options) error {
	w := &watching{Options: o, machine: m, project: p, session: NewSession(m, p), sink: m.Sink}
	defer w.stop()
	w.leftover(ctx)
	file, err := filepath.Abs(p.Config.File)
	if err != nil {
		return err
	}
	before := watch.List(p.Config.LocalDirs(), []string{file})
	bin, err := w.session.Build(ctx)
	if !w.session.Planned() || ctx.Err() != nil {
		return err // there is nothing yet of which a change could mend it
	}
	if len(w.session.Locals()) == 0 {
		return errNothingLocal
	}
	w.replace(built{bin: bin, err: err})
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
	sink         event.Sink
	watcher      *watch.Watcher
	server       *run.Process // nil while there is none
	ended        bool         // that it ended by itself was said
	studyPending bool         // code was built that no study has looked at to its end
}

// renew watches what the session's plan has of local directories.
func (w *watching) renew() error {
	locals := w.session.Locals()
	if len(locals) == 0 {
		return errNothingLocal
	}
	file, err := filepath.Abs(w.project.Config.File)
	if err != nil {
		return err
	}
	if err := w.watcher.Watch(locals, []string{file}); err != nil {
		return fmt.Errorf("watching %s: %w", strings.Join(locals, ", "), err)
	}
	return nil
}

// study looks at what was built, while it serves: which files the code embeds
// and, unless the build has asked that itself, which plugins Endure disables.
// Where it cannot, the next build says why.
func (w *watching) study(ctx context.Context, admitted bool) *building {
	return begin(ctx, func(ctx context.Context) built {
		var b built
		if b.err = w.session.Relist(ctx); b.err != nil {
			return built{}
		}
		b.late = w.watcher.Also(w.session.Embedded())
		if !admitted {
			b.err = w.session.Admitted(ctx)
		}
		return b
	})
}

// built is how a build ended, or a study.
type built struct {
	bin build.Binary
	err error
	// late are files that are embedded, and were changed before that was known.
	late []string
}

// building is a build, or a study of one, that is under way.
type building struct {
	result chan built
	cancel context.CancelFunc
}

// begin starts one.
func begin(ctx context.Context, do func(context.Context) built) *building {
	ctx, cancel := context.WithCancel(ctx)
	b := &building{result: make(chan built, 1), cancel: cancel}
	go func() { b.result <- do(ctx) }()
	return b
}

// drop ends it, whatever it would have made.
func (b *building) drop() {
	if b != nil {
		b.cancel()
		<-b.result // it still writes to the store
	}
}

// ready is where the end is told; nowhere without a build.
func (b *building) ready() <-chan built {
	if b == nil {
		return nil
	}
	return b.result
}

// loop waits for changes. One that comes while a build is under way ends that
// build, and counts together with the change before it. The first is what
// changed meanwhile, while nothing was watched.
func (w *watching) loop(ctx context.Context, meanwhile []string) error {
	changes := make(chan []string)
	go forward(ctx, w.watcher, meanwhile, changes)
	var pending []string
	var rebuilding *building
	w.studyPending = true
	study := w.study(ctx, true)
	defer func() { rebuilding.drop(); study.drop() }()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-w.ending():
			w.ended = true
			w.note(fmt.Sprintf("the server has ended with status %d; waiting for a change", w.server.Status()))
		case files := <-changes:
			study.drop()
			rebuilding.drop()
			study, pending = nil, append(pending, files...)
			rebuilding = w.build(ctx, slices.Clone(pending))
		case r := <-rebuilding.ready():
			rebuilding.cancel()
			rebuilding = nil
			if w.serve(r, pending); r.err != nil {
				continue // what is pending is so still
			}
			if planChanged(pending) {
				if err := w.renew(); err != nil {
					return err
				}
			}
			if w.studyPending {
				study = w.study(ctx, planChanged(pending))
			}
			pending = nil
		case r := <-study.ready():
			study.cancel()
			study, w.studyPending = nil, false
			if r.err != nil && ctx.Err() == nil {
				w.Report(r.err)
				w.note("the server runs without it")
			}
			if len(r.late) > 0 {
				pending = r.late
				rebuilding = w.build(ctx, slices.Clone(pending))
			}
		}
	}
}

// build begins to build after these files changed.
func (w *watching) build(ctx context.Context, files []string) *building {
	w.studyPending = w.studyPending || !onlyData(files) || planChanged(files)
	if w.studyPending {
		w.watcher.Remember() // for the study; the build has all that was changed before
	}
	return begin(ctx, func(ctx context.Context) built { return w.rebuild(ctx, files) })
}

// serve starts what was built of these files, unless it is what runs already.
func (w *watching) serve(r built, files []string) {
	if r.err == nil && onlyData(files) && sameBinary(r.bin.Path, w.session.Running) {
		r.bin.Path = w.session.Running
	}
	w.replace(r)
}

// forward hands on some first changes and those that a watcher sees, until it
// is closed.
func forward(ctx context.Context, from *watch.Watcher, files []string, changes chan<- []string) {
	for {
		if len(files) > 0 {
			select {
			case changes <- files:
			case <-ctx.Done():
				return
			}
		}
		var err error
		if files, err = from.Next(ctx); err != nil {
			return
		}
	}
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
		w.session.Running = running
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

// replace starts the new server in place of the old one, or reports why there
// is none.
func (w *watching) replace(r built) {
	serving := w.server != nil && !w.ended
	switch {
	case errors.Is(r.err, context.Canceled):
		return
	case r.err != nil:
		w.Report(r.err)
		if serving {
			w.note("the previous server keeps running")
		} else {
			w.note("waiting for a change")
		}
		return
	case serving && r.bin.Path == w.session.Running:
		return
	}
	w.stop()
	cmd := w.Server
	cmd.Path = r.bin.Path
	server, err := run.Start(w.sink, cmd)
	if err != nil {
		w.Report(err)
		return
	}
	w.server, w.session.Running, w.ended = server, r.bin.Path, false
	if err := w.record(); err != nil {
		w.note("a later run will not know of this server: " + err.Error())
	}
	w.note("started " + strings.Join(append([]string{filepath.Base(r.bin.Path)}, cmd.Args...), " "))
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

// errNothingLocal is a server of which no part can change.
var errNothingLocal error = nothingLocal{}

type nothingLocal struct{}

func (nothingLocal) Error() string {
	return "there is nothing to watch: no plugin and no module is from a local directory"
}
func (nothingLocal) ExitStatus() int { return 2 }
func (nothingLocal) Hints() []string {
	return []string{"name one with --with NAME=DIR, or run in the plugin's own folder"}
}

// sameBinary reports whether two files hold the same bytes.
func sameBinary(a, b string) bool {
	sumA, errA := disk.Sum(a)
	sumB, errB := disk.Sum(b)
	return errors.Join(errA, errB) == nil && sumA == sumB
}
