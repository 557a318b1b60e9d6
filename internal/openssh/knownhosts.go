package openssh

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"

	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/giturl"
)

// knownLine is a line of known_hosts: see SSH_KNOWN_HOSTS FILE FORMAT in sshd(8).
type knownLine struct {
	file   string
	number int
	marker string // @cert-authority, @revoked, or none
	hosts  string // patterns, or a hash
	key    ssh.PublicKey
	err    error // why it has no key
}

func (l knownLine) String() string { return fmt.Sprintf("%s:%d", l.file, l.number) }

const (
	markAuthority = "@cert-authority"
	markRevoked   = "@revoked"
)

// readKnownHosts reads the lines of known_hosts files; those that are missing
// have none.
func readKnownHosts(files []string) ([]knownLine, error) {
	var out []knownLine
	for _, file := range files {
		data, err := disk.ReadText(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		n := 0
		for text := range strings.Lines(string(data)) {
			n++
			fields := strings.Fields(text)
			if len(fields) > 0 && !strings.HasPrefix(fields[0], "#") {
				line := parseKnownLine(fields)
				line.file, line.number = file, n
				out = append(out, line)
			}
		}
	}
	return out, nil
}

// parseKnownLine reads one line. The rest of it is a comment.
func parseKnownLine(fields []string) (l knownLine) {
	if strings.HasPrefix(fields[0], "@") {
		l.marker, fields = fields[0], fields[1:]
		if l.marker != markAuthority && l.marker != markRevoked {
			l.err = fmt.Errorf("unknown marker %s", l.marker)
			return l
		}
	}
	if len(fields) > 0 {
		l.hosts = fields[0]
	}
	if len(fields) < 3 {
		l.err = errors.New("want hosts, a key's type and a key")
		return l
	}
	blob, err := base64.StdEncoding.DecodeString(fields[2])
	if err == nil {
		l.key, err = ssh.ParsePublicKey(blob)
	}
	if err == nil && l.key.Type() != fields[1] {
		err = fmt.Errorf("a key of type %s", l.key.Type())
	}
	if err != nil {
		l.key, l.err = nil, fmt.Errorf("no %s key: %w", fields[1], err)
	}
	return l
}

// names reports whether the line is for a host, HOST or [HOST]:PORT.
func (l knownLine) names(host string) bool {
	if rest, hashed := strings.CutPrefix(l.hosts, "|1|"); hashed {
		salt, hash, _ := strings.Cut(rest, "|")
		key, err := base64.StdEncoding.DecodeString(salt)
		if err != nil {
			return false
		}
		mac := hmac.New(sha1.New, key)
		mac.Write([]byte(host))
		return base64.StdEncoding.EncodeToString(mac.Sum(nil)) == hash
	}
	return giturl.MatchesList(strings.Split(strings.ToLower(l.hosts), ","), strings.ToLower(host))
}

// knownHostsFiles are those of ssh_config, or where OpenSSH looks without.
func knownHostsFiles(h Host, home string) []string {
	own, global := h.knownHosts, h.globalKnownHosts
	if own == nil && home != "" {
		own = []string{filepath.Join(home, ".ssh", "known_hosts"), filepath.Join(home, ".ssh", "known_hosts2")}
	}
	if global == nil {
		global = []string{"/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2"}
	}
	return slices.Concat(own, global)
}
