// Package openssh reads what a user's OpenSSH is set up with, as OpenSSH reads it:
// ssh_config and known_hosts. Begin at [ReadConfig], whose Resolve says where and as
// whom to connect, and at [ReadHostKeys].
package openssh

import (
	"cmp"
	"fmt"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/giturl"
)

// Config is the user's and the system's ssh_config, of which the keywords
// of sshKeywords count. It is read once, and gone through for each host as
// ssh_config(5) says: the first value of a keyword wins.
type Config struct {
	files [][]ConfigLine // the user's first
	env   giturl.Env
	home  string
	local string // who runs this; empty for one who has no name
}

// sshKeywords are those that count, by their names in small letters.
var sshKeywords = []string{"host", "match", "include", "hostname", "user", "port", "identityfile", "identitiesonly", "identityagent",
	"proxyjump", "proxycommand", "hostkeyalias", "userknownhostsfile", "globalknownhostsfile"}

// unusedKeywords are some that do not count and without which a connection may
// fail, each with what fails then.
var unusedKeywords = map[string]giturl.Failing{
	"addressfamily": giturl.ToConnect, "bindaddress": giturl.ToConnect, "bindinterface": giturl.ToConnect, "canonicalizehostname": giturl.ToConnect, "proxyusefdpass": giturl.ToConnect,
	"certificatefile": giturl.ToLogIn, "hostbasedauthentication": giturl.ToLogIn, "kbdinteractiveauthentication": giturl.ToLogIn,
	"pkcs11provider": giturl.ToLogIn, "pubkeyacceptedalgorithms": giturl.ToLogIn, "pubkeyacceptedkeytypes": giturl.ToLogIn, "securitykeyprovider": giturl.ToLogIn,
	"ciphers": giturl.ToAgree, "kexalgorithms": giturl.ToAgree, "macs": giturl.ToAgree,
	"casignaturealgorithms": giturl.ToTrust, "hostkeyalgorithms": giturl.ToTrust, "knownhostscommand": giturl.ToTrust, "nohostauthenticationforlocalhost": giturl.ToTrust,
	"revokedhostkeys": giturl.ToTrust, "stricthostkeychecking": giturl.ToTrust, "verifyhostkeydns": giturl.ToTrust,
}

// ConfigLine is a line of a file, or what an Include in it brings.
type ConfigLine struct {
	file     string
	number   int
	keyword  string // in small letters
	name     string // as written
	args     []string
	rest     string // the arguments as written
	included [][]ConfigLine
}

// String is the place and the keyword.
func (l ConfigLine) String() string { return fmt.Sprintf("%s:%d: %s", l.file, l.number, l.name) }

// ReadConfig reads the user's and the system's file.
func ReadConfig(env giturl.Env) Config {
	home, _ := env("HOME")
	c := Config{env: env, home: home, local: localUser(user.Current, env)}
	if home != "" {
		c.files = append(c.files, c.read(filepath.Join(home, ".ssh", "config"), filepath.Join(home, ".ssh"), 0))
	}
	c.files = append(c.files, c.read("/etc/ssh/ssh_config", "/etc/ssh", 0))
	return c
}

// read reads a file, and those that it includes.
func (c Config) read(file, dir string, depth int) []ConfigLine {
	const deepest = 16 // as in ssh
	data, err := disk.ReadText(file)
	if err != nil || depth > deepest {
		return nil
	}
	var lines []ConfigLine
	n := 0
	for text := range strings.Lines(string(data)) {
		n++
		l := parseSSHLine(text)
		l.file, l.number = file, n
		if l.keyword == "include" {
			for _, pattern := range l.args {
				l.included = append(l.included, c.include(pattern, dir, depth)...)
			}
		}
		if l.keyword != "" {
			lines = append(lines, l)
		}
	}
	return lines
}

// include reads the files that an argument of Include means.
func (c Config) include(pattern, dir string, depth int) (all [][]ConfigLine) {
	pattern = c.tilde(pattern)
	if !filepath.IsAbs(pattern) {
		pattern = filepath.Join(dir, pattern)
	}
	files, err := filepath.Glob(pattern) // sorted, as ssh has them
	if err != nil {
		return nil
	}
	for _, f := range files {
		all = append(all, c.read(f, dir, depth+1))
	}
	return all
}

// parseSSHLine splits a line into its keyword and its arguments. A comment has
// no keyword.
func parseSSHLine(text string) (l ConfigLine) {
	text = strings.TrimSpace(text)
	if text == "" || text[0] == '#' {
		return l
	}
	end := strings.IndexAny(text, " \t=\"")
	if end < 0 {
		end = len(text)
	}
	l.name, l.keyword = text[:end], strings.ToLower(text[:end])
	l.rest = strings.TrimLeft(strings.TrimPrefix(strings.TrimLeft(text[end:], " \t"), "="), " \t")
	l.args = splitArgs(l.rest)
	return l
}

// splitArgs splits as OpenSSH does: at blanks, but for those in quotes or
// behind a backslash, and up to a comment.
func splitArgs(s string) (args []string) {
	for s = strings.TrimLeft(s, " \t"); s != "" && s[0] != '#'; s = strings.TrimLeft(s, " \t") {
		var arg strings.Builder
		quote := byte(0)
		i := 0
		for ; i < len(s) && (quote != 0 || s[i] != ' ' && s[i] != '\t'); i++ {
			switch c := s[i]; {
			case c == '\\' && i+1 < len(s) && (strings.IndexByte(`'"\`, s[i+1]) >= 0 || quote == 0 && s[i+1] == ' '):
				i++
				arg.WriteByte(s[i])
			case quote == 0 && (c == '"' || c == '\''):
				quote = c
			case c == quote:
				quote = 0
			default:
				arg.WriteByte(c)
			}
		}
		args, s = append(args, arg.String()), s[i:]
	}
	return args
}

// sshPass is one time through the files for a host.
type sshPass struct {
	alias string // as the URL has it
	local string // who runs this
	final bool   // the second time, which "Match final" asks for
	again bool   // whether it did
	// values are the first of each keyword; those that the URL has win.
	values     map[string]ConfigLine
	identities []string
	unused     []giturl.Unused
}

func (p *sshPass) value(keyword string) string {
	if args := p.values[keyword].args; len(args) > 0 {
		return args[0]
	}
	return ""
}

// apply goes through one file's lines. An included file begins as the line that
// includes it stands, and ends without a word on what comes after it.
func (p *sshPass) apply(lines []ConfigLine, reached bool) {
	active := reached
	for _, l := range lines {
		switch {
		case l.keyword == "host":
			active = reached && giturl.MatchesList(l.args, p.host())
		case l.keyword == "match":
			active = reached && p.matches(l)
		case !active:
		case l.keyword == "include":
			for _, file := range l.included {
				p.apply(file, true)
			}
		case len(l.args) == 0:
		default:
			p.set(l)
		}
	}
}

func (p *sshPass) set(l ConfigLine) {
	fails, unused := unusedKeywords[l.keyword]
	switch {
	case unused:
		harmless := slices.Contains([]string{"no", "none", "any", "ask"}, strings.ToLower(l.args[0])) || l.keyword == "stricthostkeychecking" && isYes(l.args[0])
		if !harmless {
			p.unuse(l.String(), fails)
		}
	case l.keyword == "identityfile":
		if !slices.Contains(p.identities, l.args[0]) {
			p.identities = append(p.identities, l.args[0])
		}
	case l.keyword == "proxyjump" || l.keyword == "proxycommand": // the first of the two
		if len(p.values["proxyjump"].args)+len(p.values["proxycommand"].args) == 0 {
			p.values[l.keyword] = l
		}
	case slices.Contains(sshKeywords, l.keyword) && p.values[l.keyword].args == nil:
		p.values[l.keyword] = l
	}
}

func (p *sshPass) unuse(what string, fails giturl.Failing) {
	if u := (giturl.Unused{What: what, Fails: fails, SSH: true}); !slices.Contains(p.unused, u) {
		p.unused = append(p.unused, u)
	}
}

// host is what Host compares with.
func (p *sshPass) host() string {
	if p.final {
		return p.hostName()
	}
	return p.alias
}

func (p *sshPass) hostName() string {
	name := cmp.Or(p.value("hostname"), p.alias)
	return strings.ToLower(strings.NewReplacer("%h", p.alias, "%%", "%").Replace(name))
}

func (p *sshPass) user() string { return cmp.Or(p.value("user"), p.local) }

// matches decides whether a Match line is for the host. What would have to run
// a program does not match.
func (p *sshPass) matches(l ConfigLine) bool {
	matched := true
	for args := l.args; len(args) > 0; {
		criterion, negated := strings.CutPrefix(args[0], "!")
		criterion, value, given := strings.Cut(criterion, "=")
		args = args[1:]
		takes := func(names ...string) bool {
			if !given && len(args) > 0 {
				value, args = args[0], args[1:]
			}
			patterns := strings.Split(value, ",")
			return slices.ContainsFunc(names, func(name string) bool { return giturl.MatchesList(patterns, name) })
		}
		takesHost := func(name string) bool { // in any case
			if !given && len(args) > 0 {
				value, args, given = args[0], args[1:], true
			}
			value = strings.ToLower(value)
			return takes(strings.ToLower(name))
		}
		var ok bool
		switch strings.ToLower(criterion) {
		case "all":
			ok = true
		case "canonical":
			ok = p.final
		case "final":
			ok, p.again = p.final, true
		case "host":
			ok = takesHost(p.hostName())
		case "originalhost":
			ok = takesHost(p.alias)
		case "user":
			ok = takes(p.user())
		case "localuser":
			ok = takes(p.local)
		default:
			if matched {
				p.unuse(fmt.Sprintf("%s:%d: Match %s", l.file, l.number, criterion), giturl.ToAny)
			}
			return false
		}
		matched = matched && ok != negated
	}
	return matched
}

// Resolve applies ssh_config to a remote, whose own user and port win.
func (c Config) Resolve(r giturl.Remote) Host {
	p := &sshPass{alias: r.Host, local: c.local, values: map[string]ConfigLine{}}
	for keyword, own := range map[string]string{"user": r.User, "port": r.Port} {
		if own != "" {
			p.values[keyword] = ConfigLine{args: []string{own}}
		}
	}
	for pass := 0; pass == 0 || pass == 1 && p.again; pass++ {
		p.final = pass == 1
		for _, lines := range c.files {
			p.apply(lines, true)
		}
	}
	h := Host{Alias: r.Host, Name: p.hostName(), Port: cmp.Or(p.value("port"), "22"), keyAlias: strings.ToLower(p.value("hostkeyalias")),
		IdentitiesOnly: isYes(p.value("identitiesonly")), Unused: p.unused}
	h.User, h.AsLocal = p.user(), p.value("user") == ""
	if v := p.value("proxyjump"); v != "none" {
		h.Jump = v
	}
	if v := p.values["proxycommand"]; len(v.args) > 0 && v.args[0] != "none" {
		h.Proxy = v
	}
	h.Agent = c.expand(p.value("identityagent"), h)
	h.Identities = c.expandAll(p.identities, h)
	h.knownHosts = c.expandAll(p.values["userknownhostsfile"].args, h)
	h.globalKnownHosts = c.expandAll(p.values["globalknownhostsfile"].args, h)
	return h
}

func isYes(s string) bool { return strings.EqualFold(s, "yes") || strings.EqualFold(s, "true") }

// localUser is who runs this: whom the system knows by the number, as in ssh, or
// else, since in a container it may know nobody, whom the environment names.
func localUser(current func() (*user.User, error), env giturl.Env) string {
	name, _ := env("USER")
	if u, err := current(); err == nil && u.Username != "" {
		name = u.Username
	}
	return name[strings.LastIndexByte(name, '\\')+1:] // without Windows' domain
}

// expandAll expands file names. It is empty, and not nil, for "none".
func (c Config) expandAll(names []string, h Host) []string {
	if names == nil {
		return nil
	}
	out := []string{}
	for _, name := range names {
		if name != "none" {
			out = append(out, c.expand(name, h))
		}
	}
	return out
}

// expand expands a leading "~/", variables, and the tokens of a file name that
// ssh_config(5) allows.
func (c Config) expand(p string, h Host) string {
	host, _ := os.Hostname()
	short, _, _ := strings.Cut(host, ".")
	p = strings.NewReplacer("%%", "%", "%d", c.home, "%h", h.Name, "%i", strconv.Itoa(os.Getuid()), "%j", h.Jump,
		"%k", cmp.Or(h.keyAlias, h.Alias), "%L", short, "%l", host, "%n", h.Alias, "%p", h.Port, "%r", h.User, "%u", c.local).Replace(c.tilde(p))
	return os.Expand(p, func(name string) string {
		v, ok := c.env(name)
		if !ok {
			return "${" + name + "}"
		}
		return v
	})
}

func (c Config) tilde(p string) string {
	if rest, ok := strings.CutPrefix(p, "~/"); ok {
		return filepath.Join(c.home, rest)
	}
	return p
}

// ParseJump reads the last of a ProxyJump's hosts. Those before it are that
// host's own jumps; where there are some, ssh_config's for it do not count.
func ParseJump(list string) (host giturl.Remote, before string, err error) {
	last := list
	if i := strings.LastIndexByte(list, ','); i >= 0 {
		before, last = list[:i], list[i+1:]
	}
	name := strings.TrimPrefix(strings.TrimSpace(last), "ssh://")
	host.Scheme = "ssh"
	if at := strings.LastIndexByte(name, '@'); at >= 0 {
		host.User, name = name[:at], name[at+1:]
	}
	host.Host = name
	if h, port, err := net.SplitHostPort(name); err == nil {
		host.Host, host.Port = h, port
	}
	if host.Host == "" || strings.HasPrefix(host.Host, "-") {
		return host, "", fmt.Errorf("ProxyJump %q has no host", list)
	}
	return host, before, nil
}
