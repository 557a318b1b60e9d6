package config

import (
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"

	"github.com/vxlite/vxlite/internal/near"
)

// validate reports what is wrong with a complete Config. It changes nothing
// but the list of problems.
func (d *draft) validate() {
	d.source(d.root.get("roadrunner"), "roadrunner")
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
	d.oneOf(d.root.at("log", "level"), d.Log.Level, "debug", "info", "warn", "error")
	d.oneOf(d.root.at("log", "mode"), d.Log.Mode, "production", "development", "raw", "off", "none")
}

// source checks the keys by which RoadRunner, a plugin and a module say where
// they come from. Problems begin with what.
func (d *draft) source(t *node, what string) {
	d.agree(t.get("ref"), t.get("tag"))
	local := !t.blank("path")
	for _, key := range []string{"url", "ref", "tag"} {
		n := t.get(key)
		if t.blank(key) || n.kind != unstable.String || n.broken {
			continue
		}
		if local {
			d.errorf(n.key, "%s: %s and path cannot both be set: path is a directory, used as it is", what, key)
			continue
		}
		if key == "url" {
			d.cloneURL(n, what)
		} else if err := checkRef(n.text); err != nil {
			d.errorf(n.pos, "%s: %s %q %v", what, key, n.text, err)
		}
	}
	if folder := trimFolder(t.str("folder")); folder != "" && !cleanFolder(folder) {
		d.errorf(t.get("folder").pos, "%s: folder %q is not a plain path below the repository's root", what, t.str("folder"))
	}
}

// cloneURL checks a URL that will be recorded, in a lock for example.
func (d *draft) cloneURL(n *node, what string) {
	if err := checkRemote(n.text); err != nil {
		d.errorf(n.pos, "%s: %s %v", what, n.name, err)
	} else if hasPassword(n.text) {
		d.errorf(n.pos, "%s: %s has a password in it", what, n.name).Hint =
			`give the password in [git.credentials."HOST"]`
	}
}

func cleanFolder(folder string) bool {
	return path.Clean(folder) == folder && filepath.IsLocal(folder) && !strings.Contains(folder, `\`)
}

func (d *draft) validateForges() {
	for _, forge := range []string{"github", "gitlab"} {
		t := d.root.get(forge)
		base, endpoint := t.get("base_url"), t.at("endpoint", "endpoint")
		for _, n := range []*node{base, endpoint} {
			switch {
			case n == nil || n.kind != unstable.String || n.text == "":
			case !strings.Contains(n.text, "://"):
				d.errorf(n.pos, "%s is not a URL", n.path())
			default:
				d.cloneURL(n, n.parent.path())
			}
		}
		d.agree(base, endpoint)
	}
	for _, n := range d.projects {
		if !isRepositoryPath(strings.Trim(n.text, "/")) {
			d.errorf(n.pos, "%s is %q, want GROUP/PROJECT", n.path(), n.text)
		}
	}
	d.agree(d.root.at("github", "token", "token"), d.root.at("github_token", "token"))
}

// agree checks two keys of two generations that mean the same.
func (d *draft) agree(a, b *node) {
	for _, n := range []*node{a, b} {
		if n == nil || n.kind != unstable.String || n.text == "" {
			return
		}
	}
	if a.text == b.text {
		return
	}
	if b.key.compare(a.key) < 0 {
		a, b = b, a
	}
	d.errorf(b.key, "%s and %s mean the same and differ, see %s", b.path(), a.path(), a.key)
}

func (d *draft) validateMirrors() {
	for _, n := range d.mirrors {
		if n.name == "" {
			d.errorf(n.key, "mirrors has an empty prefix")
		}
		if n.kind == unstable.Array && len(n.items) == 0 {
			d.errorf(n.pos, "%s names no mirror", n.path())
		}
		for _, to := range n.strings() {
			if err := checkPrefix(to.text); err != nil {
				d.errorf(to.pos, "%s: the mirror %v", n.path(), err)
			}
		}
	}
}

func (d *draft) validateGit() {
	for _, n := range d.root.at("git", "modules").strings() {
		for _, pattern := range separated(n.text, ",") {
			if _, err := path.Match(pattern, ""); err != nil {
				d.errorf(n.pos, "%s: %q is not a pattern", n.path(), pattern)
			}
		}
	}
	hosts := map[string]*node{}
	for i, n := range d.credentials {
		c := d.Git.Credentials[i]
		if c.Host == "" || strings.ContainsAny(c.Host, "/@ ") || strings.HasPrefix(c.Host, "-") {
			d.errorf(n.key, "%s: %q is not a host, such as git.corp or git.corp:8443", n.parent.path(), n.name)
		}
		if first := hosts[c.Host]; first != nil {
			d.errorf(n.key, "%s is already set at %s", n.path(), first.key)
		} else {
			hosts[c.Host] = n
		}
		if n.blank("password") && n.blank("ssh_key") {
			d.errorf(n.key, "%s has neither password nor ssh_key", n.path())
		}
	}
}

func (d *draft) validateBuild() {
	build := d.root.get("build")
	b := &d.Build
	if strings.ContainsAny(b.Name, `/\`) || b.Name == "." || b.Name == ".." || strings.HasPrefix(b.Name, "-") {
		d.errorf(build.get("name").pos, "build.name %q is not a file's name", b.Name)
	}
	// A path has a slash or an ending; "on" and "default" are no files.
	if n := build.get("pgo"); b.PGO != "auto" && b.PGO != "off" && !strings.ContainsAny(n.text, `/\.`) {
		d.errorf(n.pos, "build.pgo is %q, want auto, off or a file", n.text)
	}
	for i, n := range build.get("targets").strings() {
		if t, err := ParseTarget(n.text); err == nil && slices.Index(b.Targets, t) < i {
			d.errorf(n.pos, "build.targets has %s twice", t)
		}
	}
	d.validatePlatform(d.root.get("target_platform"))
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
	check := d.root.get("check")
	for _, n := range slices.Concat(check.get("allow_disabled").strings(), check.get("allow").strings()) {
		if slices.Contains(names, n.text) {
			continue
		}
		text := fmt.Sprintf("%s: there is no plugin %q", n.path(), n.text)
		if meant := near.Name(n.text, names); meant != "" {
			text += fmt.Sprintf(", did you mean %q?", meant)
		}
		d.errorf(n.pos, "%s", text)
	}
}

// validatePlatform checks [target_platform], also against [build] targets.
func (d *draft) validatePlatform(t *node) {
	for _, key := range []string{"os", "arch"} {
		if s := strings.ToLower(t.str(key)); s != "" && !isGoName(s) {
			n := t.get(key)
			d.errorf(n.pos, "%s is %q, want a name that Go knows", n.path(), n.text)
		}
	}
	targets := d.root.at("build", "targets")
	if p, ok := platform(t); ok && targets != nil && !slices.Equal(d.Build.Targets, []Target{p}) {
		d.errorf(targets.key, "%s and %s differ, see %s", targets.path(), t.path(), t.key)
	}
}

// oneOf checks a value that is one of a few words, or not set.
func (d *draft) oneOf(n *node, value string, words ...string) {
	if value != "" && !slices.Contains(words, value) {
		last := len(words) - 1
		d.errorf(n.pos, "%s is %q, want %s or %s", n.path(), value, strings.Join(words[:last], ", "), words[last])
	}
}
