package screen

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"
	"golang.org/x/mod/module"

	"github.com/vxlite/vxlite/internal/brief"
	"github.com/vxlite/vxlite/internal/event"
)

// bar is a line that shows how far something is, for as long as it is under way.
type bar interface {
	// progress is how much is done, and of how much; 0 where that is not known.
	progress() (done, total int)
	// message says what is under way, in a number of columns.
	message(room int) string
	// ended says what was done, or how much of it.
	ended(complete bool) string
	begun() time.Time
}

// start is when a bar begins.
type start time.Time

func (s start) begun() time.Time { return time.Time(s) }

// fullRoom is how many columns a message needs to say more than a count and a
// name.
const fullRoom = 40

// barLine lays a bar out as
//
//	26% [#####...............] [12s] compiling linux/amd64, 78 of 312: net/http
//
// A narrow window has no room for the second part.
func barLine(b bar, width int, now time.Time, paint func(string, ...text.Color) string) string {
	var head string
	took := now.Sub(b.begun())
	done, total := b.progress()
	if total > 0 {
		head = fmt.Sprintf("%3d%% ", done*100/total)
	}
	if width >= 70 {
		head = fmt.Sprintf("%5s%s ", head, paint(gauge(min(22, width/4), done, total, took), text.FgGreen))
	}
	head += paint("["+took.Round(time.Second).String()+"]", text.Faint) + " "
	return head + b.message(width-columns(head)-1) // in the last column, some terminals begin the next line
}

// gauge is filled as far as something is done. Where that is not known, something
// moves in it.
func gauge(length, done, total int, took time.Duration) string {
	const mover = "<#>"
	inner := length - len("[]")
	if total > 0 {
		full := inner * done / total
		return "[" + strings.Repeat("#", full) + strings.Repeat(".", inner-full) + "]"
	}
	span := inner - len(mover)
	at := int(took/redrawEvery) % (2 * span)
	at = min(at, 2*span-at) // there, and back again
	return "[" + strings.Repeat(".", at) + mover + strings.Repeat(".", span-at) + "]"
}

// endLine is what stays of a bar: a line such as
//
//	fetched 46 repositories, 83.2 MB [31.4s]
func endLine(b bar, complete bool, now time.Time, paint func(string, ...text.Color) string) string {
	line := b.ended(complete)
	if !complete {
		line += paint(", unfinished", text.FgRed)
	}
	return line + paint(" ["+now.Sub(b.begun()).Round(redrawEvery).String()+"]", text.Faint)
}

// fetchBar is the bar for all fetches, or all pushes, together.
type fetchBar struct {
	start
	verb     string // "fetched" or "pushed"
	done     int
	bytes    int64            // of the fetches that are done
	underWay []string         // modules, in the order they were begun
	received map[string]int64 // bytes by module, of those under way
}

// update takes an event of a fetch or a push into account.
func (b *fetchBar) update(e event.Event) {
	i := slices.Index(b.underWay, e.Module)
	switch {
	case (e.Kind == event.FetchStart || e.Kind == event.PushStart) && i < 0:
		b.underWay = append(b.underWay, e.Module)
	case (e.Kind == event.FetchBytes || e.Kind == event.PushBytes) && i >= 0:
		b.received[e.Module] = e.Bytes
	case e.Kind == event.FetchDone, e.Kind == event.PushDone:
		b.done++
		b.bytes += max(e.Bytes, b.received[e.Module])
		delete(b.received, e.Module)
		if i >= 0 {
			b.underWay = slices.Delete(b.underWay, i, i+1)
		}
	}
}

// progress has no total: how many there will be is known only when all is fetched,
// as each module may bring more.
func (b *fetchBar) progress() (done, total int) { return b.done, 0 }

func (b *fetchBar) message(room int) string {
	message := fmt.Sprintf("%d %s, %d to go", b.done, b.verb, len(b.underWay))
	size := b.bytes
	for _, n := range b.received {
		size += n
	}
	if size > 0 && room >= fullRoom {
		message += ", " + brief.Bytes(size)
	}
	names := make([]string, len(b.underWay))
	for i, module := range b.underWay {
		names[i] = shortName(module)
	}
	if len(names) > 0 {
		message += ": " + strings.Join(names, ", ")
	}
	return text.Snip(message, room, "...")
}

// full reports whether all that is known has been fetched.
func (b *fetchBar) full() bool { return len(b.underWay) == 0 }

func (b *fetchBar) ended(complete bool) string {
	message := b.verb + " " + Count(b.done, "repository", "repositories")
	if !complete {
		message = fmt.Sprintf("%s %d of %s", b.verb, b.done, Count(b.done+len(b.underWay), "repository", "repositories"))
	}
	if b.bytes > 0 {
		message += ", " + brief.Bytes(b.bytes)
	}
	return message
}

// compileBar is the bar for one target's compiling, or for its linking.
type compileBar struct {
	start
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
}

func (b *compileBar) progress() (done, total int) { return b.done, b.total }

// message words what is being compiled. Of a long package, the end stays.
func (b *compileBar) message(room int) string {
	if b.linking {
		return text.Snip("linking "+b.target, room, "...")
	}
	message := "compiling " + b.target
	if b.total > 0 {
		message += fmt.Sprintf(", %d of %d", b.done, b.total)
	} else if b.done > 0 {
		message += fmt.Sprintf(", %d", b.done)
	}
	if room < fullRoom && b.total > 0 {
		message = fmt.Sprintf("%d of %d", b.done, b.total)
	}
	if b.current != "" {
		message += ": " + cutMiddle(b.current, room-columns(message)-len(": "))
	}
	return text.Snip(message, room, "...")
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

func (b *compileBar) ended(bool) string {
	message := "compiled " + b.target
	if b.linking {
		message = "linked " + b.target
	}
	if b.done > 0 {
		message += ", " + Count(b.done, "package", "packages")
	}
	return message
}

// shortName shortens a module path to the name that its users know it by:
// "http" for github.com/roadrunner-server/http/v5.
func shortName(modulePath string) string {
	if prefix, _, ok := module.SplitPathVersion(modulePath); ok {
		modulePath = prefix
	}
	return oneLine(path.Base(modulePath))
}
