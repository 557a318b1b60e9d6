package config

import (
	"errors"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
	"golang.org/x/mod/module"
)

// decode reads the keys of all generations from the tree into the Config. The
// values stand there as written; setDefaults completes them.
func (d *draft) decode() {
	r := d.root
	d.known(r, "roadrunner", "plugins", "mirrors", "git", "limits", "modules", "replaces", "excludes", "build", "check", "verify", "image",
		"target_platform", "debug", "log", "github", "gitlab", "github_token", "velox")
	d.decodeRoadRunner(d.table(r, "roadrunner"))
	d.decodeForges(r)
	d.decodePlugins(r)
	d.decodeModules(d.tables(r, "modules"))
	d.decodeMirrors(d.table(r, "mirrors"))
	d.decodeGit(d.table(r, "git"))
	d.decodeLimits(d.table(r, "limits"))
	d.decodeReplaces(d.tables(r, "replaces"))
	d.decodeExcludes(d.tables(r, "excludes"))
	d.decodeVelox(d.table(r, "velox")) // before [build], which wins
	d.decodeBuild(r)
	d.decodeTrust(r)
	d.decodeCheck(d.table(r, "check"))
	d.decodeLog(d.table(r, "log"))
}

func (d *draft) decodeRoadRunner(t *node) {
	d.known(t, "ref", "tag", "url", "path")
	d.RoadRunner = RoadRunner{
		Ref:  d.either(t, "ref", "tag"),
		URL:  d.str(t, "url"),
		Path: d.str(t, "path"),
	}
	if t != nil {
		d.RoadRunner.Pos = t.key
	}
}

// decodeForges checks the types in [github], [gitlab] and [github_token]. What
// they say becomes part of other values, in setDefaults.
func (d *draft) decodeForges(r *node) {
	github, gitlab := d.table(r, "github"), d.table(r, "gitlab")
	d.known(github, "token", "endpoint", "base_url", "plugins")
	d.known(gitlab, "token", "endpoint", "base_url", "plugins", "projects")
	for _, forge := range []*node{github, gitlab} {
		d.str(forge, "base_url")
		for _, key := range []string{"token", "endpoint"} {
			t := d.table(forge, key)
			d.known(t, key) // github.token.token, github.endpoint.endpoint
			d.str(t, key)
		}
	}
	old := d.table(r, "github_token")
	d.known(old, "token")
	d.str(old, "token")
	if projects := d.table(gitlab, "projects"); projects != nil {
		for _, n := range projects.items {
			if d.want(n, unstable.String) && !n.broken {
				d.projects = append(d.projects, n)
			}
		}
	}
}

func (d *draft) decodePlugins(r *node) {
	for _, parent := range []*node{r, r.get("github"), r.get("gitlab")} {
		if t := d.table(parent, "plugins"); t != nil {
			d.plugins = append(d.plugins, t.items...)
		}
	}
	d.plugins = slices.DeleteFunc(d.plugins, func(n *node) bool {
		if !d.want(n, unstable.Table) {
			return true
		}
		d.known(n, "module_name", "ref", "tag", "owner", "repository", "url", "folder", "import", "symbol", "path", "replace", "checksum")
		return d.alwaysIn(n)
	})
	if len(d.plugins) == 0 {
		d.notef(Position{File: d.File}, "no plugins: the server is RoadRunner alone, with the plugins that are always in")
	}
	slices.SortFunc(d.plugins, func(a, b *node) int { return a.key.compare(b.key) })
	for _, n := range d.plugins {
		d.Plugins = append(d.Plugins, d.decodePlugin(n))
	}
}

func (d *draft) decodePlugin(n *node) Plugin {
	if id := n.get("repository"); id != nil && id.kind == unstable.Integer {
		id.kind = unstable.String // a GitLab project's id
	}
	d.str(n, "owner") // and repository are for the clone URL, in setDefaults
	d.str(n, "repository")
	p := Plugin{
		Name:       n.name,
		Pos:        n.key,
		ModulePath: d.str(n, "module_name"),
		URL:        d.str(n, "url"),
		Ref:        d.either(n, "ref", "tag"),
		Folder:     d.str(n, "folder"),
		Import:     d.str(n, "import"),
		Symbol:     d.str(n, "symbol"),
		Path:       d.str(n, "path"),
	}
	if s := d.str(n, "replace"); s != "" {
		r := d.replacement(n.get("replace"), s, label(n)+": replace")
		if r != (Replacement{}) {
			p.Replace = &r
		}
	}
	p.ChecksumOff = d.checksumOff(n)
	return p
}

// alwaysIn reports whether a plugin's entry is for one that RoadRunner brings
// along, and notes that it is not used.
func (d *draft) alwaysIn(n *node) bool {
	owner, name := n.str("owner"), n.str("repository")
	if path := n.str("module_name"); path != "" {
		prefix, _, _ := module.SplitPathVersion(path)
		owner, name = lastTwo(prefix)
	} else if u := n.str("url"); u != "" {
		owner, name = lastTwo(u)
	}
	switch name {
	case "informer", "resetter":
	case "config":
		// A name that other plugins may well have.
		if owner != "roadrunner-server" {
			return false
		}
	default:
		return false
	}
	d.notef(n.key, "%s is always in, at the version that RoadRunner requires", label(n))
	return true
}

// lastTwo returns the last two elements of a path or a clone URL, without ".git".
func lastTwo(path string) (owner, name string) {
	elements := strings.FieldsFunc(strings.TrimSuffix(path, ".git"), func(r rune) bool { return r == '/' || r == ':' })
	elements = append([]string{"", ""}, elements...)
	return elements[len(elements)-2], elements[len(elements)-1]
}

func (d *draft) decodeModules(entries []*node) {
	d.modules = entries
	for _, n := range entries {
		d.known(n, "module", "ref", "tag", "url", "folder", "path", "checksum")
		m := Module{
			Pos:    n.key,
			Path:   d.str(n, "module"),
			Ref:    d.either(n, "ref", "tag"),
			URL:    d.str(n, "url"),
			Folder: d.str(n, "folder"),
			Dir:    d.str(n, "path"),
		}
		m.ChecksumOff = d.checksumOff(n)
		d.Modules = append(d.Modules, m)
	}
}

// checksumOff reads a module's or a plugin's checksum.
func (d *draft) checksumOff(n *node) bool {
	s := d.str(n, "checksum")
	if s != "" && s != "on" && s != "off" {
		d.errorf(n.get("checksum").pos, "%s is %q, want on or off", n.get("checksum").path(), s)
	}
	return s == "off"
}

func (d *draft) decodeMirrors(t *node) {
	if t == nil {
		return
	}
	d.mirrors = t.items
	for _, n := range t.items {
		d.Mirrors = append(d.Mirrors, Mirror{From: n.name, To: d.texts(t, n.name), Pos: n.key})
	}
}

func (d *draft) decodeGit(t *node) {
	d.known(t, "modules", "known_hosts", "ca_file", "credentials", "timeout", "connect_timeout", "total_timeout", "min_rate", "retries")
	d.decodePatience(t)
	for _, patterns := range d.texts(t, "modules") {
		d.Git.Modules = append(d.Git.Modules, separated(patterns, ",")...) // as in GOPRIVATE
	}
	d.Git.KnownHosts = d.texts(t, "known_hosts")
	d.Git.CAFile = d.str(t, "ca_file")
	credentials := d.table(t, "credentials")
	if credentials == nil {
		return
	}
	for _, n := range credentials.items {
		if !d.want(n, unstable.Table) {
			continue
		}
		d.known(n, "username", "password", "ssh_key")
		d.credentials = append(d.credentials, n)
		d.Git.Credentials = append(d.Git.Credentials, Credential{
			Host:     n.name,
			Username: d.str(n, "username"),
			Password: Secret(d.str(n, "password")),
			SSHKey:   d.str(n, "ssh_key"),
			Pos:      n.key,
		})
	}
}

func (d *draft) decodeReplaces(entries []*node) {
	d.replaces = entries
	for _, n := range entries {
		d.known(n, "old", "new")
		r := Replace{Old: parseModule(d.str(n, "old")), Pos: n.key}
		if s := d.str(n, "new"); s != "" {
			r.New = d.replacement(n.get("new"), s, n.get("new").path())
		}
		d.Replaces = append(d.Replaces, r)
	}
}

// replacement reads what stands in for a module. A problem begins with what.
func (d *draft) replacement(n *node, s, what string) Replacement {
	r, err := ParseReplace(s)
	if err != nil {
		p := d.errorf(n.pos, "%s %v", what, err)
		if e, ok := errors.AsType[*dirVersionError](err); ok {
			p.Hint = e.hint()
		}
	}
	return r
}

func (d *draft) decodeExcludes(entries []*node) {
	d.excludes = entries
	for _, n := range entries {
		d.known(n, "module", "version")
		d.Excludes = append(d.Excludes, Exclude{
			Module: module.Version{Path: d.str(n, "module"), Version: d.str(n, "version")},
			Pos:    n.key,
		})
	}
}

// decodeBuild reads [build], and [debug] and [target_platform] that older
// generations have in its place.
func (d *draft) decodeBuild(r *node) {
	build, debug, platform := d.table(r, "build"), d.table(r, "debug"), d.table(r, "target_platform")
	d.known(build, "name", "version", "time", "tags", "ldflags", "gcflags", "cgo", "pgo", "targets", "race", "cacheprog", "output")
	if n := build.get("output"); n != nil { // in files for Velox, which has no [build]
		d.notef(n.key, "build.output is not used; build.name is the binary's name, and -o its directory")
	}
	d.known(debug, "enabled", "race")
	d.known(platform, "os", "arch")
	d.str(platform, "os") // and arch become a target in setDefaults
	d.str(platform, "arch")

	b := &d.Build
	b.Name = d.str(build, "name")
	b.PGO = d.str(build, "pgo")
	b.CGO = d.bool(build, "cgo")
	b.CacheProg = d.str(build, "cacheprog")
	b.Debug = d.bool(debug, "enabled")
	raceDebug, race := d.bool(debug, "race"), d.bool(build, "race")
	b.Race = b.Race || raceDebug || race
	if s := d.str(build, "version"); s != "" {
		b.Version = s
	}
	if s := d.str(build, "time"); s != "" {
		b.Time = s
	}
	if build.get("tags") != nil {
		b.Tags = nil
		for _, n := range d.list(build, "tags") {
			b.Tags = append(b.Tags, d.tags(n)...)
		}
	}
	if build.get("ldflags") != nil {
		b.LDFlags = d.ldflags(build)
	}
	if build.get("gcflags") != nil {
		b.GCFlags = d.gcflags(build)
	}
	for _, n := range d.list(build, "targets") {
		if t, err := ParseTarget(n.text); err != nil {
			d.errorf(n.pos, "%s: %v", n.path(), err)
		} else {
			b.Targets = append(b.Targets, t)
		}
	}
}

func (d *draft) decodeCheck(t *node) {
	d.known(t, "allow_disabled", "allow")
	d.Check.AllowDisabled = d.texts(t, "allow_disabled")
	d.Check.Allow = d.texts(t, "allow")
	slices.Sort(d.Check.AllowDisabled)
	slices.Sort(d.Check.Allow)
}

func (d *draft) decodeLog(t *node) {
	d.known(t, "level", "mode")
	d.Log = Log{Level: d.str(t, "level"), Mode: d.str(t, "mode")}
}
