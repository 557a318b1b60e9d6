package giturl

import (
	"context"
	"iter"
	"net"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/vxlite/vxlite/internal/brief"
	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/event"
	"github.com/vxlite/vxlite/internal/run"
)

// Credential is a name and a password for basic authentication, or, with both
// empty, none.
type Credential struct {
	Username string
	Password config.Secret
	Origin   string // for messages
}

// Credentials finds what to authenticate with over HTTP.
type Credentials struct {
	Env  Env
	Git  config.Git
	Sink event.Sink

	mu    sync.Mutex
	inURL map[string]config.URLCredential // by Remote.String, of mirrors and insteadOf
}

// Learn remembers what a URL has in front of its host: wherever the URL is
// shown or kept it is without, and it comes back from there.
func (c *Credentials) Learn(r Remote) {
	if r.Scheme != "http" && r.Scheme != "https" || r.User == "" && r.Password == "" {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.inURL == nil {
		c.inURL = map[string]config.URLCredential{}
	}
	c.inURL[r.String()] = config.URLCredential{URL: r.String(), Username: r.User, Password: config.Secret(r.Password)}
}

// WithOwn gives a remote back the name and password that were learnt for it,
// or that the config has for the longest beginning of its URL.
func (c *Credentials) WithOwn(r Remote) Remote {
	if r.User != "" || r.Password != "" {
		return r
	}
	text := r.String()
	c.mu.Lock()
	own := c.inURL[text]
	c.mu.Unlock()
	if own.URL == "" {
		for _, u := range c.Git.InURLs {
			if len(u.URL) > len(own.URL) && prefixMatches(text, u.URL) {
				own = u
			}
		}
	}
	r.User, r.Password = own.Username, string(own.Password)
	return r
}

// named reports whether the config has a password for the name in r's URL.
func (c *Credentials) named(r Remote) bool {
	return slices.ContainsFunc(c.Git.Credentials, func(cc config.Credential) bool {
		return CredentialFits(cc.Host, r.Host, r.PortOrUsual()) && cc.Username == r.User && cc.Password != ""
	})
}

// Candidates yields in order: the URL's own, the config's, the forge's token,
// the netrc's, none at all, and what git's credential helper has, which is
// asked last since it is a program and may ask the user in turn.
func (c *Credentials) Candidates(ctx context.Context, r Remote) iter.Seq[Credential] {
	return func(yield func(Credential) bool) {
		for _, cred := range c.static(r) {
			if !yield(cred) {
				return
			}
		}
		if !yield(Credential{Origin: "no credentials"}) {
			return
		}
		if cred, ok := c.helper(ctx, r); ok {
			yield(cred)
		}
	}
}

// static are those that need no program.
func (c *Credentials) static(r Remote) []Credential {
	var out []Credential
	switch {
	case r.Password != "":
		out = append(out, Credential{r.User, config.Secret(r.Password), "the URL's password"})
	case r.User != "" && !c.named(r): // many forges take a token as the name
		out = append(out, Credential{r.User, "", "the URL's user"})
	}
	port := r.PortOrUsual()
	for _, cc := range c.Git.Credentials {
		if CredentialFits(cc.Host, r.Host, port) && cc.Password != "" {
			out = append(out, Credential{cc.Username, cc.Password, "git.credentials of the config"})
		}
	}
	for _, t := range c.Git.Tokens {
		if t.Token != "" && CredentialFits(t.Host, r.Host, port) {
			out = append(out, Credential{t.User, t.Token, t.Key + " of the config"})
		}
	}
	if cred, ok := Netrc(c.Env, r.Host, r.User); ok {
		out = append(out, cred)
	}
	return out
}

// Netrc is what the user's netrc has for a host, and a user where that is not empty.
func Netrc(env Env, host, user string) (Credential, bool) {
	file := netrcFile(env)
	if file == "" {
		return Credential{}, false
	}
	data, _ := disk.ReadText(file)
	login, password, ok := netrcLogin(string(data), host, user)
	return Credential{login, config.Secret(password), file}, ok
}

// netrcFile is where curl and the go command look too.
func netrcFile(env Env) string {
	if f, ok := env("NETRC"); ok && f != "" {
		return f
	}
	home, ok := env("HOME")
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
func (c *Credentials) helper(ctx context.Context, r Remote) (Credential, bool) {
	pathList, _ := c.Env("PATH")
	git := run.LookPath("git", pathList)
	if git == "" {
		return Credential{}, false
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
		if v, ok := c.Env(name); ok {
			env = append(env, name+"="+v)
		}
	}
	out := brief.Writer{Most: 64 << 10} // a token has some thousand bytes at most
	_, err := run.Run(ctx, c.Sink, run.Cmd{Path: git, Args: []string{"-c", "core.askPass=", "credential", "fill"}, Env: env,
		Stdin: strings.NewReader(in.String() + "\n"), Stdout: &out, Stderr: &brief.Writer{}, Timeout: helperTimeout, Why: "credentials for " + r.Host})
	if err != nil {
		return Credential{}, false
	}
	cred := Credential{Origin: "git's credential helper"}
	for line := range strings.Lines(out.String()) {
		k, v, _ := strings.Cut(strings.TrimRight(line, "\r\n"), "=")
		switch k {
		case "username":
			cred.Username = v
		case "password":
			cred.Password = config.Secret(v)
		}
	}
	return cred, cred.Password != ""
}

// CredentialFits matches a config's host, which may have a port.
func CredentialFits(pattern, host, port string) bool {
	h, p, err := net.SplitHostPort(pattern)
	if err != nil {
		return strings.EqualFold(pattern, host)
	}
	return strings.EqualFold(h, host) && p == port
}
