package live

import (
	"context"
	"errors"
	"fmt"

	"github.com/vxlite/vxlite/internal/brief"
	"github.com/vxlite/vxlite/internal/build"
	"github.com/vxlite/vxlite/internal/endure"
	"github.com/vxlite/vxlite/internal/watch"
)

// loop waits for changes. One that comes while a build is under way ends that
// build, and counts together with the change before it. The first is what
// changed meanwhile, while nothing was watched.
func (w *watching) loop(ctx context.Context, meanwhile []string) error {
	changed := make(chan []string)
	go forward(ctx, w.watcher, meanwhile, changed)
	w.studyPending = true
	w.studying = w.study(ctx, true)
	defer func() { w.working.drop(); w.studying.drop() }()
	for {
		var err error
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-w.ending():
			w.ended = true
			w.note(fmt.Sprintf("the server has ended with status %d; waiting for a change", w.server.Status()))
		case files := <-changed:
			err = w.change(ctx, files)
		case r := <-w.working.ready():
			w.working.cancel()
			w.working = nil
			err = w.finish(ctx, r)
		case r := <-w.studying.ready():
			w.studying.cancel()
			w.studying, w.studyPending = nil, false
			w.remark(ctx, r)
		}
		if err != nil {
			return err
		}
	}
}

// change begins to work on what has changed.
func (w *watching) change(ctx context.Context, files []string) error {
	w.studying.drop()
	w.working.drop()
	w.studying, w.working = nil, nil
	w.note(changedNote(files))
	code, settings := parted(files, w.settings)
	if settings { // which may include other files now
		if err := w.renew(); err != nil {
			return err
		}
	}
	w.changes = w.changes.and(code, settings)
	w.work(ctx)
	return nil
}

// changedNote names files that changed, the first few of many, as they lie to the
// working directory.
func changedNote(files []string) string {
	names := make([]string, 0, len(files))
	for _, f := range files {
		names = append(names, fromHere(f))
	}
	return "changed: " + brief.List(names, 3)
}

// finish takes what the work has come to, and goes on with what is left.
func (w *watching) finish(ctx context.Context, r built) error {
	if errors.Is(r.err, context.Canceled) {
		return nil
	}
	end := w.serve(r, w.now)
	replanned := planChanged(w.now.code)
	if end != notBuilt && replanned {
		if err := w.renew(); err != nil {
			return err
		}
	}
	switch {
	case w.changes.again(w.now, end):
		w.work(ctx)
	case end == done && w.studyPending && w.serves() && w.latest == w.session.Running:
		w.studying = w.study(ctx, replanned)
	}
	return nil
}

// work begins with the next task.
func (w *watching) work(ctx context.Context) {
	t := w.changes.task()
	if len(t.code) > 0 {
		w.studyPending = w.studyPending || !onlyData(t.code) || planChanged(t.code)
	}
	if len(t.code) > 0 && w.studyPending {
		w.watcher.Remember() // for the study; the build has all that was changed before
	}
	w.now = t
	w.working = begin(ctx, func(ctx context.Context) built {
		var b built
		if len(t.code) > 0 {
			b = w.rebuild(ctx, t.code)
		}
		if b.err == nil && t.settings {
			b.settings = w.look(ctx)
		}
		return b
	})
}

// serve starts the server after a task, or says why it does not.
func (w *watching) serve(r built, t task) outcome {
	end := done
	fresh := fresh(r.settings.problems, w.known)
	switch {
	case r.err != nil:
		end = notBuilt
		w.refuse(r.err)
	case r.settings.err != nil:
		end = notAdmitted
		w.refuse(r.settings.err)
	case len(fresh) > 0:
		end = notAdmitted
		w.refuse(endure.Join(nil, fresh))
	}
	if end != notBuilt && len(t.code) > 0 {
		w.latest = r.bin.Path
		if onlyData(t.code) && sameBinary(r.bin.Path, w.session.Running) {
			w.latest = w.session.Running
		}
	}
	var start bool
	w.changes, start = w.changes.after(t, end)
	if start && w.latest != "" && (t.settings || !w.serves() || w.latest != w.session.Running) {
		if t.settings {
			w.accept(r.settings.problems)
		}
		w.start(w.latest)
	}
	return end
}

// remark tells what a study has found.
func (w *watching) remark(ctx context.Context, r built) {
	if ctx.Err() != nil {
		return
	}
	if len(r.late) > 0 {
		defer w.work(ctx)
		w.note(changedNote(r.late))
		w.changes = w.changes.and(r.late, false)
	}
	if r.err != nil {
		w.Report(r.err)
		w.note("the server runs without it")
	}
	if r.settings.err != nil {
		return // with which the server does not start, and says so
	}
	if found := fresh(r.settings.problems, w.known); len(found) > 0 {
		w.Report(endure.Join(nil, found))
		w.note("the server was started all the same")
	}
	w.accept(r.settings.problems)
}

// study looks at what was built, while it serves: which files the code embeds
// and, unless the build has asked that itself, which plugins Endure disables; and
// at the settings as they are for these plugins. Where it cannot, the next build
// says why.
func (w *watching) study(ctx context.Context, admitted bool) *building {
	return begin(ctx, func(ctx context.Context) built {
		var b built
		if err := w.session.Relist(ctx); err != nil {
			return built{settings: looked{err: err}}
		}
		b.late = w.watcher.Also(w.session.Embedded())
		if !admitted {
			b.err = w.session.Admitted(ctx)
		}
		b.settings = w.look(ctx)
		return b
	})
}

// built is how a build ended, or a study.
type built struct {
	bin build.Binary
	err error
	// settings are what was found in those of the server, if anything was.
	settings looked
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
