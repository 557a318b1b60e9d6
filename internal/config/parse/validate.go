package parse

import (
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/config/keys"
	"github.com/vxlite/vxlite/internal/config/tree"
	"github.com/vxlite/vxlite/internal/near"
)

// validate reports what is wrong with a complete Config. It changes nothing
// but the list of problems.
func (d *draft) validate() {
	d.source(d.root.Get("roadrunner"), "roadrunner")
	d.validateForges()
	d.validatePlugins()
	d.validateModules()
	d.validateDuplicates()
	d.validateMirrors()
	d.validateGit()
	d.validateReplaces()
	d.validateExcludes()
	d.validateBuild()
	d.validateTrust()
	d.validateCheck()
}

// source checks the keys by which RoadRunner, a plugin and a module say where
// they come from. Problems begin with what.
func (d *draft) source(t *tree.Node, what string) {
	d.agree(t.Get("ref"), t.Get("tag"))
	local := !t.Blank("path")
	for _, key := range keys.LocalNot {
		n := t.Get(key)
		if t.Blank(key) || n.Kind != unstable.String || n.Broken {
			continue
		}
		if local {
			d.Errorf(n.Key, "%s: %s and path cannot both be set: path is a directory, used as it is", what, key)
			continue
		}
		if key == "url" {
			d.cloneURL(n, what)
		} else if err := checkRef(n.Text); err != nil {
			d.Errorf(n.Pos, "%s: %s %q %v", what, key, n.Text, err)
		}
	}
	if folder := trimFolder(t.Str("folder")); folder != "" && !cleanFolder(folder) {
		d.Errorf(t.Get("folder").Pos, "%s: folder %q is not a plain path below the repository's root", what, t.Str("folder"))
	}
}

// cloneURL checks a URL that will be recorded, in a lock for example.
func (d *draft) cloneURL(n *tree.Node, what string) {
	if err := checkRemote(n.Text); err != nil {
		d.Errorf(n.Pos, "%s: %s %v", what, n.Name, err)
	} else if hasPassword(n.Text) {
		d.Errorf(n.Pos, "%s: %s has a password in it", what, n.Name).Hint =
			`give the password in [git.credentials."HOST"]`
	}
}

func cleanFolder(folder string) bool {
	return path.Clean(folder) == folder && filepath.IsLocal(folder) && !strings.Contains(folder, `\`)
}

func (d *draft) validateForges() {
	for _, forge := range []string{"github", "gitlab"} {
		t := d.root.Get(forge)
		base, endpoint := t.Get("base_url"), t.At("endpoint", "endpoint")
		for _, n := range []*tree.Node{base, endpoint} {
			switch {
			case n == nil || n.Kind != unstable.String || n.Text == "":
			case !strings.Contains(n.Text, "://"):
				d.Errorf(n.Pos, "%s is not a URL", n.Path())
			default:
				d.cloneURL(n, n.Parent.Path())
			}
		}
		d.agree(base, endpoint)
	}
	for _, n := range d.projects {
		if name := strings.Trim(n.Text, "/"); !isRepositoryPath(name) || !strings.Contains(name, "/") {
			d.Errorf(n.Pos, "%s is %q, want GROUP/PROJECT", n.Path(), n.Text)
		}
	}
	d.agree(d.root.At("github", "token", "token"), d.root.At("github_token", "token"))
}

// agree checks two keys of two generations that mean the same.
func (d *draft) agree(a, b *tree.Node) {
	for _, n := range []*tree.Node{a, b} {
		if n == nil || n.Kind != unstable.String || n.Text == "" {
			return
		}
	}
	if a.Text == b.Text {
		return
	}
	if b.Key.Compare(a.Key) < 0 {
		a, b = b, a
	}
	d.Errorf(b.Key, "%s and %s mean the same and differ, see %s", b.Path(), a.Path(), a.Key)
}

func (d *draft) validateMirrors() {
	for _, n := range d.mirrors {
		if n.Name == "" {
			d.Errorf(n.Key, "mirrors has an empty prefix")
		}
		if n.Kind == unstable.Array && len(n.Items) == 0 {
			d.Errorf(n.Pos, "%s names no mirror", n.Path())
		}
		for _, to := range n.Strings() {
			if err := checkPrefix(to.Text); err != nil {
				d.Errorf(to.Pos, "%s: the mirror %v", n.Path(), err)
			}
		}
	}
}

func (d *draft) validateGit() {
	for _, n := range d.root.At("git", "modules").Strings() {
		for _, pattern := range separated(n.Text, ",") {
			if _, err := path.Match(pattern, ""); err != nil {
				d.Errorf(n.Pos, "%s: %q is not a pattern", n.Path(), pattern)
			}
		}
	}
	hosts := map[string]*tree.Node{}
	for i, n := range d.credentials {
		c := d.Git.Credentials[i]
		if c.Host == "" || strings.ContainsAny(c.Host, "/@ ") || strings.HasPrefix(c.Host, "-") {
			d.Errorf(n.Key, "%s: %q is not a host, such as git.corp or git.corp:8443", n.Parent.Path(), n.Name)
		}
		if first := hosts[c.Host]; first != nil {
			d.Errorf(n.Key, "%s is already set at %s", n.Path(), first.Key)
		} else {
			hosts[c.Host] = n
		}
		if n.Blank("password") && n.Blank("ssh_key") {
			d.Errorf(n.Key, "%s has neither password nor ssh_key", n.Path())
		}
	}
}

func (d *draft) validateBuild() {
	build := d.root.Get("build")
	b := &d.Build
	if strings.ContainsAny(b.Name, `/\`) || b.Name == "." || b.Name == ".." || strings.HasPrefix(b.Name, "-") {
		d.Errorf(build.Get("name").Pos, "build.name %q is not a file's name", b.Name)
	}
	// A path has a slash or an ending; "on" and "default" are no files.
	if n := build.Get("pgo"); b.PGO != "auto" && b.PGO != "off" && !strings.ContainsAny(n.Text, `/\.`) {
		d.Errorf(n.Pos, "build.pgo is %q, want auto, off or a file", n.Text)
	}
	for i, n := range build.Get("targets").Strings() {
		if t, err := config.ParseTarget(n.Text); err == nil && slices.Index(b.Targets, t) < i {
			d.Errorf(n.Pos, "build.targets has %s twice", t)
		}
	}
	d.validatePlatform(d.root.Get("target_platform"))
}

// validateTargets reports targets that Go does not compile for, where the file is
// wrong anyway. Else the go command is asked, which may be a newer one.
func (d *draft) validateTargets() {
	for _, n := range d.root.Get("build").Get("targets").Strings() {
		t, err := config.ParseTarget(n.Text)
		if err != nil || slices.Contains(config.Ports, t.OS+"/"+t.Arch) {
			continue
		}
		wrong := &config.TargetError{OS: t.OS, Arch: t.Arch, Known: config.Ports}
		d.Errorf(n.Pos, "%s: %v", n.Path(), wrong).Hint = strings.Join(wrong.Hints(), "\n")
	}
}

// always are the names of plugins that are in every server.
var always = []string{"config", "informer", "resetter"}

// validateCheck makes sure that [check] speaks of plugins that are there.
func (d *draft) validateCheck() {
	names := slices.Clone(always)
	for _, p := range d.Plugins {
		names = append(names, p.Name)
	}
	slices.Sort(names)
	check := d.root.Get("check")
	for _, n := range slices.Concat(check.Get("allow_disabled").Strings(), check.Get("allow").Strings()) {
		if slices.Contains(names, n.Text) {
			continue
		}
		text := fmt.Sprintf("%s: there is no plugin %q", n.Path(), n.Text)
		if meant := near.Name(n.Text, names); meant != "" {
			text += fmt.Sprintf(", did you mean %q?", meant)
		}
		d.Errorf(n.Pos, "%s", text)
	}
}

// validatePlatform checks [target_platform], also against [build] targets.
func (d *draft) validatePlatform(t *tree.Node) {
	for _, key := range []string{"os", "arch"} {
		if s := strings.ToLower(t.Str(key)); s != "" && !config.IsGoName(s) {
			n := t.Get(key)
			d.Errorf(n.Pos, "%s is %q, want a name that Go knows", n.Path(), n.Text)
		}
	}
	targets := d.root.At("build", "targets")
	if p, ok := platform(t); ok && targets != nil && !slices.Equal(d.Build.Targets, []config.Target{p}) {
		d.Errorf(targets.Key, "%s and %s differ, see %s", targets.Path(), t.Path(), t.Key)
	}
}
