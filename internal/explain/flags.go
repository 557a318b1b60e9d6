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

// profileSays and cacheProgSays match what the go command says of a profile, and
// of a GOCACHEPROG.
var (
	profileSays   = regexp.MustCompile(`(?m)^preprofile: (?:error )?(?:parsing profile: |error parsing profile: )*(.*)$`)
	cacheProgSays = regexp.MustCompile(`(?m)^error starting GOCACHEPROG program (.*)$`)
)

// toolSays matches what the two programs say of their arguments: before their
// usage, if anything, or with their name.
var toolSays = regexp.MustCompile(`(?m)^((?:[^#\s].*\n\s*)?)usage: (link|compile) \[options\]|^\S*[/\\](link|compile)(?:\.exe)?: (-\S+ flag requires .*)$`)

// Value returns the error of a value in [build] that a tool does not take, and nil
// for any other.
func Value(places config.Places, err error) error {
	var re *run.Error
	if !errors.As(err, &re) {
		return nil
	}
	if m := profileSays.FindStringSubmatch(re.Stderr); m != nil && places.PGO.Key != "" {
		return places.PGO.Wrap(fmt.Errorf("the file is no CPU profile as runtime/pprof writes it: %s", m[1]))
	}
	if m := cacheProgSays.FindStringSubmatch(re.Stderr); m != nil && places.CacheProg.Key != "" {
		return places.CacheProg.Wrap(fmt.Errorf("the program cannot be started: %s", m[1]))
	}
	m := toolSays.FindStringSubmatch(re.Stderr)
	if m == nil {
		return nil
	}
	e := &FlagError{Place: places.LDFlags, Tool: "linker", Said: strings.TrimSpace(m[1] + m[4]), Err: err}
	if m[2]+m[3] == "compile" {
		e.Place, e.Tool = places.GCFlags, "compiler"
	}
	if e.Key == "" { // not the config's, so it is for the one who made the flag
		return nil
	}
	if e.Said == "" {
		e.Said = "it takes other arguments"
	}
	return e
}
