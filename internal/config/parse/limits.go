package parse

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2/unstable"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/config/tree"
)

// decodeLimits reads [limits].
func (d *draft) decodeLimits(t *tree.Node) {
	for _, k := range config.LimitKeys {
		*k.Of(&d.Limits) = d.limit(t, k)
	}
}

// limit reads a key of [limits]: a number or, of bytes, a size.
func (d *draft) limit(t *tree.Node, k config.LimitKey) int64 {
	n := t.Get(k.Key)
	if n == nil || n.Broken {
		return 0
	}
	want := "a number, such as 100000"
	if k.Size {
		want = `a size, such as "100MiB"`
	}
	if n.Kind != unstable.Integer && (n.Kind != unstable.String || !k.Size) {
		d.Errorf(n.Pos, "%s is %s, want %s", n.Path(), tree.Article(n.Kind), want)
		return 0
	}
	v, err := config.ParseSize(strings.ReplaceAll(n.Text, "_", ""))
	switch {
	case err != nil:
		d.Errorf(n.Pos, "%s is %q, want %s", n.Path(), n.Text, want)
		return 0
	case v <= 0:
		d.Errorf(n.Pos, "%s is %q, want more than 0", n.Path(), n.Text)
		return 0
	case k.Most > 0 && v > k.Most:
		d.Errorf(n.Pos, "%s is %q, want at most %s", n.Path(), n.Text, k.Format(k.Most))
		return 0
	}
	return v
}

// decodePatience reads the keys of [git] that say how long a server is waited
// for, and how often it is asked again.
func (d *draft) decodePatience(t *tree.Node) {
	d.Git.Patience = config.DefaultPatience()
	p := &d.Git.Patience
	p.Timeout = d.duration(t, "timeout", p.Timeout)
	p.ConnectTimeout = d.duration(t, "connect_timeout", p.ConnectTimeout)
	p.TotalTimeout = d.duration(t, "total_timeout", p.TotalTimeout)
	p.MinRate = cmp.Or(d.limit(t, config.LimitKey{Key: "min_rate", Size: true}), p.MinRate)
	if n := t.Get("retries"); n != nil && n.Kind == unstable.Integer {
		p.Retries, _ = strconv.Atoi(n.Text) // in its bounds, or reported
	}
}

// duration reads a length of time.
func (d *draft) duration(t *tree.Node, key string, def time.Duration) time.Duration {
	n := t.Get(key)
	if n == nil || n.Kind != unstable.String || n.Broken {
		return def
	}
	v, err := time.ParseDuration(n.Text)
	if err != nil || v <= 0 {
		d.Errorf(n.Pos, "%s is %q, want a time such as \"30s\" or \"2m\"", n.Path(), n.Text)
		return def
	}
	return v
}
