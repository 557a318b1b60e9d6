// Package config is what a velox.toml says, whatever its generation: begin at
// [Config], in config.go. It reads no TOML, and writes only the lines that hints
// show.
//
// Package parse, below it, reads a file into a Config, on the tree with
// positions that package tree makes of TOML. Package migrate rewrites a file of
// an older generation, and package portable writes a Config for another machine.
package config

import (
	"fmt"
	"regexp"
	"time"

	"golang.org/x/mod/module"
)

// Config is a velox.toml, whatever its generation, in one form.
type Config struct {
	// File is the path the config was read from, as it was given.
	File       string
	RoadRunner RoadRunner
	// Plugins, Modules, Mirrors, Replaces and Excludes stand in the file's order.
	Plugins    []Plugin
	Modules    []Module
	Mirrors    []Mirror
	Git        Git
	Limits     Limits
	Replaces   []Replace
	Excludes   []Exclude
	Build      Build
	Places     Places
	Signatures SignaturePolicy
	Image      Image
	Check      Check
	Audit      Audit
	Log        Log
	// Overrides are the flags --with; a file has none.
	Overrides []Override
	// Written are the local repositories among the clone URLs that the file has
	// as relative paths: what is written, by the absolute path.
	Written map[string]string
	// Notes are things to tell the user that are no errors: an old key, a
	// plugin that is always in.
	Notes []Note
}

// Position is a place in a config file. Line and Column count from 1; Column
// counts bytes. The zero Position is "not from a file" (a flag, a default).
type Position struct {
	File         string
	Line, Column int
}

// Note is a remark on a place in the config.
type Note struct {
	Pos  Position
	Text string
}

// RoadRunner is the server that the plugins are built into.
type RoadRunner struct {
	// Ref is a tag, a branch, a commit or a version query (latest, v2025, v2025.1).
	Ref string
	// URL is the clone URL; never empty unless Path is set.
	URL string
	// Path is an absolute local directory in place of a repository.
	Path string
	// Patches are applied to the files, in order.
	Patches []Patch
	Pos     Position
}

// Patch is one file of a key `patches`, with what was in it when the config was
// read.
type Patch struct {
	// Name is the file as it lies to the config's, slash-separated, and its own
	// name where the config has it by an absolute path.
	Name string `json:"-"`
	// Pattern is the element of the list that it is one of.
	Pattern string `json:"-"`
	Data    []byte `json:"-"`
	// SHA256 is of Data, 64 hex digits.
	SHA256 string
	Pos    Position `json:"-"`
}

// RoadRunnerURL is where RoadRunner is cloned from unless a config says
// otherwise.
const RoadRunnerURL = GitHub + "/roadrunner-server/roadrunner"

// The forges' own hosts.
const (
	GitHub = "https://github.com"
	GitLab = "https://gitlab.com"
)

// Plugin is one entry of [plugins], [github.plugins] or [gitlab.plugins].
type Plugin struct {
	// Name is the entry's key as written.
	Name string
	// ModulePath is module_name; empty where only a repository is named and
	// its go.mod decides.
	ModulePath string
	// URL is the clone URL; empty where ModulePath leads to it, or Path is set.
	URL string
	// Ref is ref or tag.
	Ref string
	// Folder is where go.mod is, slash-separated, without a leading or
	// trailing slash; empty for the repository's root, or for Path itself.
	Folder string
	// Import is the package's import path where it is not the module's root.
	Import string
	// Symbol is the struct to register.
	Symbol string
	// Path is an absolute local directory in place of a repository.
	Path string
	// Replace is the entry's own `replace`; nil where there is none.
	Replace *Replacement
	// Patches are applied to the files of its module, in order.
	Patches []Patch
	// ChecksumOff is checksum = "off": the tag is a fork's, its hash differs.
	ChecksumOff bool
	Pos         Position
}

// Replacement is what stands in for a module: a local directory or another
// module.
type Replacement struct {
	// Dir is an absolute directory, or empty.
	Dir string
	// Module is set where Dir is empty; an empty Version means its newest.
	Module module.Version
}

// Module is one entry of [[modules]]: a module that is no plugin, from git.
type Module struct {
	Path   string
	URL    string // empty where Path leads to it
	Ref    string
	Folder string
	// Dir is an absolute local directory (key `path`) in place of a repository.
	Dir string
	// Patches are applied to the files, in order.
	Patches []Patch
	// ChecksumOff is checksum = "off": the tag is a fork's, its hash differs.
	ChecksumOff bool
	Pos         Position
}

// Mirror rewrites URLs that begin with From; its To are tried in order.
type Mirror struct {
	From string
	To   []string
	Pos  Position
}

// Replace is one entry of [[replaces]]. An empty Old.Version means every version.
type Replace struct {
	Old module.Version
	New Replacement
	Pos Position
}

// Exclude is one entry of [[excludes]].
type Exclude struct {
	Module module.Version
	Pos    Position
}

// Git is the [git] table, and the forge tokens of the older generations.
type Git struct {
	// Modules are patterns as in GOPRIVATE (path.Match on path prefixes):
	// modules that come from git, never from a proxy.
	Modules []string
	// KnownHosts are absolute paths; empty for the user's own.
	KnownHosts []string
	// CAFile is an absolute path of PEM certificates trusted besides the system's,
	// and CAPlace where that is said.
	CAFile      string
	CAPlace     Place
	Credentials []Credential
	Patience    Patience
	// Tokens are github.token and gitlab.token, for their endpoint's host.
	Tokens []Token
	// InURLs are the names and passwords that http and https URLs of the file
	// had in front of their host; the URLs themselves have lost them.
	InURLs []URLCredential
}

// Patience is how long servers are waited for, and how often they are asked.
type Patience struct {
	// Timeout is how long a server may stay silent, ConnectTimeout how long a
	// connection may take to be made, with all that is said before the first
	// question.
	Timeout, ConnectTimeout time.Duration
	// TotalTimeout is how long all that is asked of a server at once may take,
	// and MinRate how many bytes a second it has to send, taken over Timeout: of
	// its refs, and of a pack once that has begun.
	TotalTimeout time.Duration
	MinRate      int64
	// Retries is how often a server is asked again after something that may
	// pass.
	Retries int
}

// URLCredential is what a URL had in front of its host. It is meant for that
// URL and all below it. A name without a password may be a token.
type URLCredential struct {
	URL      string // without the part
	Username string
	Password Secret
}

// Credential is one entry of [git.credentials]. Host may have a port.
type Credential struct {
	Host     string
	Username string
	Password Secret
	// SSHKey is an absolute path of a private key.
	SSHKey string
	Pos    Position
}

// Token is a forge's access token.
type Token struct {
	Host  string
	User  string // the name that goes with the token in basic authentication
	Token Secret
	// Key is the config key it stands under, for messages.
	Key string
}

// Secret is a string that prints as "(secret)", so that it cannot slip into a
// log or an error. Convert with string(s) at the one place that needs it.
type Secret string

// String implements fmt.Stringer.
func (Secret) String() string { return "(secret)" }

// GoString implements fmt.GoStringer, for %#v.
func (Secret) GoString() string { return "(secret)" }

// MarshalText keeps secrets out of encoded values.
func (Secret) MarshalText() ([]byte, error) { return []byte("(secret)"), nil }

// Build says how to compile.
type Build struct {
	// Name is the binary's name without ".exe".
	Name string
	// Version is what `rr --version` shows; empty for RoadRunner's ref.
	Version string
	// Time is the build time to show; empty for the default.
	Time string
	Tags []string
	// LDFlags are the linker's arguments one by one, without quotes.
	LDFlags []string
	// GCFlags are values of -gcflags, each of them whole: "all=-N -l".
	GCFlags []string
	CGO     bool
	Race    bool
	// Debug keeps symbols and turns optimisation off.
	Debug bool
	// PGO is "auto", "off" or an absolute file.
	PGO string
	// Targets is empty for the host.
	Targets []Target
	// CacheProg is the go command's GOCACHEPROG; empty for the environment's.
	CacheProg string
}

// Places are where keys of [Build] stand whose values others judge, such as the
// compiler. Their zero values are for none.
type Places struct{ LDFlags, GCFlags, PGO, CacheProg, Targets Place }

// Place is a key with where it stands.
type Place struct {
	Key string
	Pos Position
}

// Wrap makes an error that of a key's value. Where the value is not the file's,
// it is left as it is.
func (p Place) Wrap(err error) error {
	if err == nil || p.Key == "" {
		return err
	}
	return &ValueError{p, err}
}

// ValueError is a value that is well-formed, and cannot be used.
type ValueError struct {
	Place
	Err error
}

// Error implements error.
func (e *ValueError) Error() string {
	if e.Pos.Line == 0 { // as in a vendor folder
		return fmt.Sprintf("%s: %v", e.Key, e.Err)
	}
	return fmt.Sprintf("%s:%d: %s: %v", e.Pos.File, e.Pos.Line, e.Key, e.Err)
}

// Unwrap returns what is wrong with it.
func (e *ValueError) Unwrap() error { return e.Err }

// ExitStatus is that of a wrong config.
func (*ValueError) ExitStatus() int { return 2 }

// SignaturePolicy is the [verify] table: whose signatures the sources need.
type SignaturePolicy struct {
	// Required is "tag", "commit" or empty for none.
	Required string
	// Keys are absolute files: OpenPGP keys, or SSH's allowed_signers.
	Keys  []string
	Place Place // of Keys
}

// Image is the [image] table: what a container's image has besides the server.
type Image struct {
	// Base is a reference, or an absolute path of a local layout; empty for
	// nothing, scratch.
	Base string
	// CACerts is an absolute file of PEM certificates; empty for the base's.
	CACerts string
	// BasePlace and CACertsPlace are where these stand.
	BasePlace, CACertsPlace Place
	// User is who the server runs as: UID or UID:GID; empty for the default.
	User string
}

// IsUser reports whether a string is a user to run as: UID or UID:GID.
func IsUser(s string) bool { return userForm.MatchString(s) }

// userForm is a numeric user, with a group or without. A name would have to be
// looked up in the image, where scratch has none.
var userForm = regexp.MustCompile(`^[0-9]+(:[0-9]+)?$`)

// Check says what the checks let pass.
type Check struct {
	// AllowDisabled are names of plugins that may be disabled: they are left
	// out of what is reported, and what falls with them is not. Sorted.
	AllowDisabled []string
	// Allow are names of plugins whose methods may be other than Endure and the
	// rpc plugin look for: what is found of them is told, and refuses nothing.
	// Sorted.
	Allow []string
}

// Audit is the [audit] table: what audit lets pass.
type Audit struct {
	Ignore []Ignored
	// Licences are the SPDX names that modules may be under; nil for any.
	Licences []string
}

// Ignored is one entry of [audit] ignore.
type Ignored struct {
	// ID is a vulnerability's, or an alias such as a CVE number.
	ID string
	// Until is the last day on which it is ignored, in UTC; zero for no end.
	Until  time.Time
	Reason string
	Pos    Position
}

// Expired reports whether it counts again.
func (i Ignored) Expired(now time.Time) bool {
	return !i.Until.IsZero() && !now.Before(i.Until.AddDate(0, 0, 1))
}

// Log is the [log] table. Level is debug, info, warn or error; Mode is
// production (JSON), development (coloured text), raw (the message alone),
// off or none. Both are empty where the file does not say.
type Log struct {
	Level string
	Mode  string
}
