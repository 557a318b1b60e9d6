package pipeline

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/event"
	"github.com/vxlite/vxlite/internal/run"
	"github.com/vxlite/vxlite/internal/watch"
)

// WatchOptions say how a server is run while its sources are being changed.
type WatchOptions struct {
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
func Watch(ctx context.Context, o Options, wo WatchOptions) error {
	w := &watching{WatchOptions: wo, session: NewSession(o), sink: o.Sink}
	defer w.stop()
	bin, err := w.session.Build(ctx)
	if w.session.w == nil || ctx.Err() != nil {
		return err // there is nothing yet of which a change could mend it
	}
	if len(w.session.Locals()) == 0 {
		return errNothingLocal
	}
	w.replace(built{bin, err})
	if err := w.renew(ctx); err != nil {
		return err
	}
	defer func() { w.watcher.Close() }()
	return w.loop(ctx)
}

// watching is a server that is run while its sources are being changed.
type watching struct {
	WatchOptions
	session *Session
	sink    event.Sink
	watcher *watch.Watcher
	server  *run.Process // nil while there is none
	ended   bool         // that it ended by itself was said
}

// renew watches what the session's plan has of local directories.
func (w *watching) renew(ctx context.Context) error {
	locals := w.session.Locals()
	if len(locals) == 0 {
		return errNothingLocal
	}
	file, err := filepath.Abs(w.session.opts.Config.File)
	if err != nil {
		return err
	}
	next, err := watch.New(locals, []string{file})
	if err != nil {
		return fmt.Errorf("watching %s: %w", strings.Join(locals, ", "), err)
	}
	if w.watcher != nil {
		w.watcher.Close()
	}
	w.watcher = next
	w.learn(ctx)
	return nil
}

// learn finds out which files the code embeds. Where it cannot, the next build
// says why.
func (w *watching) learn(ctx context.Context) {
	w.session.pkgs = nil
	if w.session.list(ctx) == nil {
		w.watcher.Also(w.session.Embedded())
	}
}

// built is how a build ended.
type built struct {
	bin event.Binary
	err error
}

// building is a build that is under way.
type building struct {
	result chan built
	cancel context.CancelFunc
}

// drop ends the build, whatever it would have made.
func (b *building) drop() {
	if b != nil {
		b.cancel()
		<-b.result // it still writes to the store
	}
}

// loop waits for changes. One that comes while a build is under way ends that
// build, and counts together with the change before it.
func (w *watching) loop(ctx context.Context) error {
	changes := make(chan []string)
	go forward(ctx, w.watcher, changes)
	var pending []string
	var now *building
	defer func() { now.drop() }()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-w.ending():
			w.ended = true
			w.note(fmt.Sprintf("the server has ended with status %d; waiting for a change", w.server.Status()))
		case files := <-changes:
			now.drop()
			pending = append(pending, files...)
			now = w.begin(ctx, pending)
		case r := <-now.ready():
			now.cancel()
			now = nil
			if r.err != nil {
				w.replace(r)
				continue // what is pending is so still
			}
			if onlyData(pending) && sameBinary(r.bin.Path, w.session.Running) {
				r.bin.Path = w.session.Running
			}
			w.replace(r)
			switch {
			case planChanged(pending):
				if err := w.renew(ctx); err != nil {
					return err
				}
				go forward(ctx, w.watcher, changes)
			case !onlyData(pending):
				w.learn(ctx)
				if err := w.session.Admitted(ctx); err != nil && ctx.Err() == nil {
					w.Report(err)
					w.note("the server runs without it")
				}
			}
			pending = nil
		}
	}
}

// forward hands on the changes that a watcher sees, until it is closed.
func forward(ctx context.Context, from *watch.Watcher, changes chan<- []string) {
	for {
		files, err := from.Next(ctx)
		if err != nil {
			return
		}
		select {
		case changes <- files:
		case <-ctx.Done():
			return
		}
	}
}

// ready is where the build's end is told; nowhere without a build.
func (b *building) ready() <-chan built {
	if b == nil {
		return nil
	}
	return b.result
}

// ending is closed when the server has ended by itself and that was not said.
func (w *watching) ending() <-chan struct{} {
	if w.server == nil || w.ended {
		return nil
	}
	return w.server.Done()
}

// begin starts a build after these files changed.
func (w *watching) begin(ctx context.Context, files []string) *building {
	ctx, cancel := context.WithCancel(ctx)
	b := &building{result: make(chan built, 1), cancel: cancel}
	files = append([]string(nil), files...)
	go func() {
		bin, err := w.rebuild(ctx, files)
		b.result <- built{bin, err}
	}()
	return b
}

// rebuild reads the config again where it is among the files.
func (w *watching) rebuild(ctx context.Context, files []string) (event.Binary, error) {
	for _, f := range files {
		if filepath.Base(f) != filepath.Base(w.session.opts.Config.File) {
			continue
		}
		cfg, err := w.Reload()
		if err != nil {
			return event.Binary{}, err
		}
		o := w.session.opts
		o.Config = cfg
		running := w.session.Running
		w.session = NewSession(o)
		w.session.Running = running
		break
	}
	return w.session.Rebuild(ctx, files)
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
			w.note("the server from before this change goes on")
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
