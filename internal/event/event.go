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
	// Known says that a server was asked, and its answer was there already.
	Known  bool    `json:"known,omitempty"`
	Result *Result `json:"result,omitempty"`
}

// Result is what a build made, and of what.
type Result struct {
	// Modules holds RoadRunner first, then the plugins by name, then the
	// other git-sourced modules by path.
	Modules  []Module `json:"modules,omitempty"`
	Binaries []Binary `json:"binaries,omitempty"`
	// Vendored is set where a vendor folder was made instead of a binary.
	Vendored *Vendored `json:"vendored,omitempty"`
	// Removed is set where things were removed and nothing was made.
	Removed *Removed `json:"removed,omitempty"`
	// Cache is set where the store was what was asked about.
	Cache *Cache `json:"cache,omitempty"`
	// Lock is set where the lock was what was asked for.
	Lock *Lock `json:"lock,omitempty"`
	// Check is what a check looked at, where that was asked for.
	Check *Check `json:"check,omitempty"`
	// Document is a drawing of the graph, where that was asked for.
	Document *Document `json:"document,omitempty"`
	// Findings are what `vxlite doctor` looked at, in its order.
	Findings []Finding `json:"findings,omitempty"`
	// Files are those that were written, where a command writes some; Summary
	// says of what they are.
	Files   []string `json:"files,omitempty"`
	Summary string   `json:"summary,omitempty"`
	// Workspace is what `vxlite workspace` wrote, and nil otherwise.
	Workspace *Workspace `json:"workspace,omitempty"`
}

// Cache is the store and what is in it.
type Cache struct {
	Path  string      `json:"path"`
	Parts []CachePart `json:"parts"`
}

// CachePart is one folder of the store.
type CachePart struct {
	Name  string `json:"name"`
	Files int    `json:"files"`
	Size  int64  `json:"size"` // bytes
}

// Removed is what was no longer needed.
type Removed struct {
	// Paths are relative to the folder they were in, sorted.
	Paths []string `json:"paths"`
	// Size is in bytes.
	Size int64 `json:"size"`
}

// Vendored is a vendor folder, or one in a single file.
type Vendored struct {
	Path string `json:"path"`
	// Archive says that Path is a file.
	Archive bool `json:"archive,omitempty"`
	// Files counts those in it, without the list of them.
	Files int `json:"files"`
	// Size is the file's, or that of all files, in bytes.
	Size int64 `json:"size"`
	// SHA256 is the file's, or that of the folder's SHA256SUMS; 64 hex digits.
	SHA256 string `json:"sha256"`
}

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

// Workspace is a directory to work in.
type Workspace struct {
	Dir string `json:"dir"`
	// Modules stand in the order of a build's.
	Modules []Placed `json:"modules"`
	// Written and Removed count files. Kept are those that were changed by
	// hand, and are as they were; slash-separated, below Dir, sorted.
	Written int      `json:"written"`
	Removed int      `json:"removed"`
	Kept    []string `json:"kept,omitempty"`
}

// Placed is a module in a workspace.
type Placed struct {
	Name    string `json:"name,omitempty"`
	Path    string `json:"module"`
	Version string `json:"version"`
	// Dir is relative to the workspace, or absolute.
	Dir string `json:"dir"`
	// Kind is Copied, InClone or InPlace.
	Kind string `json:"kind"`
}

// The kinds of a module's place in a workspace.
const (
	Copied  = "copy"
	InClone = "clone"
	InPlace = "local" // the user's own directory
)

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

// Check is what a check looked at.
type Check struct {
	// Plugins are in the order in which they are registered.
	Plugins []CheckedPlugin `json:"plugins"`
	// Edges counts who meets or is collected by whom.
	Edges int `json:"edges"`
	// YAML are the sections of the .rr.yaml that was checked along.
	YAML []CheckedSection `json:"rr_yaml,omitempty"`
}

// CheckedPlugin is one registered plugin.
type CheckedPlugin struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	// Met counts those of Init's Params that something meets.
	Met      int  `json:"met"`
	Params   int  `json:"params"`
	Provides int  `json:"provides"`
	Collects int  `json:"collects"`
	Weight   uint `json:"weight"`
	// State is active, disabled, or "at risk" where chance decides at each start.
	State string `json:"state"`
	// Unknown are the things that the source does not tell.
	Unknown []string `json:"unknown,omitempty"`
}

// CheckedSection is one section of a .rr.yaml.
type CheckedSection struct {
	Name string `json:"name"`
	File string `json:"file"`
	Line int    `json:"line"`
	// ReadBy are names of plugins, or roadrunner, sorted.
	ReadBy []string `json:"read_by"`
}

// Document is text in a format of its own.
type Document struct {
	Format string `json:"format"`
	Text   string `json:"text"`
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
	// Head is the commit that is checked out in a local directory, 40 hex
	// digits; empty where it is in no repository. Dirty says that the directory
	// differs from it.
	Head  string `json:"head,omitempty"`
	Dirty bool   `json:"dirty,omitempty"`
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
	// Verified says that building it again gave the same bytes.
	Verified bool `json:"verified,omitempty"`
	// Beside are the files that were written about it.
	Beside []File `json:"beside,omitempty"`
}

// File is one that was written beside a binary.
type File struct {
	// Kind is "sbom" or "provenance".
	Kind string `json:"kind"`
	Path string `json:"path"`
	// Size is in bytes.
	Size int64 `json:"size"`
	// SHA256 is 64 hex digits.
	SHA256 string `json:"sha256"`
}

// Sink receives events. It may be called by several goroutines at once.
type Sink func(Event)

// Send calls s unless it is nil.
func (s Sink) Send(e Event) {
	if s != nil {
		s(e)
	}
}
