// Package doctor looks at all that a build needs besides its config: the go
// command and its settings, the disk, and each repository that the config names.
package doctor

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"time"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/event"
	"github.com/vxlite/vxlite/internal/gotool"
	"github.com/vxlite/vxlite/internal/source"
	"github.com/vxlite/vxlite/internal/store"
)

// leastFree is how much a disk must have left, in bytes: a server with all
// plugins takes about as much in the compile cache and in the store.
const leastFree = 1 << 30

// proxyTimeout bounds the question to a module proxy.
const proxyTimeout = 15 * time.Second

// Options say what to look at.
type Options struct {
	// Config is nil where there is none: then no repositories are asked.
	Config *config.Config
	// Store is the directory of the store.
	Store string
	// Shared is the directory of another store that is only read, or empty.
	Shared  string
	Offline bool // ask no server
	Jobs    int  // conversations with servers at once
	Env     func(name string) (value string, ok bool)
	Sink    event.Sink
}

// Examine returns what it looked at, in order, and an [*UnwellError] where
// something is wrong.
func Examine(ctx context.Context, o Options) ([]Finding, error) {
	d := &doctor{Options: o}
	if err := d.storeDir(); err != nil {
		d.fail("cache", err)
		return d.findings, verdict(d.findings)
	}
	client, err := d.client()
	if err != nil {
		return nil, err
	}
	defer client.Close()
	d.goCommand(ctx, client.HTTP())
	if o.Config != nil && d.tool != nil {
		d.remotes(ctx, client)
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return d.findings, verdict(d.findings)
}

// doctor collects findings.
type doctor struct {
	Options
	store    *store.Store
	tool     *gotool.Tool // nil where there is none
	findings []Finding
}

func (d *doctor) client() (*source.Client, error) {
	o := source.Options{Store: d.store, Env: d.Env, Jobs: d.Jobs, Offline: d.Offline, Sink: d.Sink}
	if c := d.Config; c != nil {
		o.Limits, o.Mirrors, o.Git = c.Limits, c.Mirrors, c.Git
	}
	return source.NewClient(o)
}

func (d *doctor) ok(name, format string, args ...any) {
	d.findings = append(d.findings, Finding{Name: name, OK: true, Text: fmt.Sprintf(format, args...)})
}

// fail adds a problem, with what would help.
func (d *doctor) fail(name string, err error) {
	c := Finding{Name: name, Text: err.Error()}
	var h interface{ Hints() []string }
	said := slices.ContainsFunc(d.findings, func(other Finding) bool { return other.Text == c.Text })
	var dial *net.OpError
	switch {
	case said: // one server can be the end of all repositories
	case errors.As(err, &h):
		c.Hints = h.Hints()
	case errors.As(err, &dial) && dial.Op == "dial":
		c.Hints = []string{"check the host's name and port, and that the server runs, or name a mirror with --mirror FROM=TO or [mirrors] in the config"}
	}
	d.findings = append(d.findings, c)
}

// warn adds what does no harm as things are.
func (d *doctor) warn(name string, err error, hint string) {
	f := Finding{Name: name, OK: true, Warning: true, Text: err.Error()}
	if hint != "" {
		f.Hints = []string{hint}
	}
	d.findings = append(d.findings, f)
}

// verdict is nil where nothing is wrong.
func verdict(findings []Finding) error {
	n := 0
	for _, c := range findings {
		if !c.OK {
			n++
		}
	}
	if n == 0 {
		return nil
	}
	return &UnwellError{Failed: n, Of: len(findings)}
}

// UnwellError is a doctor's finding that something is wrong.
type UnwellError struct{ Failed, Of int }

// Error implements error.
func (e *UnwellError) Error() string {
	return fmt.Sprintf("%d of %d checks failed", e.Failed, e.Of)
}

// ExitStatus implements the interface that picks the exit status.
func (*UnwellError) ExitStatus() int { return 3 }

// helped is an error with something to do about it.
type helped struct {
	error
	hint string
}

// Hints says what to do.
func (h helped) Hints() []string { return []string{h.hint} }

// Finding is one thing that the doctor looked at. It holds no secret.
type Finding struct {
	Name string `json:"name"`
	OK   bool   `json:"ok"`
	Text string `json:"text"`
	// Warning is what does no harm yet, and is OK therefore.
	Warning bool `json:"warning,omitempty"`
	// Hints say what to do where it is not OK, or a warning.
	Hints []string `json:"hints,omitempty"`
}
