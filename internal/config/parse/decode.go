package parse

import (
	"cmp"
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
	d.CheckKeys(r)
	d.decodeRoadRunner(r.Table("roadrunner"))
	d.decodeProjects(r.Get("gitlab").Table("projects"))
	d.decodePlugins(r)
	d.decodeModules(r.Tables("modules"))
	d.decodeMirrors(r.Table("mirrors"))
	d.decodeGit(r.Table("git"))
	d.decodeLimits(r.Table("limits"))
	d.decodeReplaces(r.Tables("replaces"))
	d.decodeExcludes(r.Tables("excludes"))
	d.decodeVelox(r.Table("velox")) // before [build], which wins
	d.decodeBuild(r)
	d.decodeTrust(r)
	d.decodeCheck(r.Table("check"))
	d.decodeAudit(r.Table("audit"))
	d.decodeLog(r.Table("log"))
}

func (d *draft) decodeRoadRunner(t *tree.Node) {
	d.RoadRunner = config.RoadRunner{
		Ref:  refOf(t),
		URL:  t.Str("url"),
		Path: t.Str("path"),
	}
	if t != nil {
		d.RoadRunner.Pos = t.Key
	}
}

// decodeProjects reads [gitlab.projects]. What [github] and [gitlab] say besides
// becomes part of other values, in setDefaults.
func (d *draft) decodeProjects(projects *tree.Node) {
	if projects == nil {
		return
	}
	for _, n := range projects.Items {
		if n.Kind == unstable.String && !n.Broken {
			d.projects = append(d.projects, n)
		}
	}
}

// refOf reads the ref, which goes by two names. That both are set and differ is
// for validate to find.
func refOf(t *tree.Node) string { return cmp.Or(t.Str("ref"), t.Str("tag")) }

func (d *draft) decodePlugins(r *tree.Node) {
	for _, parent := range []*tree.Node{r, r.Get("github"), r.Get("gitlab")} {
		if t := parent.Table("plugins"); t != nil {
			d.plugins = append(d.plugins, t.Items...)
		}
	}
	d.plugins = slices.DeleteFunc(d.plugins, func(n *tree.Node) bool {
		return n.Kind != unstable.Table || d.alwaysIn(n)
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
	p := config.Plugin{
		Name:       n.Name,
		Pos:        n.Key,
		ModulePath: n.Str("module_name"),
		URL:        n.Str("url"),
		Ref:        refOf(n),
		Folder:     n.Str("folder"),
		Import:     n.Str("import"),
		Symbol:     n.Str("symbol"),
		Path:       n.Str("path"),
	}
	if s := n.Str("replace"); s != "" {
		r := d.replacement(n.Get("replace"), s, label(n)+": replace")
		if r != (config.Replacement{}) {
			p.Replace = &r
		}
	}
	p.ChecksumOff = n.Str("checksum") == "off"
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
		m := config.Module{
			Pos:    n.Key,
			Path:   n.Str("module"),
			Ref:    refOf(n),
			URL:    n.Str("url"),
			Folder: n.Str("folder"),
			Dir:    n.Str("path"),
		}
		m.ChecksumOff = n.Str("checksum") == "off"
		d.Modules = append(d.Modules, m)
	}
}

func (d *draft) decodeMirrors(t *tree.Node) {
	if t == nil {
		return
	}
	d.mirrors = t.Items
	for _, n := range t.Items {
		d.Mirrors = append(d.Mirrors, config.Mirror{From: n.Name, To: t.Texts(n.Name), Pos: n.Key})
	}
}

func (d *draft) decodeGit(t *tree.Node) {
	d.decodePatience(t)
	for _, patterns := range t.Texts("modules") {
		d.Git.Modules = append(d.Git.Modules, separated(patterns, ",")...) // as in GOPRIVATE
	}
	d.Git.KnownHosts = t.Texts("known_hosts")
	d.Git.CAFile, d.Git.CAPlace = t.Str("ca_file"), placeOf(t.Get("ca_file"))
	credentials := t.Table("credentials")
	if credentials == nil {
		return
	}
	for _, n := range credentials.Items {
		if n.Kind != unstable.Table {
			continue
		}
		d.credentials = append(d.credentials, n)
		d.Git.Credentials = append(d.Git.Credentials, config.Credential{
			Host:     n.Name,
			Username: n.Str("username"),
			Password: config.Secret(n.Str("password")),
			SSHKey:   n.Str("ssh_key"),
			Pos:      n.Key,
		})
	}
}

func (d *draft) decodeReplaces(entries []*tree.Node) {
	d.replaces = entries
	for _, n := range entries {
		r := config.Replace{Old: parseModule(n.Str("old")), Pos: n.Key}
		if s := n.Str("new"); s != "" {
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
		d.Excludes = append(d.Excludes, config.Exclude{
			Module: module.Version{Path: n.Str("module"), Version: n.Str("version")},
			Pos:    n.Key,
		})
	}
}

// decodeBuild reads [build], and [debug] that older generations have in its
// place. Their [target_platform] becomes a target in setDefaults.
func (d *draft) decodeBuild(r *tree.Node) {
	build, debug := r.Table("build"), r.Table("debug")
	if n := build.Get("output"); n != nil { // in files for Velox, which has no [build]
		d.notef(n.Key, "build.output is not used; build.name is the binary's name, and -o its directory")
	}
	b := &d.Build
	b.Name = build.Str("name")
	b.PGO = build.Str("pgo")
	b.CGO = build.Bool("cgo")
	b.CacheProg = build.Str("cacheprog")
	d.Places.CacheProg, d.Places.Targets = placeOf(build.Get("cacheprog")), placeOf(build.Get("targets"))
	if b.PGO != "auto" && b.PGO != "off" {
		d.Places.PGO = placeOf(build.Get("pgo"))
	}
	b.Debug = debug.Bool("enabled")
	raceDebug, race := debug.Bool("race"), build.Bool("race")
	b.Race = b.Race || raceDebug || race
	if s := build.Str("version"); s != "" {
		b.Version = s
	}
	if s := build.Str("time"); s != "" {
		b.Time = s
	}
	if build.Get("tags") != nil {
		b.Tags = nil
		for _, n := range build.Get("tags").Strings() {
			b.Tags = append(b.Tags, d.tags(n)...)
		}
	}
	if build.Get("ldflags") != nil {
		b.LDFlags = d.ldflags(build)
	}
	if build.Get("gcflags") != nil {
		b.GCFlags = d.gcflags(build)
	}
	for _, n := range build.Get("targets").Strings() {
		if t, err := config.ParseTarget(n.Text); err != nil {
			d.Errorf(n.Pos, "%s: %v", n.Path(), err)
		} else {
			b.Targets = append(b.Targets, t)
		}
	}
}

func (d *draft) decodeCheck(t *tree.Node) {
	d.Check.AllowDisabled = t.Texts("allow_disabled")
	d.Check.Allow = t.Texts("allow")
	slices.Sort(d.Check.AllowDisabled)
	slices.Sort(d.Check.Allow)
}

// decodeLog leaves out the words that have no meaning: Velox takes any.
func (d *draft) decodeLog(t *tree.Node) {
	word := func(name string) string {
		n := t.Get(name)
		if n.OtherThan() == "" {
			return t.Str(name)
		}
		d.notef(n.Pos, "%s is %q, which has no effect; it can be %s", n.Path(), n.Text, n.OtherThan())
		return ""
	}
	d.Log = config.Log{Level: word("level"), Mode: word("mode")}
}
