package explain

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/run"
)

// FlagError is an argument of the config's for the compiler or the linker that
// it does not take.
type FlagError struct {
	config.Place
	Tool string
	// Said is what the tool said, without its usage.
	Said string
	Err  error // all that the go command said
}

// Error implements error.
func (e *FlagError) Error() string {
	return fmt.Sprintf("%s:%d: %s: the %s says: %s", e.Pos.File, e.Pos.Line, e.Key, e.Tool, e.Said)
}

// Unwrap returns the go command's error.
func (e *FlagError) Unwrap() error { return e.Err }

// Hints says where the flags are listed.
func (e *FlagError) Hints() []string {
	if e.Tool == "linker" {
		return []string{"go tool link shows the flags that there are"}
	}
	return []string{"go tool compile shows the flags that there are"}
}

// ExitStatus is that of a wrong config.
func (*FlagError) ExitStatus() int { return 2 }

// toolSays matches what the two programs say of their arguments: before their
// usage, if anything, or with their name.
var toolSays = regexp.MustCompile(`(?m)^((?:[^#\s].*\n\s*)?)usage: (link|compile) \[options\]|^\S*[/\\](link|compile)(?:\.exe)?: (-\S+ flag requires .*)$`)

// Flag returns the error of a flag that the config has and a tool does not
// take, and nil for any other.
func Flag(flags config.Flags, err error) error {
	var re *run.Error
	if !errors.As(err, &re) {
		return nil
	}
	m := toolSays.FindStringSubmatch(re.Stderr)
	if m == nil {
		return nil
	}
	e := &FlagError{Place: flags.LDFlags, Tool: "linker", Said: strings.TrimSpace(m[1] + m[4]), Err: err}
	if m[2]+m[3] == "compile" {
		e.Place, e.Tool = flags.GCFlags, "compiler"
	}
	if e.Key == "" { // not the config's, so it is for the one who made the flag
		return nil
	}
	if e.Said == "" {
		e.Said = "it takes other arguments"
	}
	return e
}
