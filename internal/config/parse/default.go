package parse

import (
	"cmp"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/config/tree"
)

// setDefaults completes the Config: what is not set, clone URLs that older
// generations give in parts, and paths that are relative to the file.
func (d *draft) setDefaults() {
	github, gitlab := d.base("github", config.GitHub), d.base("gitlab", config.GitLab)
	d.defaultRoadRunner(github)
	for i, n := range d.plugins {
		d.defaultPlugin(&d.Plugins[i], n, github, gitlab)
	}
	for i, n := range d.modules {
		m := &d.Modules[i]
		m.URL = d.withoutUser(d.repository(n.Get("url"), m.URL))
		m.Dir = d.abs(n.Get("path"), m.Dir)
		m.Folder = trimFolder(m.Folder)
		m.Patches = d.patches(n, moduleLabel(n))
	}
	for i, n := range d.replaces {
		r := &d.Replaces[i]
		r.New.Dir = d.abs(n.Get("new"), r.New.Dir)
	}
	for i, n := range d.mirrors {
		for j, to := range n.Strings() {
			d.Mirrors[i].To[j] = d.remote(to, to.Text)
		}
	}
	d.defaultGit(github, gitlab)
	d.defaultBuild()
	d.defaultTrust()
	d.Log.Level = strings.ToLower(d.Log.Level)
	d.Log.Mode = strings.ToLower(d.Log.Mode)
}

// base returns the URL below which a forge has its repositories. It goes by
// two keys, of two generations.
func (d *draft) base(forge, otherwise string) string {
	t := d.root.Get(forge)
	base := cmp.Or(t.Str("base_url"), t.At("endpoint").Str("endpoint"), otherwise)
	base = strings.TrimRight(d.withoutUser(base), "/")
	// Velox asks an API for archives; its client takes the address with and
	// without the API's path.
	for _, api := range []string{"/api/v3", "/api/v4"} {
		base = strings.TrimSuffix(base, api)
	}
	return base
}

func (d *draft) defaultRoadRunner(github string) {
	rr := &d.RoadRunner
	t := d.root.Get("roadrunner")
	rr.URL = d.withoutUser(d.repository(t.Get("url"), rr.URL))
	rr.Path = d.abs(t.Get("path"), rr.Path)
	rr.Patches = d.patches(t, config.RoadRunnerName)
	if rr.Path == "" {
		rr.Ref = cmp.Or(rr.Ref, "master")
		rr.URL = cmp.Or(rr.URL, github+"/roadrunner-server/roadrunner")
	}
}

func (d *draft) defaultPlugin(p *config.Plugin, n *tree.Node, github, gitlab string) {
	p.Symbol = cmp.Or(p.Symbol, "Plugin")
	p.Folder = trimFolder(p.Folder)
	p.URL = d.withoutUser(d.repository(n.Get("url"), p.URL))
	p.Path = d.abs(n.Get("path"), p.Path)
	if p.Replace != nil {
		p.Replace.Dir = d.abs(n.Get("replace"), p.Replace.Dir)
	}
	p.Patches = d.patches(n, label(n))
	if p.URL != "" || p.Path != "" {
		return
	}
	if onGitLab(n) {
		p.URL = d.gitlabURL(n, gitlab)
	} else if owner, repository := n.Str("owner"), n.Str("repository"); owner != "" && repository != "" {
		p.URL = github + "/" + owner + "/" + repository
	}
}

// gitlabURL returns the clone URL of a plugin in [gitlab.plugins], or "" where
// its repository is only known by a number.
func (d *draft) gitlabURL(n *tree.Node, base string) string {
	owner, repository := n.Str("owner"), n.Str("repository")
	project := d.root.At("gitlab", "projects").Str(repository)
	switch {
	case project != "":
		return base + "/" + strings.Trim(project, "/")
	case isNumber(repository), repository == "":
		return ""
	case strings.Contains(repository, "/"):
		return base + "/" + repository
	case owner == "":
		return ""
	}
	return base + "/" + owner + "/" + repository
}

// onGitLab reports whether a plugin stands in [gitlab.plugins].
func onGitLab(n *tree.Node) bool { return strings.EqualFold(n.Parent.Parent.Name, "gitlab") }

func (d *draft) defaultGit(github, gitlab string) {
	for i, file := range d.Git.KnownHosts {
		d.Git.KnownHosts[i] = d.abs(d.root.At("git", "known_hosts"), file)
	}
	d.Git.CAFile = d.abs(d.root.At("git", "ca_file"), d.Git.CAFile)
	for i, n := range d.credentials {
		c := &d.Git.Credentials[i]
		c.Host = strings.ToLower(c.Host)
		c.SSHKey = d.abs(n.Get("ssh_key"), c.SSHKey)
	}
	githubToken, old := d.root.At("github", "token").Str("token"), d.root.Get("github_token").Str("token")
	if githubToken != "" {
		d.addToken("github.token", github, "x-access-token", githubToken)
	} else {
		d.addToken("github_token", github, "x-access-token", old)
	}
	d.addToken("gitlab.token", gitlab, "oauth2", d.root.At("gitlab", "token").Str("token"))
}

// addToken adds a forge's token. An empty one is none.
func (d *draft) addToken(key, base, user, token string) {
	if token != "" {
		d.Git.Tokens = append(d.Git.Tokens, config.Token{Host: hostOf(base), User: user, Token: config.Secret(token), Key: key})
	}
}

// hostOf returns the host of a URL, with its port.
func hostOf(base string) string {
	u, err := url.Parse(base)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Host)
}

func (d *draft) defaultBuild() {
	b := &d.Build
	b.Name = cmp.Or(strings.TrimSuffix(b.Name, ".exe"), "rr")
	b.PGO = cmp.Or(b.PGO, "auto")
	if b.PGO != "auto" && b.PGO != "off" {
		b.PGO = d.abs(d.root.At("build", "pgo"), b.PGO)
	}
	// Go's race detector is written in C.
	b.CGO = b.CGO || b.Race
	if t, ok := platform(d.root.Get("target_platform")); ok && len(b.Targets) == 0 {
		b.Targets, d.Places.Targets = []config.Target{t}, placeOf(d.root.Get("target_platform"))
	}
}

// platform returns what [target_platform] says, the host's where it says half.
func platform(t *tree.Node) (config.Target, bool) {
	goos, goarch := t.Str("os"), t.Str("arch")
	return config.Target{
		OS:   strings.ToLower(cmp.Or(goos, runtime.GOOS)),
		Arch: strings.ToLower(cmp.Or(goarch, runtime.GOARCH)),
	}, goos != "" || goarch != ""
}

// trimFolder takes the slashes off a folder's ends. A leading one occurs in
// files for Velox, and means the repository's root.
func trimFolder(folder string) string {
	folder = strings.Trim(folder, "/")
	if folder == "." {
		return ""
	}
	return folder
}

// remote makes a local path among clone URLs absolute, and keeps its closing
// slash, which makes a difference to a mirror.
func (d *draft) remote(n *tree.Node, s string) string {
	if !config.IsDir(s) {
		return s
	}
	path := d.abs(n, s)
	if strings.HasSuffix(s, "/") && !strings.HasSuffix(path, "/") {
		path += "/"
	}
	return path
}

// repository is remote for a module's own URL, and keeps how it is written.
func (d *draft) repository(n *tree.Node, s string) string {
	path := d.remote(n, s)
	if path != s && !strings.HasPrefix(s, "~/") {
		if d.Written == nil {
			d.Written = map[string]string{}
		}
		d.Written[path] = s
	}
	return path
}

// withoutUser takes a name and password out of a URL that will be shown and
// recorded, and keeps them for whoever asks that server.
func (d *draft) withoutUser(s string) string {
	c, ok := config.SplitUser(s)
	if ok && !slices.Contains(d.Git.InURLs, c) {
		d.Git.InURLs = append(d.Git.InURLs, c)
	}
	return c.URL
}

// abs returns an absolute path for n's path: relative ones are relative to the
// config file, and those below ~/ to the home directory.
func (d *draft) abs(n *tree.Node, path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	if below, ok := strings.CutPrefix(path, "~/"); ok {
		home, _ := d.lookup("HOME")
		if home == "" {
			d.Errorf(n.Pos, "%s is below ~/ and HOME is not set", n.Path())
			return path
		}
		return filepath.Join(home, below)
	}
	path = filepath.FromSlash(path)
	if os.IsPathSeparator(path[0]) {
		return filepath.Clean(filepath.VolumeName(d.dir) + path) // Windows, on the config's drive
	}
	return filepath.Join(d.dir, path)
}
