package openssh

import (
	"cmp"
	"net"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/giturl"
)

// NamedBy says where the user could have been named.
func (h Host) NamedBy() string {
	if h.Hop {
		return "ProxyJump"
	}
	return "the URL"
}

// NameUser says how to name the user: that of most git servers is git.
func (h Host) NameUser() []string {
	host := h.Alias
	if h.Port != "22" {
		host = net.JoinHostPort(h.Alias, h.Port)
	}
	if h.Hop {
		return []string{"name the user in ssh_config: ProxyJump USER@" + host}
	}
	return []string{config.Line("if the server's user is git, the URL has to name it", config.Setting{Key: "url", Value: "ssh://git@" + host + "/PATH"})}
}

// Host is where and as whom to connect.
type Host struct {
	Alias          string // the host as the URL has it
	Name           string
	Port           string
	User           string
	AsLocal        bool       // nobody named the user, who is the local one
	Hop            bool       // a ProxyJump names the host, and not a URL
	Jump           string     // the nearest ProxyJump, with those before it after a comma
	Proxy          ConfigLine // ProxyCommand; without a name for none
	keyAlias       string
	Identities     []string // files; nil for the usual ones
	Agent          string   // socket; empty for the environment's, "none" for none
	IdentitiesOnly bool     // IdentitiesOnly
	// knownHosts and globalKnownHosts are files; nil for the usual ones.
	knownHosts, globalKnownHosts []string
	Unused                       []giturl.Unused
}

// String names the host as in an ssh command line.
func (h Host) String() string {
	s := h.User + "@" + h.Alias
	if h.Port != "22" {
		s += ":" + h.Port
	}
	return s
}

// HasProxy reports whether ProxyCommand makes the connection.
func (h Host) HasProxy() bool { return h.Proxy.name != "" }

// Addr is HOST:PORT, to connect to.
func (h Host) Addr() string { return net.JoinHostPort(h.Name, h.Port) }

// Key tells connections apart that cannot be shared.
func (h Host) Key() string { return h.User + "@" + h.Alias + ":" + h.Port + " " + h.Jump }

// keyName is what known_hosts has the host under: an alias as it is, else HOST
// for the usual port and [HOST]:PORT for others.
func (h Host) keyName() string {
	if h.keyAlias == "" && h.Port != "22" {
		return "[" + h.Name + "]:" + h.Port
	}
	return h.principal()
}

// principal is what a certificate has the host under: never with a port of ours.
func (h Host) principal() string { return cmp.Or(h.keyAlias, h.Name) }
