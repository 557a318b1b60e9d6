// Package event carries what happens in the pipeline to whoever shows it.
//
// The packages below the command line never print. They send an [Event] to
// the [Sink] they were given; the command line words it, as progress on a
// terminal, as plain lines elsewhere, or as JSON for a CI system.
package event

// Kind says which of an Event's fields are set.
type Kind string

// The kinds of events, with the fields that each one sets.
const (
	// FetchStart: Module, Ref, Why (what it is for, unless it is built).
	FetchStart Kind = "fetch-start"
	// FetchBytes: Module, Bytes (received so far).
	FetchBytes Kind = "fetch-bytes"
	// FetchDone: Module, Ref, Why (as FetchStart), Commit, URL (after mirrors), Bytes, Known.
	FetchDone Kind = "fetch-done"
	// PushStart: Module.
	PushStart Kind = "push-start"
	// PushBytes: Module, Bytes (sent so far).
	PushBytes Kind = "push-bytes"
	// PushDone: Module, URL, Bytes, Known (there was nothing new).
	PushDone Kind = "push-done"
	// Retry: Module, Ref, Text (what failed), Seconds (until the next attempt).
	Retry Kind = "retry"
	// CompileStart: Target, Total (packages known; 0 where not known).
	CompileStart Kind = "compile-start"
	// CompilePackage: Target, Package, Done (packages compiled so far).
	CompilePackage Kind = "compile-package"
	// LinkStart: Target. All its packages are compiled.
	LinkStart Kind = "link-start"
	// CompileDone: Target.
	CompileDone Kind = "compile-done"
	// Command: Dir, Env (what differs from the caller's), Argv, Why. For -x.
	Command Kind = "command"
	// Note: Text, something the user ought to know whatever the verbosity.
	Note Kind = "note"
	// Debug: Text, shown with -v.
	Debug Kind = "debug"
)

// Event is one thing that happened. Strings hold no secret.
type Event struct {
	Kind    Kind     `json:"event"`
	Module  string   `json:"module,omitempty"`
	Ref     string   `json:"ref,omitempty"`
	Commit  string   `json:"commit,omitempty"`
	URL     string   `json:"url,omitempty"`
	Bytes   int64    `json:"bytes,omitempty"`
	Target  string   `json:"target,omitempty"`
	Package string   `json:"package,omitempty"`
	Done    int      `json:"done,omitempty"`
	Total   int      `json:"total,omitempty"`
	Dir     string   `json:"dir,omitempty"`
	Env     []string `json:"env,omitempty"`
	Argv    []string `json:"argv,omitempty"`
	Why     string   `json:"why,omitempty"`
	Text    string   `json:"text,omitempty"`
	Seconds float64  `json:"seconds,omitempty"`
	// Known says that a server was asked, and its answer, or what it was to get, was
	// there already.
	Known bool `json:"known,omitempty"`
}

// Sink receives events. It may be called by several goroutines at once.
type Sink func(Event)

// Send calls s unless it is nil.
func (s Sink) Send(e Event) {
	if s != nil {
		s(e)
	}
}
