package giturl

import (
	"bytes"
	"net/url"
	"path/filepath"
	"slices"
	"sort"
	"strings"

	gitconfig "github.com/go-git/go-git/v5/plumbing/format/config"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/disk"
)

// Rewriter turns a repository's URL into those it is cloned from: first by
// the config's mirrors, then by the user's own insteadOf.
type Rewriter struct {
	mirrors []config.Mirror
	Git     GitSettings
}

// NewRewriter looks for URLs that have lost what stood in front of their host.
func NewRewriter(env Env, mirrors []config.Mirror) Rewriter {
	w := Rewriter{Git: readGitSettings(env)}
	for _, m := range mirrors {
		own, _ := config.SplitUser(m.From)
		m.From = own.URL
		w.mirrors = append(w.mirrors, m)
	}
	for i, in := range w.Git.instead {
		own, _ := config.SplitUser(in.prefix)
		w.Git.instead[i].prefix = own.URL
	}
	return w
}

// insteadOf is one url.BASE.insteadOf setting of git.
type insteadOf struct{ prefix, base string }

// Candidates returns the URLs to try, in order, each of them once. The longest
// matching mirror prefix wins; where several are as long (a flag's and the
// config's), all count, one after the other.
func (w Rewriter) Candidates(repo string) []string {
	urls := []string{repo}
	longest := -1
	for _, m := range w.mirrors {
		if prefixMatches(repo, m.From) && len(m.From) > longest {
			longest, urls = len(m.From), nil
		}
		if prefixMatches(repo, m.From) && len(m.From) == longest {
			for _, to := range m.To {
				urls = append(urls, joinMirror(to, repo[len(m.From):]))
			}
		}
	}
	for i, u := range urls {
		for _, in := range w.Git.instead {
			if strings.HasPrefix(u, in.prefix) {
				urls[i] = in.base + u[len(in.prefix):]
				break
			}
		}
	}
	tried := map[string]bool{}
	return slices.DeleteFunc(urls, func(u string) bool {
		before := tried[u]
		tried[u] = true
		return before
	})
}

// prefixMatches keeps "https://git.corp/a" from catching "https://git.corp/ab".
func prefixMatches(repo, prefix string) bool {
	rest, ok := strings.CutPrefix(repo, prefix)
	return ok && (rest == "" || strings.HasSuffix(prefix, "/") || strings.HasSuffix(prefix, ":") || rest[0] == '/' || isDotGit(rest))
}

// isDotGit reports whether rest only ends the name of a repository, which may
// be written with and without ".git".
func isDotGit(rest string) bool { return rest == ".git" || strings.HasPrefix(rest, ".git/") }

// joinMirror appends rest to to. A mirror's folder may be written without its
// closing slash.
func joinMirror(to, rest string) string {
	if rest == "" || strings.HasSuffix(to, "/") || strings.HasSuffix(to, ":") || rest[0] == '/' || isDotGit(rest) {
		return to + rest
	}
	return to + "/" + rest
}

// GitSettings are what counts of git's system and user configuration.
type GitSettings struct {
	instead []insteadOf // longest prefix first
	unused  []Unused
}

// readGitSettings reads the files that git-config(1) names. A file that is
// missing or that cannot be read says nothing.
func readGitSettings(env Env) GitSettings {
	var s GitSettings
	if v, ok := env("GIT_CONFIG_NOSYSTEM"); !ok || v == "" || v == "0" || strings.EqualFold(v, "false") {
		system, ok := env("GIT_CONFIG_SYSTEM")
		if !ok {
			system = "/etc/gitconfig"
		}
		s.readFile(system, env, 0)
	}
	if global, ok := env("GIT_CONFIG_GLOBAL"); ok {
		s.readFile(global, env, 0)
	} else if home, ok := env("HOME"); ok && home != "" {
		xdg, ok := env("XDG_CONFIG_HOME")
		if !ok || xdg == "" {
			xdg = filepath.Join(home, ".config")
		}
		s.readFile(filepath.Join(xdg, "git", "config"), env, 0)
		s.readFile(filepath.Join(home, ".gitconfig"), env, 0)
	}
	sort.SliceStable(s.instead, func(i, j int) bool { return len(s.instead[i].prefix) > len(s.instead[j].prefix) })
	return s
}

// readFile reads one file and what it includes; depth bounds a loop, at git's
// own limit.
func (s *GitSettings) readFile(file string, env Env, depth int) {
	const maxDepth = 10
	data, err := disk.ReadText(file)
	if err != nil {
		return
	}
	cfg := gitconfig.New()
	if err := gitconfig.NewDecoder(bytes.NewReader(data)).Decode(cfg); err != nil {
		return
	}
	if depth < maxDepth {
		for _, inc := range cfg.Section("include").OptionAll("path") {
			inc = expandHome(inc, env)
			if !filepath.IsAbs(inc) {
				inc = filepath.Join(filepath.Dir(file), inc)
			}
			s.readFile(inc, env, depth+1)
		}
	}
	for _, section := range cfg.Sections {
		for _, o := range section.Options {
			s.set(file, section.Name, "", o.Key, o.Value)
		}
		for _, sub := range section.Subsections {
			for _, o := range sub.Options {
				s.set(file, section.Name, sub.Name, o.Key, o.Value)
			}
		}
	}
}

// set takes one setting. Its value may be a secret.
func (s *GitSettings) set(where, section, sub, key, value string) {
	name := strings.ToLower(section + "." + key)
	unused, known := unusedGit[name]
	switch {
	case name == "url.insteadof" && value != "":
		s.instead = append(s.instead, insteadOf{prefix: value, base: sub})
	case known && value != "" && !(name == "http.sslverify" && value != "false" && value != "0"):
		unused.What, unused.url = where+": "+name, sub
		s.unused = append(s.unused, unused)
	}
}

// unusedGit are settings that git uses to reach a server.
var unusedGit = map[string]Unused{
	"core.sshcommand":  {SSH: true, Fails: ToAny, Instead: "vxlite speaks SSH itself, as ~/.ssh/config says"},
	"http.proxy":       {Fails: ToConnect, Instead: "set HTTPS_PROXY"},
	"http.extraheader": {Fails: ToLogIn, Instead: "name a credential in the config, or put one into ~/.netrc"},
	"http.cookiefile":  {Fails: ToLogIn, Instead: "name a credential in the config, or put one into ~/.netrc"},
	"http.sslcert":     {Fails: ToLogIn},
	"http.sslcainfo":   {Fails: ToTrust, Instead: "name the file in the config: [git] ca_file"},
	"http.sslcapath":   {Fails: ToTrust, Instead: "name a file in the config: [git] ca_file"},
	"http.sslverify":   {Fails: ToTrust, Instead: "name the authority in the config: [git] ca_file"},
}

// unusedVariables are the same in the environment.
var unusedVariables = []Unused{
	{What: "GIT_SSH_COMMAND", SSH: true, Fails: ToAny, Instead: "vxlite speaks SSH itself, as ~/.ssh/config says"},
	{What: "GIT_SSH", SSH: true, Fails: ToAny, Instead: "vxlite speaks SSH itself, as ~/.ssh/config says"},
	{What: "GIT_CONFIG_COUNT", SSH: true, Fails: ToAny, Instead: gitConfigInstead},
	{What: "GIT_CONFIG_COUNT", Fails: ToAny, Instead: gitConfigInstead},
	{What: "GIT_ASKPASS", Fails: ToLogIn, Instead: "name a credential in the config, or put one into ~/.netrc"},
	{What: "GIT_SSL_CAINFO", Fails: ToTrust, Instead: "name the file in the config: [git] ca_file"},
	{What: "GIT_SSL_NO_VERIFY", Fails: ToTrust, Instead: "name the authority in the config: [git] ca_file"},
	{What: "GIT_SSL_CERT", Fails: ToLogIn},
}

const gitConfigInstead = "put its settings into a file, and name that with GIT_CONFIG_GLOBAL"

// UnusedFor are the settings that git would use for a remote and this does not.
func (s GitSettings) UnusedFor(remote Remote, env Env) []Unused {
	var out []Unused
	for _, u := range unusedVariables {
		if v, ok := env(u.What); ok && v != "" {
			out = append(out, u)
		}
	}
	out = append(out, s.unused...)
	return slices.DeleteFunc(out, func(u Unused) bool {
		at, err := url.Parse(u.url) // a pattern's host may have a *
		return u.SSH != (remote.Scheme == "ssh") || u.url != "" && err == nil && !matchesPattern(strings.ToLower(at.Hostname()), strings.ToLower(remote.Host))
	})
}

// expandHome replaces a leading "~/".
func expandHome(p string, env Env) string {
	rest, ok := strings.CutPrefix(p, "~/")
	if !ok {
		return p
	}
	home, _ := env("HOME")
	return filepath.Join(home, rest)
}
