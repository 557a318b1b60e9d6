package keys

import "github.com/vxlite/vxlite/internal/config"

// Root is a whole velox.toml, with the keys of all generations.
var Root = &Table{Keys: []Key{
	section("roadrunner", "which RoadRunner", roadrunner),
	{Name: "plugins", Type: Section, Table: plugins, Doc: "the plugins, each a table of its own under a name of your choice"},
	{Name: "modules", Type: Sections, Table: modules, Doc: "modules that are not plugins and come from git: see [which modules come from git](fetching.md#which-modules-come-from-git)"},
	section("mirrors", "where repositories are cloned from instead: see [mirrors and insteadOf](fetching.md#mirrors-and-insteadof)", mirrors),
	section("git", "how to reach git servers, and which modules come from them", git),
	section("limits", "limits on repositories and on what servers send", limits()),
	{Name: "replaces", Type: Sections, Table: replaces, Doc: "what stands in for modules, as with `replace` in a go.mod"},
	{Name: "excludes", Type: Sections, Table: excludes, Doc: "versions that must not be used, as with `exclude` in a go.mod"},
	section("build", "how to compile, and for which platforms", build),
	section("verify", "see [signed sources](trust.md#signed-sources)", verify),
	section("image", "see [containers](containers.md)", image),
	section("check", "what the checks let pass", check),
	section("audit", "what [`vxlite audit`](audit.md) lets pass", audit),
	section("github", "as older generations have it: plugins, token and address of GitHub", forge("github", "`https://github.com`", nil)),
	section("gitlab", "as older generations have it: plugins, token and address of GitLab", forge("gitlab", "`https://gitlab.com`", projects)),
	section("github_token", "an older place of `github.token`", &Table{Keys: []Key{{Name: "token", Doc: "the same as `github.token.token`"}}}),
	section("target_platform", "an older way to name one target", &Table{Keys: []Key{
		{Name: "os", Doc: "the operating system, as `GOOS`", Default: "this machine's", Pattern: "^" + goName + "$"},
		{Name: "arch", Doc: "the architecture, as `GOARCH`", Default: "this machine's", Pattern: "^" + goName + "$"},
	}}),
	section("debug", "an older way to compile for debugging", &Table{Keys: []Key{
		{Name: "enabled", Type: Bool, Doc: "keeps the symbols, turns optimisation off and sets the tag `debug`", Default: "`false`"},
		{Name: "race", Type: Bool, Doc: "the same as `build.race`", Default: "`false`"},
	}}),
	section("log", "how much is printed", &Table{Keys: []Key{
		{Name: "level", Doc: "`debug` is the same as `-v`; `info`, `warn` and `error` have no effect", Enum: []string{"debug", "info", "warn", "error"}, AnyCase: true, Loose: true},
		{Name: "mode", Doc: "has no effect", Enum: []string{"production", "development", "raw", "off", "none"}, AnyCase: true, Loose: true},
	}}),
	section("velox", "generation 0's arguments of the go command", &Table{Keys: []Key{
		{Name: "build_args", Type: Texts, Doc: "see [files written for Velox](velox.md#files-written-for-velox)"},
	}}),
}}

// LocalNot are the keys that a module cannot have beside its path: a local
// directory is used as it is.
var LocalNot = []string{"url", "ref", "tag"}

var (
	ref  = Key{Name: "ref", Doc: "see [refs](fetching.md#refs)", Pattern: refPattern}
	tag  = Key{Name: "tag", Doc: "the same as `ref`", Pattern: refPattern}
	path = Key{Name: "path", Doc: "a local directory in place of a repository; cannot be combined with `ref` or `url`", Not: LocalNot}
	sums = Key{Name: "checksum", Doc: "`off` for a fork that keeps the tag: its files are not compared with go.sum files. See [checksum mismatch](lock.md#checksum-mismatch)",
		Default: "`on`", Enum: []string{"on", "off"}}
	patches = Key{Name: "patches", Type: Texts, Doc: "patch files to apply to the files, in order: names, or patterns such as `patches/http/*.patch`; cannot be combined with `path` or `replace`. See [patches](patches.md)",
		Default: "none", Not: []string{"path", "replace"}}
)

func section(name, doc string, t *Table) Key {
	return Key{Name: name, Type: Section, Table: t, Doc: doc}
}

// with returns the key with another meaning and default.
func (k Key) with(doc, def string) Key {
	k.Doc, k.Default = doc, def
	return k
}

var roadrunner = &Table{Keys: []Key{
	ref.with("which RoadRunner: see [refs](fetching.md#refs)", "`master`"),
	tag,
	{Name: "url", Doc: "where to clone it from", Default: "`roadrunner-server/roadrunner` on GitHub", Pattern: remotePattern},
	path, patches,
}}

var plugins = &Table{Names: &Key{Type: Section, Doc: "a plugin", Table: &Table{
	Keys: []Key{
		{Name: "module_name", Doc: "the plugin's module path; an error if its go.mod has another", Default: "as in go.mod", Pattern: modulePattern},
		ref, tag,
		{Name: "url", Doc: "where to clone from: `https`, `http`, `ssh`, `user@host:path`, or a path that begins with `./`, `../`, `/` or `~/`",
			Default: "from `module_name`, or from `owner` and `repository`", Pattern: remotePattern},
		{Name: "owner", Doc: "with `repository`, the clone URL in two parts, on GitHub or, in `[gitlab.plugins]`, on GitLab", Pattern: repositoryPattern},
		{Name: "repository", Type: TextOrInteger, Doc: "see `owner`", Pattern: repositoryPattern},
		{Name: "folder", Doc: "the folder of the repository that has the go.mod", Pattern: folderPattern,
			Default: "with `module_name` alone, what follows the repository's name in it; otherwise the root"},
		{Name: "import", Doc: "the import path of the plugin's package; several plugins may be in one module, at one ref", Default: "the module's root", Pattern: modulePattern},
		{Name: "symbol", Doc: "the struct to register", Default: "`Plugin`", Pattern: `^[^a-z0-9_{}. ][^{}. ]*$`},
		path.with("a local directory in place of a repository: the one with the go.mod, or one that has it in `folder`; cannot be combined with `ref` or `url`", ""),
		{Name: "replace", Doc: "take the files from a directory (the one with the go.mod, or one that has it in `folder`), from `MODULE@VERSION`, or from `MODULE` (its newest version); their `go.mod` may declare any module path", Pattern: replacementPattern},
		sums, patches,
	},
	Needs: [][]string{{"ref", "tag", "path"}, {"module_name", "url", "path", "owner+repository"}},
}}}

var modules = &Table{
	Keys: []Key{
		{Name: "module", Doc: "the module path; required", Pattern: modulePattern},
		ref.with("pins the module, whatever version others require: see [refs](fetching.md#refs)", "the highest version that is required"),
		tag,
		{Name: "url", Doc: "where to clone from", Default: "from the module path", Pattern: remotePattern},
		{Name: "folder", Doc: "the folder of the repository that has the go.mod", Default: "from the module path; with `url`, the root", Pattern: folderPattern},
		path,
		sums.with("as for plugins", "`on`"),
		patches.with("as for plugins", "none"),
	},
	Needs: [][]string{{"module"}},
}

var mirrors = &Table{Names: &Key{Type: Texts, Doc: "clone URLs that begin with this name are cloned from there; of several, each is tried in order", Least: 1, Pattern: remotePattern}}

var git = &Table{Keys: []Key{
	{Name: "modules", Type: Texts, Doc: "patterns as in `GOPRIVATE`, in a list or separated by commas: modules that come from git", Default: "none"},
	{Name: "known_hosts", Type: Texts, Doc: "a file, or a list of files, to check SSH host keys with", Default: "as OpenSSH: see [host keys](fetching.md#host-keys-and-certificates)"},
	{Name: "ca_file", Doc: "certificates to trust besides the system's, as PEM"},
	{Name: "credentials", Type: Section, Table: credentials, Doc: "how to log in, by `HOST` or `HOST:PORT`"},
	{Name: "timeout", Doc: "how long a server may be silent", Default: "`\"2m\"`", Pattern: timePattern},
	{Name: "connect_timeout", Doc: "how long it may take to connect", Default: "`\"30s\"`", Pattern: timePattern},
	{Name: "total_timeout", Doc: "how long one fetch may take in all", Default: "`\"1h\"`", Pattern: timePattern},
	{Name: "min_rate", Type: Size, Doc: "the lowest rate, in bytes per second averaged over `timeout`, at which a server may send refs or a pack", Default: "`\"1KiB\"`"},
	{Name: "retries", Type: Integer, Doc: "how often to try again after a temporary failure", Default: "`3`", Most: 100},
}}

var credentials = &Table{NamePattern: `^[^-/@ ][^/@ ]*$`, Names: &Key{Type: Section, Doc: "needs a `password` or an `ssh_key`", Table: &Table{
	Keys: []Key{
		{Name: "username", Doc: "for HTTP"},
		{Name: "password", Doc: "for HTTP; without an `ssh_key`, for SSH too"},
		{Name: "ssh_key", Doc: "a private key file without a passphrase"},
	},
	Needs: [][]string{{"password", "ssh_key"}},
}}}

// limits has the keys that config has a limit for.
func limits() *Table {
	t := &Table{}
	for _, l := range config.LimitKeys {
		k := Key{Name: l.Key, Type: Count, Doc: l.Doc, Default: l.Default(), Least: 1, Most: l.Most}
		if l.Size {
			k.Type = Size
		}
		t.Keys = append(t.Keys, k)
	}
	return t
}

var replaces = &Table{
	Keys: []Key{
		{Name: "old", Doc: "a module path, or `MODULE@VERSION` for one version of a module that comes from the proxy", Pattern: `^[^./]`},
		{Name: "new", Doc: "a directory, which begins with `./`, `../`, `~/` or `/`; `MODULE@VERSION`; or `MODULE` for its newest version, from git", Pattern: replacementPattern},
	},
	Needs: [][]string{{"old"}, {"new"}},
}

var excludes = &Table{
	Keys: []Key{
		{Name: "module", Doc: "the module path", Pattern: modulePattern},
		{Name: "version", Doc: "a version that must not be used", Pattern: `^v[0-9]+\.[0-9]+\.[0-9]+`},
	},
	Needs: [][]string{{"module"}, {"version"}},
}

var build = &Table{Keys: []Key{
	{Name: "name", Doc: "the name of the binary", Default: "`rr`", Pattern: `^[^-/\\][^/\\]*$`},
	{Name: "version", Doc: "what `rr --version` shows", Default: "RoadRunner's `ref` without the leading `v`; for `latest`, `v2025` and the like, the version they resolved to"},
	{Name: "time", Doc: "the build time it shows", Default: "`SOURCE_DATE_EPOCH`, or else the date of RoadRunner's commit"},
	{Name: "tags", Type: Texts, Doc: "build tags; one string may have several, separated by commas", Default: "none", Pattern: tagsPattern},
	{Name: "ldflags", Type: Texts, Doc: "more arguments for the linker", Default: "none"},
	{Name: "gcflags", Type: Texts, Doc: "values for `-gcflags`: `FLAGS` or `PATTERN=FLAGS`", Default: "none", Pattern: `^[\s\p{Z}]*(-|$|[^-=][^=]*=[\s\p{Z}]*(-|$))`},
	{Name: "cgo", Type: Bool, Doc: "compile with cgo", Default: "`false`"},
	{Name: "race", Type: Bool, Doc: "compile with the race detector, which implies cgo", Default: "`false`"},
	{Name: "pgo", Doc: "`auto`: the profile in RoadRunner's release, if it has one; `off`; or a profile file", Default: "`auto`", Pattern: `^(auto|off)$|[/\\.]`},
	{Name: "targets", Type: Texts, Doc: "a list of `OS/ARCH`, as `go tool dist list` prints them, or `OS/ARCH/VARIANT`, as OCI writes platforms: `linux/arm/v6` is GOARM=6, `linux/amd64/v3` is GOAMD64=v3",
		Default: "`GOOS`, `GOARCH`, `GOARM` and the like in the environment, or else this machine", Pattern: "^" + goName + "/" + goName + "(/[^/]+)?$"},
	{Name: "cacheprog", Doc: "the program, with its arguments, that stores compiled packages, as `GOCACHEPROG`. See [many machines](fleet.md)", Default: "as in the environment", Pattern: `^[^.]`},
	{Name: "output", Doc: "ignored; for files shared with Velox"},
}}

var verify = &Table{Keys: []Key{
	{Name: "signatures", Doc: "what must be signed in each repository: `tag`, the tag that the ref names, or `commit`", Default: "nothing", Enum: []string{"tag", "commit"}, AnyCase: true, With: "keys"},
	{Name: "keys", Type: Texts, Doc: "a file, or a list of files, with the allowed keys: OpenPGP public keys, or an `allowed_signers` file for SSH", With: "signatures"},
}}

var image = &Table{Keys: []Key{
	{Name: "base", Doc: "the base image: a reference, or the directory of an OCI layout, which begins with `./`, `../`, `/` or `~/`", Default: "`scratch`"},
	{Name: "ca_certs", Doc: "a file of PEM certificates to add", Default: "those of the base"},
	{Name: "user", Doc: "the user to run as, `UID` or `UID:GID`", Default: "`65532:65532`", Pattern: `^[0-9]+(:[0-9]+)?$`},
}}

var check = &Table{Keys: []Key{
	{Name: "allow_disabled", Type: Texts, Doc: "plugins that [may be disabled](graph.md)", Default: "none"},
	{Name: "allow", Type: Texts, Doc: "plugins whose [methods may have other signatures](graph.md#method-signatures) than expected: a note instead of an error", Default: "none"},
}}

var audit = &Table{Keys: []Key{
	{Name: "ignore", Type: Sections, Table: ignored, Doc: "vulnerabilities that do not count, each with its `id`, and if need be with `until` and `reason`: see [ignoring](audit.md#ignoring)"},
	{Name: "licences", Type: Section, Doc: "see [licences](audit.md#licences)", Table: &Table{Keys: []Key{
		{Name: "allow", Type: Texts, Doc: "the licences that modules may be under, by their SPDX names", Default: "any"},
	}}},
}}

var ignored = &Table{
	Keys: []Key{
		{Name: "id", Doc: "`GO-2026-0001`, or another name of it such as a CVE number"},
		{Name: "until", Type: Date, Doc: "the last day on which it is ignored, `2027-01-31`, as a date or a string", Default: "no end", Pattern: datePattern},
		{Name: "reason", Doc: "why, for those who read the result"},
	},
	Needs: [][]string{{"id"}},
}

// projects are names of GitLab projects, by id.
var projects = &Key{Name: "projects", Type: Section, Doc: "`NUMBER = \"GROUP/PROJECT\"`, for plugins whose `repository` is a number",
	Table: &Table{Names: &Key{Doc: "the project's path, `GROUP/PROJECT`", Pattern: projectPattern}}}

// forge is [github] or [gitlab].
func forge(name, base string, more *Key) *Table {
	doc := "the beginning of clone URLs that are given as `owner` and `repository`"
	if name == "github" {
		doc = "the beginning of RoadRunner's clone URL, and of those that are given as `owner` and `repository`"
	}
	t := &Table{Keys: []Key{
		{Name: "base_url", Doc: doc, Default: base, Pattern: urlPattern},
		{Name: "endpoint", Type: Section, Doc: "an older place of `base_url`", Table: &Table{Keys: []Key{{Name: "endpoint", Doc: "the same as `" + name + ".base_url`", Pattern: urlPattern}}}},
		{Name: "token", Type: Section, Doc: "a token", Table: &Table{Keys: []Key{{Name: "token", Doc: "a token for that host, sent over HTTP only"}}}},
		{Name: "plugins", Type: Section, Doc: "plugins that are known by `owner` and `repository`", Table: plugins},
	}}
	if more != nil {
		t.Keys = append(t.Keys, *more)
	}
	return t
}
