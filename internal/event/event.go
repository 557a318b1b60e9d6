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
	// FetchStart: Module, Ref.
	FetchStart Kind = "fetch-start"
	// FetchBytes: Module, Bytes (received so far).
	FetchBytes Kind = "fetch-bytes"
	// FetchDone: Module, Ref, Commit, URL (after mirrors), Bytes.
	FetchDone Kind = "fetch-done"
	// Retry: Module, Ref, Text (what failed), Seconds (until the next attempt).
	Retry Kind = "retry"
	// CompileStart: Target, Total (packages known; 0 where not known).
	CompileStart Kind = "compile-start"
	// CompilePackage: Target, Package, Done (packages compiled so far).
	CompilePackage Kind = "compile-package"
	// CompileDone: Target.
	CompileDone Kind = "compile-done"
	// Command: Dir, Env (what differs from the caller's), Argv, Why. For -x.
	Command Kind = "command"
	// Note: Text, something the user ought to know whatever the verbosity.
	Note Kind = "note"
	// Debug: Text, shown with -v.
	Debug Kind = "debug"
	// Done: Result.
	Done Kind = "done"
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
	Result  *Result  `json:"result,omitempty"`
}

// Result is what a build made, and of what.
type Result struct {
	// Modules holds RoadRunner first, then the plugins by name, then the
	// other git-sourced modules by path.
	Modules  []Module `json:"modules,omitempty"`
	Binaries []Binary `json:"binaries,omitempty"`
	// Lock is set where the lock was what was asked for.
	Lock *Lock `json:"lock,omitempty"`
}

// Lock is what became of a lock.
type Lock struct {
	Path string `json:"path"`
	// Modules and Sums count its entries.
	Modules int `json:"modules"`
	Sums    int `json:"sums"`
	// Written says that the file changed.
	Written bool `json:"written"`
	// DryRun says that nothing was to be written.
	DryRun bool `json:"dry_run,omitempty"`
	// Changes are the modules that moved, by name or else path.
	Changes []Change `json:"changes,omitempty"`
}

// Change is a module that moved. Of a module that came or went, one of Old and
// New is empty.
type Change struct {
	// Name is the plugin's in the config; empty for a module that is none.
	Name string  `json:"name,omitempty"`
	Path string  `json:"module"`
	Old  *Locked `json:"old,omitempty"`
	New  *Locked `json:"new,omitempty"`
	// Commits is how many lie between, the new one included; 0 where not known.
	Commits int `json:"commits,omitempty"`
	// Tags are those between, sorted.
	Tags []string `json:"tags,omitempty"`
	// Apart says that the old commit is not in the history of the new one.
	Apart bool `json:"apart,omitempty"`
}

// Locked is where a module was or is.
type Locked struct {
	Ref     string `json:"ref"`
	Version string `json:"version"`
	Commit  string `json:"commit"`
}

// Module is one git-sourced module of a finished build.
type Module struct {
	// Name is the plugin's name in the config, "roadrunner" for RoadRunner,
	// and empty for a module that is neither.
	Name    string `json:"name,omitempty"`
	Path    string `json:"module"`
	Version string `json:"version"`
	// Commit is 40 hex digits; empty for a local directory.
	Commit string `json:"commit,omitempty"`
	// From is the URL after mirrors, or the local directory; for what was in the
	// store the URL before mirrors.
	From string `json:"from"`
	// Stored says that the commit was in the store, so that it was not fetched.
	Stored bool `json:"stored,omitempty"`
	// Local says that From is a directory that was compiled as it stands.
	Local bool `json:"local,omitempty"`
}

// Binary is one compiled file.
type Binary struct {
	Target string `json:"target"`
	Path   string `json:"path"`
	// Size is in bytes.
	Size int64 `json:"size"`
	// SHA256 is 64 hex digits.
	SHA256 string `json:"sha256"`
	// UpToDate says that nothing had changed and nothing was compiled.
	UpToDate bool `json:"up_to_date,omitempty"`
}

// Sink receives events. It may be called by several goroutines at once.
type Sink func(Event)

// Send calls s unless it is nil.
func (s Sink) Send(e Event) {
	if s != nil {
		s(e)
	}
}
