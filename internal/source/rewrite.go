package source

import (
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"

	gitconfig "github.com/go-git/go-git/v5/plumbing/format/config"

	"github.com/vxlite/vxlite/internal/config"
)

// rewriter turns a repository's URL into those it is cloned from: first by
// the config's mirrors, then by the user's own insteadOf.
type rewriter struct {
	mirrors []config.Mirror
	instead []insteadOf // longest prefix first
}

// newRewriter looks for URLs that have lost what stood in front of their host.
func newRewriter(o Options) rewriter {
	w := rewriter{instead: readInsteadOf(o.Env)}
	for _, m := range o.Mirrors {
		own, _ := config.SplitUser(m.From)
		m.From = own.URL
		w.mirrors = append(w.mirrors, m)
	}
	for i, in := range w.instead {
		own, _ := config.SplitUser(in.prefix)
		w.instead[i].prefix = own.URL
	}
	return w
}

// insteadOf is one url.BASE.insteadOf setting of git.
type insteadOf struct{ prefix, base string }

// candidates returns the URLs to try, in order, each of them once. The longest
// matching mirror prefix wins; where several are as long (a flag's and the
// config's), all count, one after the other.
func (w rewriter) candidates(repo string) []string {
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
		for _, in := range w.instead {
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

// readInsteadOf collects the insteadOf settings of git's system and user
// configuration, as git-config(1) names the files. A file that is missing or
// that cannot be read says nothing.
func readInsteadOf(env Env) []insteadOf {
	files := []string{"/etc/gitconfig"}
	if global, ok := env("GIT_CONFIG_GLOBAL"); ok {
		files = append(files, global)
	} else if home, ok := env("HOME"); ok && home != "" {
		xdg, ok := env("XDG_CONFIG_HOME")
		if !ok || xdg == "" {
			xdg = filepath.Join(home, ".config")
		}
		files = append(files, filepath.Join(xdg, "git", "config"), filepath.Join(home, ".gitconfig"))
	}
	var out []insteadOf
	for _, f := range files {
		out = append(out, insteadOfIn(f, env, 0)...)
	}
	sort.SliceStable(out, func(i, j int) bool { return len(out[i].prefix) > len(out[j].prefix) })
	return out
}

// insteadOfIn reads one file and what it includes; depth bounds a loop, at
// git's own limit.
func insteadOfIn(file string, env Env, depth int) []insteadOf {
	const maxDepth = 10
	f, err := os.Open(file)
	if err != nil {
		return nil
	}
	defer f.Close()
	cfg := gitconfig.New()
	if err := gitconfig.NewDecoder(f).Decode(cfg); err != nil {
		return nil
	}
	var out []insteadOf
	if depth < maxDepth {
		for _, inc := range cfg.Section("include").OptionAll("path") {
			inc = expandHome(inc, env)
			if !filepath.IsAbs(inc) {
				inc = filepath.Join(filepath.Dir(file), inc)
			}
			out = append(out, insteadOfIn(inc, env, depth+1)...)
		}
	}
	for _, sub := range cfg.Section("url").Subsections {
		for _, prefix := range sub.OptionAll("insteadOf") {
			if prefix != "" {
				out = append(out, insteadOf{prefix: prefix, base: sub.Name})
			}
		}
	}
	return out
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
