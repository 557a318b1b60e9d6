package screen

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/vxlite/vxlite/internal/event"
)

// display draws what is under way on a terminal, below what is printed there: a
// bar for all fetches together and one for each target being compiled. A bar that
// has ended stays behind as a line of text.
//
// It is not go-pretty's progress, which cannot be told of another width while it
// draws, and does not find its lines again after the window became narrower.
type display struct {
	mu    sync.Locker // held by whoever calls a method
	out   io.Writer
	width func() int // of the terminal as it is now, in columns
	paint func(string, ...text.Color) string

	fetch   *fetchBar     // or of the pushes; nil for none
	compile []*compileBar // by when they began
	drawn   []int         // the columns of each line that is drawn
	quit    chan struct{} // ends the redrawing; nil while nothing is under way
}

// redrawEvery is how often the display is drawn anew.
const redrawEvery = 100 * time.Millisecond

// update takes an event into account. What lags behind the end of its fetch
// or its target does not begin a bar again.
func (d *display) update(e event.Event) {
	i := slices.IndexFunc(d.compile, func(b *compileBar) bool { return b.target == oneLine(e.Target) })
	switch {
	case e.Kind == event.FetchStart, e.Kind == event.FetchDone, e.Kind == event.PushStart, e.Kind == event.PushDone,
		(e.Kind == event.FetchBytes || e.Kind == event.PushBytes) && d.fetch != nil:
		if d.fetch == nil {
			d.fetch = &fetchBar{start: start(time.Now()), verb: "fetched", received: make(map[string]int64)}
		}
		if e.Kind == event.PushStart {
			d.fetch.verb = "pushed"
		}
		d.fetch.update(e)
	case e.Kind == event.CompileStart && i < 0:
		d.endFetch(true) // no event of its own says so
		b := &compileBar{start: start(time.Now()), target: oneLine(e.Target)}
		b.update(e)
		d.compile = append(d.compile, b)
	case e.Kind == event.CompileStart, e.Kind == event.CompilePackage && i >= 0:
		d.compile[i].update(e)
	case e.Kind == event.LinkStart && i >= 0:
		ended := d.compile[i]
		d.compile[i] = &compileBar{start: start(time.Now()), target: ended.target, linking: true}
		d.end(ended, true)
	case e.Kind == event.CompileDone && i >= 0:
		ended := d.compile[i]
		d.compile = slices.Delete(d.compile, i, i+1)
		d.end(ended, true)
	}
	d.keepDrawing()
}

// done ends what is under way: the result is there.
func (d *display) done() { d.endAll(true) }

// stop ends what is under way. Bars that are not full are left as unfinished.
func (d *display) stop() { d.endAll(false) }

func (d *display) endAll(complete bool) {
	d.endFetch(complete || d.fetch != nil && d.fetch.full())
	ended := d.compile
	d.compile = nil
	for _, b := range ended {
		d.end(b, complete)
	}
	d.keepDrawing()
}

// endFetch ends the bar of the fetches, if there is one.
func (d *display) endFetch(complete bool) {
	if ended := d.fetch; ended != nil {
		d.fetch = nil
		d.end(ended, complete)
	}
}

// end leaves a line for a bar that is no longer under way.
func (d *display) end(b bar, complete bool) {
	d.draw(endLine(b, complete, time.Now(), d.paint))
}

// keepDrawing draws again and again while something is under way.
func (d *display) keepDrawing() {
	switch busy := d.fetch != nil || len(d.compile) > 0; {
	case busy && d.quit == nil:
		d.quit = make(chan struct{})
		go d.redraw(d.quit)
	case !busy && d.quit != nil:
		close(d.quit)
		d.quit = nil
	}
}

func (d *display) redraw(quit <-chan struct{}) {
	tick := time.NewTicker(redrawEvery)
	defer tick.Stop()
	for {
		select {
		case <-quit:
			return
		case <-tick.C:
			d.mu.Lock()
			d.draw()
			d.mu.Unlock()
		}
	}
}

// draw draws the bars anew, below lines that stay. It is one write, so that no
// other program's come between.
func (d *display) draw(above ...string) {
	width := d.width()
	var b strings.Builder
	b.WriteString(erase(d.drawn, width))
	for _, line := range above {
		b.WriteString(line + "\n")
	}
	d.drawn = nil
	show := func(bar bar) {
		line := barLine(bar, width, time.Now(), d.paint)
		d.drawn = append(d.drawn, columns(line))
		b.WriteString(line + "\n")
	}
	if d.fetch != nil {
		show(d.fetch)
	}
	for _, bar := range d.compile {
		show(bar)
	}
	if b.Len() > 0 {
		fmt.Fprint(d.out, b.String())
	}
}

// erase clears lines of so many columns, and the one below, where a terminal echoes
// ^C. In a window that has become narrower, a line takes several rows.
//
// It does so by lines: to clear all below at once is, for tmux, to scroll it away if
// it is all there is.
func erase(lines []int, width int) string {
	rows := 0
	for _, columns := range lines {
		rows += max(1, (columns+width-1)/width)
	}
	if rows == 0 {
		return ""
	}
	return "\r\x1b[K" + strings.Repeat("\x1b[A\x1b[K", rows)
}
