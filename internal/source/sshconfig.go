package source

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"

	sshconfig "github.com/kevinburke/ssh_config"
)

// sshConfig is the user's and the system's ssh_config, of which the keywords
// Host, HostName, User, Port, IdentityFile, IdentitiesOnly, ProxyJump,
// HostKeyAlias, UserKnownHostsFile and IdentityAgent count.
type sshConfig struct {
	parts []sshPart // the user's first, as in ssh: the first value wins
	home  string
}

// sshPart is a stretch of a file without an Include in it.
type sshPart struct {
	*sshconfig.Config
	// inside are the Host blocks that the file's own Include stands in: it
	// counts for the hosts that all of them match.
	inside []*sshconfig.Host
}

func (p sshPart) matches(alias string) bool {
	for _, h := range p.inside {
		if !h.Matches(alias) {
			return false
		}
	}
	return true
}

func readSSHConfig(env Env) sshConfig {
	home, _ := env("HOME")
	c := sshConfig{home: home}
	if home != "" {
		c.read(filepath.Join(home, ".ssh", "config"), filepath.Join(home, ".ssh"), nil, 0)
	}
	c.read("/etc/ssh/ssh_config", "/etc/ssh", nil, 0)
	return c
}

// read adds a file. The library would follow Include by itself, from the home
// directory of whoever runs the process.
func (c *sshConfig) read(file, dir string, inside []*sshconfig.Host, depth int) {
	const deepest = 16 // as in ssh
	data, err := os.ReadFile(file)
	if err != nil || depth > deepest {
		return
	}
	var host, text []byte // the Host line that counts, and the lines since the last Include
	flush := func() (last *sshconfig.Host) {
		cfg, err := sshconfig.Decode(bytes.NewReader(slices.Concat(host, text)))
		if err != nil {
			return nil
		}
		c.parts = append(c.parts, sshPart{cfg, inside})
		return cfg.Hosts[len(cfg.Hosts)-1]
	}
	var current []byte // the last Host line
	// The library refuses a whole file for a Match block; ssh itself applies what
	// stands before it whatever Match says.
	for line := range bytes.Lines(beforeMatch(data)) {
		keyword, args := sshKeyword(line)
		switch keyword {
		case "include":
			block := flush()
			host, text = current, nil
			if block == nil {
				continue
			}
			for _, pattern := range args {
				c.include(pattern, dir, append(slices.Clip(inside), block), depth)
			}
			continue
		case "host":
			current = append(bytes.TrimRight(bytes.Clone(line), "\r\n"), '\n')
		}
		text = append(text, line...)
	}
	flush()
}

// include reads the files that an argument of Include means.
func (c *sshConfig) include(pattern, dir string, inside []*sshconfig.Host, depth int) {
	if rest, ok := strings.CutPrefix(pattern, "~/"); ok {
		pattern = filepath.Join(c.home, rest)
	}
	if !filepath.IsAbs(pattern) {
		pattern = filepath.Join(dir, pattern)
	}
	files, err := filepath.Glob(pattern) // sorted, as ssh has them
	if err != nil {
		return
	}
	for _, f := range files {
		c.read(f, dir, inside, depth+1)
	}
}

// sshKeyword splits a line into its keyword, in small letters, and its words.
func sshKeyword(line []byte) (keyword string, args []string) {
	text := strings.TrimSpace(string(line))
	end := strings.IndexAny(text, " \t=\"")
	if end < 0 {
		return strings.ToLower(text), nil
	}
	keyword = strings.ToLower(text[:end])
	rest := strings.TrimLeft(strings.TrimPrefix(strings.TrimLeft(text[end:], " \t"), "="), " \t")
	for rest != "" && rest[0] != '#' {
		var word string
		if rest[0] == '"' {
			word, rest, _ = strings.Cut(rest[1:], `"`)
		} else if end := strings.IndexAny(rest, " \t"); end >= 0 {
			word, rest = rest[:end], rest[end:]
		} else {
			word, rest = rest, ""
		}
		args = append(args, word)
		rest = strings.TrimLeft(rest, " \t")
	}
	return keyword, args
}

// beforeMatch cuts a config at its first Match line.
func beforeMatch(data []byte) []byte {
	var out []byte
	for line := range bytes.Lines(data) {
		fields := bytes.Fields(line)
		if len(fields) > 0 && bytes.EqualFold(fields[0], []byte("match")) {
			break
		}
		out = append(out, line...)
	}
	return out
}

// get returns the first value of a keyword for a host as typed.
func (c sshConfig) get(alias, keyword string) string {
	for _, p := range c.parts {
		if !p.matches(alias) {
			continue
		}
		if v, err := p.Get(alias, keyword); err == nil && v != "" {
			return v
		}
	}
	return ""
}

func (c sshConfig) all(alias, keyword string) []string {
	var out []string
	for _, p := range c.parts {
		if !p.matches(alias) {
			continue
		}
		if vs, err := p.GetAll(alias, keyword); err == nil {
			out = append(out, vs...)
		}
	}
	return out
}

// sshHost is where and as whom to connect.
type sshHost struct {
	alias      string // the host as the URL has it
	name       string
	port       string
	user       string
	jump       string // the nearest ProxyJump, with those before it after a comma
	keyAlias   string
	identities []string // files
	agent      string   // socket; empty for the environment's, "none" for none
	only       bool     // IdentitiesOnly
	// knownHosts and globalKnownHosts are files; nil for the usual ones.
	knownHosts, globalKnownHosts []string
}

// String names the host as in an ssh command line.
func (h sshHost) String() string {
	s := h.user + "@" + h.alias
	if h.port != "22" {
		s += ":" + h.port
	}
	return s
}

func (h sshHost) addr() string { return net.JoinHostPort(h.name, h.port) }

func (h sshHost) key() string { return h.user + "@" + h.alias + ":" + h.port + " " + h.jump }

// keyName is what known_hosts has the host under: HOST:PORT.
func (h sshHost) keyName() string {
	if h.keyAlias != "" {
		return net.JoinHostPort(h.keyAlias, "22")
	}
	return h.addr()
}

// resolve applies ssh_config to a remote, whose own user and port win.
func (c sshConfig) resolve(r Remote, env Env) sshHost {
	h := sshHost{alias: r.Host, name: r.Host, port: r.Port, user: r.User}
	if v := c.get(r.Host, "HostName"); v != "" {
		h.name = strings.ReplaceAll(v, "%h", r.Host)
	}
	if h.port == "" {
		h.port = c.get(r.Host, "Port")
	}
	if h.port == "" {
		h.port = "22"
	}
	if h.user == "" {
		h.user = c.get(r.Host, "User")
	}
	if h.user == "" {
		h.user, _ = env("USER")
	}
	if h.user == "" {
		h.user = "git"
	}
	if v := c.get(r.Host, "ProxyJump"); v != "none" {
		h.jump = v
	}
	h.keyAlias = c.get(r.Host, "HostKeyAlias")
	for _, f := range c.all(r.Host, "IdentityFile") {
		h.identities = append(h.identities, c.path(f, h))
	}
	h.agent = c.get(r.Host, "IdentityAgent")
	h.only = strings.EqualFold(c.get(r.Host, "IdentitiesOnly"), "yes")
	for _, f := range strings.Fields(c.get(r.Host, "UserKnownHostsFile")) {
		h.knownHosts = append(h.knownHosts, c.path(f, h))
	}
	return h
}

// path expands the tokens of a file name that ssh_config(5) allows.
func (c sshConfig) path(p string, h sshHost) string {
	p = strings.Trim(p, `"`)
	if rest, ok := strings.CutPrefix(p, "~/"); ok {
		p = filepath.Join(c.home, rest)
	}
	return strings.NewReplacer("%d", c.home, "%h", h.name, "%r", h.user, "%n", h.alias, "%p", h.port, "%%", "%").Replace(p)
}

// parseJump reads the last of a ProxyJump's hosts. Those before it are that
// host's own jumps; where there are some, ssh_config's for it do not count.
func parseJump(list string) (host Remote, before string, err error) {
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
