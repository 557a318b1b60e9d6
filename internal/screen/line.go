package screen

import (
	"fmt"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/vxlite/vxlite/internal/event"
)

// line words an event as a line for stderr. It is empty for an event that
// these options do not show, or that the progress display shows.
func (s *Screen) line(e event.Event) string {
	drawn := s.display != nil
	switch e.Kind {
	case event.FetchStart:
		if s.opts.Verbose {
			return "fetching " + purpose(e) + revision(e)
		}
	case event.FetchDone:
		if s.opts.Verbose || !drawn && !e.Known {
			return fetchedLine(e)
		}
	case event.PushDone:
		if s.opts.Verbose || !drawn && !e.Known {
			return "pushed " + oneLine(e.Module) + " to " + oneLine(e.URL)
		}
	case event.Retry:
		return retryLine(e)
	case event.CompileStart:
		s.compiling[e.Target], s.told = e.Total, s.now()
		if !drawn {
			return compilingLine(e)
		}
	case event.LinkStart:
		if s.opts.Verbose && !drawn {
			return "linking " + oneLine(e.Target)
		}
	case event.CompilePackage:
		if s.opts.Verbose {
			return oneLine(e.Target) + ": " + oneLine(e.Package)
		}
		if !drawn {
			return s.howFar(e)
		}
	case event.CompileDone:
		if !drawn {
			return "compiled " + oneLine(e.Target)
		}
	case event.Command:
		if s.opts.TraceCommands {
			return commandLine(e)
		}
	case event.Note:
		return s.paint("note:", text.FgYellow) + " " + ours(e.Text)
	case event.Debug:
		if s.opts.Verbose {
			return ours(e.Text)
		}
	}
	return ""
}

// fetchedLine words a FetchDone event.
func fetchedLine(e event.Event) string {
	var b strings.Builder
	verb := "fetched "
	if e.Known {
		verb = "asked for "
	}
	b.WriteString(verb + purpose(e) + revision(e))
	if e.Commit != "" {
		b.WriteString(" (" + shortCommit(e.Commit) + ")")
	}
	if e.URL != "" {
		b.WriteString(" from " + oneLine(e.URL))
	}
	return b.String()
}

// purpose words what a fetch is for, if what it fetches is not built.
func purpose(e event.Event) string {
	if e.Why == "" {
		return ""
	}
	return "the " + oneLine(e.Why) + " in "
}

// retryLine words a Retry event. Several mirrors have a line each in its text.
func retryLine(e event.Event) string {
	wait := time.Duration(e.Seconds * float64(time.Second)).Round(time.Second)
	return fmt.Sprintf("%s: %s, trying again in %v", revision(e), oneLine(strings.ReplaceAll(e.Text, "\n", "; ")), wait)
}

// compilingLine words a CompileStart event.
func compilingLine(e event.Event) string {
	line := "compiling " + oneLine(e.Target)
	if e.Total > 0 {
		line += fmt.Sprintf(" (%s)", Count(e.Total, "package", "packages"))
	}
	return line
}

// howFar words a CompilePackage event now and then, for logs in which a long
// compile would be silent.
func (s *Screen) howFar(e event.Event) string {
	if s.now().Sub(s.told) < tellEvery || s.compiling[e.Target] == 0 {
		return ""
	}
	s.told = s.now()
	return fmt.Sprintf("compiling %s: %d of %s", oneLine(e.Target), e.Done, Count(s.compiling[e.Target], "package", "packages"))
}

// revision words which module a fetch is about, and at which ref.
func revision(e event.Event) string {
	return strings.TrimSpace(oneLine(e.Module) + " " + oneLine(e.Ref))
}

// shortCommit shortens a commit to the 12 digits that Go's pseudo-versions
// have.
func shortCommit(commit string) string {
	commit = oneLine(commit)
	return commit[:min(12, len(commit))]
}
