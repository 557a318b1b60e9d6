package gitconn

import (
	"context"
	"iter"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/event"
	"github.com/vxlite/vxlite/internal/run"
)

// credential is a name and a password for basic authentication, or, with both
// empty, none.
type credential struct {
	username string
	password config.Secret
	origin   string // for messages
}

// credentials finds what to authenticate with over HTTP.
type credentials struct {
	env  Env
	git  config.Git
	sink event.Sink

	mu    sync.Mutex
	inURL map[string]config.URLCredential // by Remote.String, of mirrors and insteadOf
}

// learn remembers what a URL has in front of its host: wherever the URL is
// shown or kept it is without, and it comes back from there.
func (c *credentials) learn(r Remote) {
	if r.Scheme != "http" && r.Scheme != "https" || r.User == "" && r.password == "" {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.inURL == nil {
		c.inURL = map[string]config.URLCredential{}
	}
	c.inURL[r.String()] = config.URLCredential{URL: r.String(), Username: r.User, Password: config.Secret(r.password)}
}

// withOwn gives a remote back the name and password that were learnt for it,
// or that the config has for the longest beginning of its URL.
func (c *credentials) withOwn(r Remote) Remote {
	if r.User != "" || r.password != "" {
		return r
	}
	text := r.String()
	c.mu.Lock()
	own := c.inURL[text]
	c.mu.Unlock()
	if own.URL == "" {
		for _, u := range c.git.InURLs {
			if len(u.URL) > len(own.URL) && prefixMatches(text, u.URL) {
				own = u
			}
		}
	}
	r.User, r.password = own.Username, string(own.Password)
	return r
}

// named reports whether the config has a password for the name in r's URL.
func (c *credentials) named(r Remote) bool {
	return slices.ContainsFunc(c.git.Credentials, func(cc config.Credential) bool {
		return credentialFits(cc.Host, r.Host, r.port()) && cc.Username == r.User && cc.Password != ""
	})
}

// candidates yields in order: the URL's own, the config's, the forge's token,
// the netrc's, none at all, and what git's credential helper has, which is
// asked last since it is a program and may ask the user in turn.
func (c *credentials) candidates(ctx context.Context, r Remote) iter.Seq[credential] {
	return func(yield func(credential) bool) {
		for _, cred := range c.static(r) {
			if !yield(cred) {
				return
			}
		}
		if !yield(credential{origin: "no credentials"}) {
			return
		}
		if cred, ok := c.helper(ctx, r); ok {
			yield(cred)
		}
	}
}

// static are those that need no program.
func (c *credentials) static(r Remote) []credential {
	var out []credential
	switch {
	case r.password != "":
		out = append(out, credential{r.User, config.Secret(r.password), "the URL's password"})
	case r.User != "" && !c.named(r): // many forges take a token as the name
		out = append(out, credential{r.User, "", "the URL's user"})
	}
	port := r.port()
	for _, cc := range c.git.Credentials {
		if credentialFits(cc.Host, r.Host, port) && cc.Password != "" {
			out = append(out, credential{cc.Username, cc.Password, "git.credentials of the config"})
		}
	}
	for _, t := range c.git.Tokens {
		if t.Token != "" && credentialFits(t.Host, r.Host, port) {
			out = append(out, credential{t.User, t.Token, t.Key + " of the config"})
		}
	}
	if file := c.netrcFile(); file != "" {
		data, _ := disk.ReadText(file)
		if login, password, ok := netrcLogin(string(data), r.Host, r.User); ok {
			out = append(out, credential{login, config.Secret(password), file})
		}
	}
	return out
}

// netrcFile is where curl and the go command look too.
func (c *credentials) netrcFile() string {
	if f, ok := c.env("NETRC"); ok && f != "" {
		return f
	}
	home, ok := c.env("HOME")
	if !ok || home == "" {
		return ""
	}
	names := []string{".netrc"}
	if runtime.GOOS == "windows" {
		names = []string{"_netrc", ".netrc"} // the go command's, and curl's
	}
	for _, name := range names {
		if f := filepath.Join(home, name); disk.Exists(f) {
			return f
		}
	}
	return ""
}

// helperTimeout is how long a credential helper may take. One that has its user
// log in with a browser takes a minute.
const helperTimeout = 5 * time.Minute

// helper asks git's credential helpers, where git is installed. It must not
// prompt: nobody may be there.
func (c *credentials) helper(ctx context.Context, r Remote) (credential, bool) {
	pathList, _ := c.env("PATH")
	git := run.LookPath("git", pathList)
	if git == "" {
		return credential{}, false
	}
	var in strings.Builder
	in.WriteString("protocol=" + r.Scheme + "\nhost=" + r.Host)
	if r.Port != "" {
		in.WriteString(":" + r.Port)
	}
	in.WriteString("\npath=" + strings.TrimPrefix(r.Path, "/") + "\n")
	if r.User != "" {
		in.WriteString("username=" + r.User + "\n")
	}
	env := []string{"GIT_TERMINAL_PROMPT=0", "GIT_ASKPASS=", "SSH_ASKPASS="}
	for _, name := range []string{"PATH", "HOME", "USER", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR", "GIT_CONFIG_GLOBAL", "DBUS_SESSION_BUS_ADDRESS", "USERPROFILE", "APPDATA", "SYSTEMROOT"} {
		if v, ok := c.env(name); ok {
			env = append(env, name+"="+v)
		}
	}
	out := lines{most: 64 << 10} // a token has some thousand bytes at most
	_, err := run.Run(ctx, c.sink, run.Cmd{Path: git, Args: []string{"-c", "core.askPass=", "credential", "fill"}, Env: env,
		Stdin: strings.NewReader(in.String() + "\n"), Stdout: &out, Stderr: &lines{}, Timeout: helperTimeout, Why: "credentials for " + r.Host})
	if err != nil {
		return credential{}, false
	}
	cred := credential{origin: "git's credential helper"}
	for line := range strings.Lines(string(out.buf)) {
		k, v, _ := strings.Cut(strings.TrimRight(line, "\r\n"), "=")
		switch k {
		case "username":
			cred.username = v
		case "password":
			cred.password = config.Secret(v)
		}
	}
	return cred, cred.password != ""
}
