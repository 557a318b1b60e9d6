package screen

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/progress"
	"github.com/jedib0t/go-pretty/v6/text"
	"golang.org/x/mod/module"

	"github.com/vxlite/vxlite/internal/event"
)

// barStyle lays a bar out as
//
//	26% [#####...............] [12s] compiling linux/amd64, 78 of 312: net/http
//
// and one that has ended as
//
//	fetched 46 repositories, 83.2 MB [31.4s]
func barStyle(color bool) progress.Style {
	style := progress.StyleDefault
	// The generator of the default style is one for all that use it.
	style.Chars.Indeterminate = progress.IndeterminateIndicatorMovingBackAndForth("<#>", redraw)
	style.Options.DoneString = ""
	style.Options.ErrorString = ", unfinished"
	// Else a bar that ends overtakes the lines logged since the last redraw.
	style.Options.KeepTrackersTogether = true
	style.Options.PercentFormat = "%3.0f%%"
	style.Options.PercentIndeterminate = "    "
	style.Options.Separator = ""
	style.Options.TimeInProgressPrecision = time.Second
	style.Options.TimeDonePrecision = 100 * time.Millisecond
	style.Visibility.Value = false
	if color {
		style.Colors.Error = text.Colors{text.FgRed}
		style.Colors.Stats = text.Colors{text.Faint}
		style.Colors.Tracker = text.Colors{text.FgGreen}
	}
	return style
}

// bar is what all bars have in common.
type bar struct {
	tracker *progress.Tracker
	room    int // columns for the message
}

// fullRoom is how many columns a message needs to say more than a count and a
// name.
const fullRoom = 32

// set shows how far the bar is; a total of 0 is one that is not known.
func (b bar) set(done, total int, message string) {
	// The total first: a bar beyond its total is drawn as one of unknown end.
	b.tracker.UpdateTotal(int64(total))
	b.tracker.SetValue(int64(done))
	b.tracker.UpdateMessage(" " + message)
}

// end turns the bar into a line of text.
func (b bar) end(complete bool, message string) {
	b.tracker.UpdateMessage(message)
	if complete {
		b.tracker.MarkAsDone()
	} else {
		b.tracker.MarkAsErrored()
	}
}

// fetchBar is the bar for all fetches together.
type fetchBar struct {
	bar
	done     int
	bytes    int64            // of the fetches that are done
	underWay []string         // modules, in the order they were begun
	received map[string]int64 // bytes by module, of those under way
}

// update takes a fetch event into account. How many there will be is known only
// when all is fetched, as each module may bring more: the bar has no end.
func (b *fetchBar) update(e event.Event) {
	i := slices.Index(b.underWay, e.Module)
	switch {
	case e.Kind == event.FetchStart && i < 0:
		b.underWay = append(b.underWay, e.Module)
	case e.Kind == event.FetchBytes && i >= 0:
		b.received[e.Module] = e.Bytes
	case e.Kind == event.FetchDone:
		b.done++
		b.bytes += max(e.Bytes, b.received[e.Module])
		delete(b.received, e.Module)
		if i >= 0 {
			b.underWay = slices.Delete(b.underWay, i, i+1)
		}
	}
	b.set(b.done, 0, text.Snip(b.message(), b.room, "..."))
}

// message words what is being fetched.
func (b *fetchBar) message() string {
	message := fmt.Sprintf("%d fetched, %d to go", b.done, len(b.underWay))
	size := b.bytes
	for _, n := range b.received {
		size += n
	}
	if size > 0 && b.room >= fullRoom {
		message += ", " + byteSize(size)
	}
	names := make([]string, len(b.underWay))
	for i, module := range b.underWay {
		names[i] = shortName(module)
	}
	if len(names) > 0 {
		message += ": " + strings.Join(names, ", ")
	}
	return message
}

// full reports whether all that is known has been fetched.
func (b *fetchBar) full() bool { return len(b.underWay) == 0 }

// end leaves a line that says what was fetched.
func (b *fetchBar) end(complete bool) {
	message := "fetched " + Count(b.done, "repository", "repositories")
	if !complete {
		message = fmt.Sprintf("fetched %d of %s", b.done, Count(b.done+len(b.underWay), "repository", "repositories"))
	}
	if b.bytes > 0 {
		message += ", " + byteSize(b.bytes)
	}
	b.bar.end(complete, message)
}

// compileBar is the bar for one target's compiling, or for its linking.
type compileBar struct {
	bar
	target  string
	linking bool
	done    int
	total   int // 0 where not known
	current string
}

// update takes a compile event into account.
func (b *compileBar) update(e event.Event) {
	switch {
	case b.linking:
		// what is compiled now is the little that is left
	case e.Kind == event.CompileStart:
		b.total = e.Total
	case e.Kind == event.CompilePackage:
		b.done = e.Done
		b.current = oneLine(e.Package)
		if b.total > 0 {
			b.total = max(b.total, b.done)
		}
	}
	b.set(b.done, b.total, b.message())
}

// message words what is being compiled. Of a long package, the end stays.
func (b *compileBar) message() string {
	if b.linking {
		return text.Snip("linking "+b.target, b.room, "...")
	}
	message := "compiling " + b.target
	if b.total > 0 {
		message += fmt.Sprintf(", %d of %d", b.done, b.total)
	} else if b.done > 0 {
		message += fmt.Sprintf(", %d", b.done)
	}
	if b.room < fullRoom && b.total > 0 {
		message = fmt.Sprintf("%d of %d", b.done, b.total)
	}
	if b.current != "" {
		message += ": " + cutMiddle(b.current, b.room-columns(message)-len(": "))
	}
	return text.Snip(message, b.room, "...")
}

// cutMiddle shortens a name to a width, by what stands in its middle: a third of
// the room is for its beginning, the rest for its end.
func cutMiddle(name string, width int) string {
	const gap = "..."
	runes := []rune(name)
	if len(runes) <= width {
		return name
	}
	room := max(width-len(gap), 0)
	return string(runes[:room/3]) + gap + string(runes[len(runes)-(room-room/3):])
}

// end leaves a line that says what was compiled.
func (b *compileBar) end(complete bool) {
	message := "compiled " + b.target
	if b.linking {
		message = "linked " + b.target
	}
	if b.done > 0 {
		message += ", " + Count(b.done, "package", "packages")
	}
	b.bar.end(complete, message)
}

// shortName shortens a module path to the name that its users know it by:
// "http" for github.com/roadrunner-server/http/v5.
func shortName(modulePath string) string {
	if prefix, _, ok := module.SplitPathVersion(modulePath); ok {
		modulePath = prefix
	}
	return oneLine(path.Base(modulePath))
}
