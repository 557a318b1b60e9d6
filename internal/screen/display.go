package screen

import (
	"io"
	"time"

	"github.com/jedib0t/go-pretty/v6/progress"

	"github.com/vxlite/vxlite/internal/event"
)

// display draws what is under way on a terminal: a bar for all fetches
// together and one for each target being compiled. A bar that has ended stays
// behind as a line of text. Its callers see to it that only one of its
// methods runs at a time.
type display struct {
	out   io.Writer
	width int
	color bool

	fetch   *fetchBar
	compile map[string]*compileBar // by target

	// bars and drawn are set while a bar is under way: go-pretty does not
	// show logs unless there is one, so it only runs while there is.
	bars  progress.Writer
	drawn chan struct{} // closed when bars has drawn for the last time
	begun uint64        // how many bars there have been
}

// redraw is how often the display is drawn anew.
const redraw = 100 * time.Millisecond

// newDisplay returns a display for a terminal that is width columns wide.
func newDisplay(out io.Writer, width int, color bool) *display {
	if width <= 0 {
		width = 80
	}
	return &display{out: out, width: width, color: color, compile: make(map[string]*compileBar)}
}

// update takes an event into account. What lags behind the end of its fetch
// or its target does not begin a bar again.
func (d *display) update(e event.Event) {
	switch e.Kind {
	case event.FetchStart, event.FetchDone:
		if d.fetch == nil {
			d.fetch = &fetchBar{bar: d.track(), received: make(map[string]int64)}
		}
		d.fetch.update(e)
	case event.FetchBytes:
		if d.fetch != nil {
			d.fetch.update(e)
		}
	case event.CompileStart:
		d.startCompile(e)
	case event.LinkStart:
		d.startLink(e)
	case event.CompilePackage:
		if b := d.compile[e.Target]; b != nil {
			b.update(e)
		}
	case event.CompileDone:
		if b := d.compile[e.Target]; b != nil {
			b.end(true)
			delete(d.compile, e.Target)
			d.settle()
		}
	}
}

// done ends what is under way: the result is there.
func (d *display) done() {
	d.endFetch(true)
	d.endCompiles(true)
	d.settle()
}

// startCompile begins the bar of a target.
func (d *display) startCompile(e event.Event) {
	b := d.compile[e.Target]
	if b == nil {
		b = &compileBar{bar: d.track(), target: oneLine(e.Target)}
		d.compile[e.Target] = b
	}
	b.update(e)
	// All is fetched when compiling starts; no event of its own says so.
	d.endFetch(true)
}

// startLink begins the bar of a target's linking, in the place of that of its
// compiling.
func (d *display) startLink(e event.Event) {
	if b := d.compile[e.Target]; b != nil {
		next := &compileBar{bar: d.track(), target: b.target, linking: true}
		b.end(true)
		next.update(e)
		d.compile[e.Target] = next
	}
}

// log shows a line above the bars. It reports false when there are none.
func (d *display) log(line string) bool {
	if d.bars == nil {
		return false
	}
	d.bars.Log(wrapOn + line + wrapOff)
	return true
}

// stop ends what is under way and returns when nothing more will be drawn.
// Bars that are not full are left as unfinished.
func (d *display) stop() {
	d.endFetch(d.fetch != nil && d.fetch.full())
	d.endCompiles(false)
	d.settle()
}

// endFetch ends the bar of the fetches, if there is one.
func (d *display) endFetch(complete bool) {
	if d.fetch != nil {
		d.fetch.end(complete)
		d.fetch = nil
	}
}

// endCompiles ends the bars of all targets.
func (d *display) endCompiles(complete bool) {
	for _, b := range d.compile {
		b.end(complete)
	}
	clear(d.compile)
}

// track adds a bar, and starts drawing if it is the first.
func (d *display) track() bar {
	d.begun++
	b := bar{
		// A bar ends when its owner says so: more may turn up after all that
		// was known is done.
		tracker: &progress.Tracker{AutoStopDisabled: true, Index: d.begun},
		room:    d.width - d.barLength() - len("100%  [59m59s]  "),
	}
	if d.bars == nil {
		d.start()
	}
	d.bars.AppendTracker(b.tracker)
	return b
}

// barLength is how many columns a bar has, its brackets included. A narrow
// window has none.
func (d *display) barLength() int {
	if d.width < 60 {
		return 0
	}
	return min(22, d.width/4)
}

// start starts drawing.
func (d *display) start() {
	bars := progress.NewWriter()
	bars.SetOutputWriter(clipWriter{d.out})
	style := barStyle(d.color)
	style.Visibility.Tracker = d.barLength() > 0
	bars.SetStyle(style)
	bars.SetTrackerLength(d.barLength())
	bars.SetSortBy(progress.SortByIndex)
	bars.SetTerminalWidth(d.width)
	bars.SetUpdateFrequency(redraw)
	// A Stop that comes before Render has set itself up is lost. Such a Render
	// ends by itself, once it has drawn that all bars have ended.
	bars.SetAutoStop(true)

	drawn := make(chan struct{})
	d.bars, d.drawn = bars, drawn
	go func() {
		defer close(drawn)
		bars.Render()
	}()
}

// settle stops drawing when no bar is left under way.
func (d *display) settle() {
	if d.bars == nil || d.fetch != nil || len(d.compile) > 0 {
		return
	}
	d.bars.Stop()
	<-d.drawn
	d.bars, d.drawn = nil, nil
}

// wrapOff and wrapOn tell the terminal what to do with the rest of a line
// that is too long: to leave it out or to go on in the next line.
const (
	wrapOff = "\x1b[?7l"
	wrapOn  = "\x1b[?7h"
)

// clipWriter leaves it to the terminal to clip what is too long. The display
// cuts its lines too, but go-pretty knows only the width at the start; when
// the window became narrower, lines would wrap, not be found again by moving
// the cursor up, and fill the screen with copies.
type clipWriter struct{ out io.Writer }

// Write writes one drawing of the display, at once so that a terminal is
// never left without wrapping.
func (w clipWriter) Write(p []byte) (int, error) {
	if _, err := io.WriteString(w.out, wrapOff+string(p)+wrapOn); err != nil {
		return 0, err
	}
	return len(p), nil
}
