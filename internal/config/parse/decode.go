package parse

import (
	"errors"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
	"golang.org/x/mod/module"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/config/tree"
)

// decode reads the keys of all generations from the tree into the Config. The
// values stand there as written; setDefaults completes them.
func (d *draft) decode() {
	r := d.root
	d.Known(r, "roadrunner", "plugins", "mirrors", "git", "limits", "modules", "replaces", "excludes", "build", "check", "verify", "image",
		"target_platform", "debug", "log", "github", "gitlab", "github_token", "velox")
	d.decodeRoadRunner(d.Table(r, "roadrunner"))
	d.decodeForges(r)
	d.decodePlugins(r)
	d.decodeModules(d.Tables(r, "modules"))
	d.decodeMirrors(d.Table(r, "mirrors"))
	d.decodeGit(d.Table(r, "git"))
	d.decodeLimits(d.Table(r, "limits"))
	d.decodeReplaces(d.Tables(r, "replaces"))
	d.decodeExcludes(d.Tables(r, "excludes"))
	d.decodeVelox(d.Table(r, "velox")) // before [build], which wins
	d.decodeBuild(r)
	d.decodeTrust(r)
	d.decodeCheck(d.Table(r, "check"))
	d.decodeLog(d.Table(r, "log"))
}

func (d *draft) decodeRoadRunner(t *tree.Node) {
	d.Known(t, "ref", "tag", "url", "path")
	d.RoadRunner = config.RoadRunner{
		Ref:  d.Either(t, "ref", "tag"),
		URL:  d.Str(t, "url"),
		Path: d.Str(t, "path"),
	}
	if t != nil {
		d.RoadRunner.Pos = t.Key
	}
}

// decodeForges checks the types in [github], [gitlab] and [github_token]. What
// they say becomes part of other values, in setDefaults.
func (d *draft) decodeForges(r *tree.Node) {
	github, gitlab := d.Table(r, "github"), d.Table(r, "gitlab")
	d.Known(github, "token", "endpoint", "base_url", "plugins")
	d.Known(gitlab, "token", "endpoint", "base_url", "plugins", "projects")
	for _, forge := range []*tree.Node{github, gitlab} {
		d.Str(forge, "base_url")
		for _, key := range []string{"token", "endpoint"} {
			t := d.Table(forge, key)
			d.Known(t, key) // github.token.token, github.endpoint.endpoint
			d.Str(t, key)
		}
	}
	old := d.Table(r, "github_token")
	d.Known(old, "token")
	d.Str(old, "token")
	if projects := d.Table(gitlab, "projects"); projects != nil {
		for _, n := range projects.Items {
			if d.Want(n, unstable.String) && !n.Broken {
				d.projects = append(d.projects, n)
			}
		}
	}
}

func (d *draft) decodePlugins(r *tree.Node) {
	for _, parent := range []*tree.Node{r, r.Get("github"), r.Get("gitlab")} {
		if t := d.Table(parent, "plugins"); t != nil {
			d.plugins = append(d.plugins, t.Items...)
		}
	}
	d.plugins = slices.DeleteFunc(d.plugins, func(n *tree.Node) bool {
		if !d.Want(n, unstable.Table) {
			return true
		}
		d.Known(n, "module_name", "ref", "tag", "owner", "repository", "url", "folder", "import", "symbol", "path", "replace", "checksum")
		return d.alwaysIn(n)
	})
	if len(d.plugins) == 0 {
		d.notef(config.Position{File: d.File}, "no plugins: the server is RoadRunner alone, with the plugins that are always in")
	}
	slices.SortFunc(d.plugins, func(a, b *tree.Node) int { return a.Key.Compare(b.Key) })
	for _, n := range d.plugins {
		d.Plugins = append(d.Plugins, d.decodePlugin(n))
	}
}

func (d *draft) decodePlugin(n *tree.Node) config.Plugin {
	if id := n.Get("repository"); id != nil && id.Kind == unstable.Integer {
		id.Kind = unstable.String // a GitLab project's id
	}
	d.Str(n, "owner") // and repository are for the clone URL, in setDefaults
	d.Str(n, "repository")
	p := config.Plugin{
		Name:       n.Name,
		Pos:        n.Key,
		ModulePath: d.Str(n, "module_name"),
		URL:        d.Str(n, "url"),
		Ref:        d.Either(n, "ref", "tag"),
		Folder:     d.Str(n, "folder"),
		Import:     d.Str(n, "import"),
		Symbol:     d.Str(n, "symbol"),
		Path:       d.Str(n, "path"),
	}
	if s := d.Str(n, "replace"); s != "" {
		r := d.replacement(n.Get("replace"), s, label(n)+": replace")
		if r != (config.Replacement{}) {
			p.Replace = &r
		}
	}
	p.ChecksumOff = d.checksumOff(n)
	return p
}

// alwaysIn reports whether a plugin's entry is for one that RoadRunner brings
// along, and notes that it is not used.
func (d *draft) alwaysIn(n *tree.Node) bool {
	owner, name := n.Str("owner"), n.Str("repository")
	if path := n.Str("module_name"); path != "" {
		prefix, _, _ := module.SplitPathVersion(path)
		owner, name = lastTwo(prefix)
	} else if u := n.Str("url"); u != "" {
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
	d.notef(n.Key, "%s is always in, at the version that RoadRunner requires", label(n))
	return true
}

// lastTwo returns the last two elements of a path or a clone URL, without ".git".
func lastTwo(path string) (owner, name string) {
	elements := strings.FieldsFunc(strings.TrimSuffix(path, ".git"), func(r rune) bool { return r == '/' || r == ':' })
	elements = append([]string{"", ""}, elements...)
	return elements[len(elements)-2], elements[len(elements)-1]
}

func (d *draft) decodeModules(entries []*tree.Node) {
	d.modules = entries
	for _, n := range entries {
		d.Known(n, "module", "ref", "tag", "url", "folder", "path", "checksum")
		m := config.Module{
			Pos:    n.Key,
			Path:   d.Str(n, "module"),
			Ref:    d.Either(n, "ref", "tag"),
			URL:    d.Str(n, "url"),
			Folder: d.Str(n, "folder"),
			Dir:    d.Str(n, "path"),
		}
		m.ChecksumOff = d.checksumOff(n)
		d.Modules = append(d.Modules, m)
	}
}

// checksumOff reads a module's or a plugin's checksum.
func (d *draft) checksumOff(n *tree.Node) bool {
	s := d.Str(n, "checksum")
	if s != "" && s != "on" && s != "off" {
		d.Errorf(n.Get("checksum").Pos, "%s is %q, want on or off", n.Get("checksum").Path(), s)
	}
	return s == "off"
}

func (d *draft) decodeMirrors(t *tree.Node) {
	if t == nil {
		return
	}
	d.mirrors = t.Items
	for _, n := range t.Items {
		d.Mirrors = append(d.Mirrors, config.Mirror{From: n.Name, To: d.Texts(t, n.Name), Pos: n.Key})
	}
}

func (d *draft) decodeGit(t *tree.Node) {
	d.Known(t, "modules", "known_hosts", "ca_file", "credentials", "timeout", "connect_timeout", "total_timeout", "min_rate", "retries")
	d.decodePatience(t)
	for _, patterns := range d.Texts(t, "modules") {
		d.Git.Modules = append(d.Git.Modules, separated(patterns, ",")...) // as in GOPRIVATE
	}
	d.Git.KnownHosts = d.Texts(t, "known_hosts")
	d.Git.CAFile = d.Str(t, "ca_file")
	credentials := d.Table(t, "credentials")
	if credentials == nil {
		return
	}
	for _, n := range credentials.Items {
		if !d.Want(n, unstable.Table) {
			continue
		}
		d.Known(n, "username", "password", "ssh_key")
		d.credentials = append(d.credentials, n)
		d.Git.Credentials = append(d.Git.Credentials, config.Credential{
			Host:     n.Name,
			Username: d.Str(n, "username"),
			Password: config.Secret(d.Str(n, "password")),
			SSHKey:   d.Str(n, "ssh_key"),
			Pos:      n.Key,
		})
	}
}

func (d *draft) decodeReplaces(entries []*tree.Node) {
	d.replaces = entries
	for _, n := range entries {
		d.Known(n, "old", "new")
		r := config.Replace{Old: parseModule(d.Str(n, "old")), Pos: n.Key}
		if s := d.Str(n, "new"); s != "" {
			r.New = d.replacement(n.Get("new"), s, n.Get("new").Path())
		}
		d.Replaces = append(d.Replaces, r)
	}
}

// replacement reads what stands in for a module. A problem begins with what.
func (d *draft) replacement(n *tree.Node, s, what string) config.Replacement {
	r, err := Replace(s)
	if err != nil {
		p := d.Errorf(n.Pos, "%s %v", what, err)
		if e, ok := errors.AsType[*dirVersionError](err); ok {
			p.Hint = e.hint()
		}
	}
	return r
}

func (d *draft) decodeExcludes(entries []*tree.Node) {
	d.excludes = entries
	for _, n := range entries {
		d.Known(n, "module", "version")
		d.Excludes = append(d.Excludes, config.Exclude{
			Module: module.Version{Path: d.Str(n, "module"), Version: d.Str(n, "version")},
			Pos:    n.Key,
		})
	}
}

// decodeBuild reads [build], and [debug] and [target_platform] that older
// generations have in its place.
func (d *draft) decodeBuild(r *tree.Node) {
	build, debug, platform := d.Table(r, "build"), d.Table(r, "debug"), d.Table(r, "target_platform")
	d.Known(build, "name", "version", "time", "tags", "ldflags", "gcflags", "cgo", "pgo", "targets", "race", "cacheprog", "output")
	if n := build.Get("output"); n != nil { // in files for Velox, which has no [build]
		d.notef(n.Key, "build.output is not used; build.name is the binary's name, and -o its directory")
	}
	d.Known(debug, "enabled", "race")
	d.Known(platform, "os", "arch")
	d.Str(platform, "os") // and arch become a target in setDefaults
	d.Str(platform, "arch")

	b := &d.Build
	b.Name = d.Str(build, "name")
	b.PGO = d.Str(build, "pgo")
	b.CGO = d.Bool(build, "cgo")
	b.CacheProg = d.Str(build, "cacheprog")
	b.Debug = d.Bool(debug, "enabled")
	raceDebug, race := d.Bool(debug, "race"), d.Bool(build, "race")
	b.Race = b.Race || raceDebug || race
	if s := d.Str(build, "version"); s != "" {
		b.Version = s
	}
	if s := d.Str(build, "time"); s != "" {
		b.Time = s
	}
	if build.Get("tags") != nil {
		b.Tags = nil
		for _, n := range d.List(build, "tags") {
			b.Tags = append(b.Tags, d.tags(n)...)
		}
	}
	if build.Get("ldflags") != nil {
		b.LDFlags = d.ldflags(build)
	}
	if build.Get("gcflags") != nil {
		b.GCFlags = d.gcflags(build)
	}
	for _, n := range d.List(build, "targets") {
		if t, err := config.ParseTarget(n.Text); err != nil {
			d.Errorf(n.Pos, "%s: %v", n.Path(), err)
		} else {
			b.Targets = append(b.Targets, t)
		}
	}
}

func (d *draft) decodeCheck(t *tree.Node) {
	d.Known(t, "allow_disabled", "allow")
	d.Check.AllowDisabled = d.Texts(t, "allow_disabled")
	d.Check.Allow = d.Texts(t, "allow")
	slices.Sort(d.Check.AllowDisabled)
	slices.Sort(d.Check.Allow)
}

func (d *draft) decodeLog(t *tree.Node) {
	d.Known(t, "level", "mode")
	d.Log = config.Log{Level: d.Str(t, "level"), Mode: d.Str(t, "mode")}
}
