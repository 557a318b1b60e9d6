package config

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2/unstable"
	"golang.org/x/mod/zip"
)

// Limits bounds what is taken from servers and repositories, which belong to
// others. A repository that is meant to be larger needs a line of config. The
// zero value of a field means its default.
type Limits struct {
	// Refs is how many bytes a server may take to name its refs.
	Refs int64
	// Answer is how many bytes a server may send before a pack, and how many
	// beside it more than the pack has: lines, progress, empty packets.
	Answer int64
	// Pack is how many bytes of a pack are received.
	Pack int64
	// Objects is how many objects a pack may have, Object how many bytes one of
	// them, and Unpacked how many bytes all of them together, which says how
	// much work and memory a pack costs.
	Objects, Object, Unpacked int64
	// Files is how many files and folders a commit may have, and Depth how
	// many folders may lie in each other.
	Files, Depth int64
	// Module is how many bytes the files of a module may have, and GoMod its
	// go.mod alone. Neither is above what Go allows: see
	// golang.org/x/mod/zip.MaxZipFile and MaxGoMod.
	Module, GoMod int64
	// Modules is how many modules are taken from git.
	Modules int64
}

// ModulesLimit is the key of Limits.Modules.
const ModulesLimit = "modules"

const (
	kib = 1 << 10
	mib = 1 << 20
	gib = 1 << 30
)

// limit is one key of [limits].
type limit struct {
	key  string
	of   func(*Limits) *int64
	def  int64
	most int64 // 0 for no other bound than an int64's
	size bool  // counts bytes
}

var limits = []limit{
	{"refs", func(l *Limits) *int64 { return &l.Refs }, 32 * mib, 0, true},
	{"answer", func(l *Limits) *int64 { return &l.Answer }, mib, 0, true},
	{"pack", func(l *Limits) *int64 { return &l.Pack }, 2 * gib, 0, true},
	{"objects", func(l *Limits) *int64 { return &l.Objects }, 5_000_000, 1<<32 - 1, false},
	{"object", func(l *Limits) *int64 { return &l.Object }, 128 * mib, 2*gib - 1, true},
	{"unpacked", func(l *Limits) *int64 { return &l.Unpacked }, 32 * gib, 0, true},
	{"files", func(l *Limits) *int64 { return &l.Files }, 250_000, 0, false},
	{"depth", func(l *Limits) *int64 { return &l.Depth }, 100, 1000, false},
	{"module", func(l *Limits) *int64 { return &l.Module }, zip.MaxZipFile, zip.MaxZipFile, true},
	{"go_mod", func(l *Limits) *int64 { return &l.GoMod }, zip.MaxGoMod, zip.MaxGoMod, true},
	{ModulesLimit, func(l *Limits) *int64 { return &l.Modules }, 500, 0, false},
}

// OrDefault returns l with the defaults in place of what is not set.
func (l Limits) OrDefault() Limits {
	for _, k := range limits {
		v := k.of(&l)
		*v = cmp.Or(*v, k.def)
	}
	return l
}

// decodeLimits reads [limits].
func (d *draft) decodeLimits(t *node) {
	var keys []string
	for _, k := range limits {
		keys = append(keys, k.key)
	}
	d.known(t, keys...)
	for _, k := range limits {
		*k.of(&d.Limits) = d.limit(t, k)
	}
}

// limit reads a key of [limits]: a number or, of bytes, a size.
func (d *draft) limit(t *node, k limit) int64 {
	n := t.get(k.key)
	if n == nil || n.broken {
		return 0
	}
	want := "a number, such as 100000"
	if k.size {
		want = `a size, such as "100MiB"`
	}
	if n.kind != unstable.Integer && (n.kind != unstable.String || !k.size) {
		d.errorf(n.pos, "%s is %s, want %s", n.path(), article(n.kind), want)
		return 0
	}
	v, err := ParseSize(strings.ReplaceAll(n.text, "_", ""))
	switch {
	case err != nil:
		d.errorf(n.pos, "%s is %q, want %s", n.path(), n.text, want)
		return 0
	case v <= 0:
		d.errorf(n.pos, "%s is %q, want more than 0", n.path(), n.text)
		return 0
	case k.most > 0 && v > k.most:
		d.errorf(n.pos, "%s is %q, want at most %s", n.path(), n.text, k.format(k.most))
		return 0
	}
	return v
}

func (k limit) format(v int64) string {
	if k.size {
		return FormatSize(v)
	}
	return strconv.FormatInt(v, 10)
}

// units are those of sizes, the largest first.
var units = []struct {
	name  string
	bytes int64
}{{"GiB", gib}, {"MiB", mib}, {"KiB", kib}, {"GB", 1e9}, {"MB", 1e6}, {"kB", 1e3}, {"B", 1}}

// ParseSize reads a number of bytes, with or without a unit: 512, 2GiB, 100 MB.
func ParseSize(s string) (int64, error) {
	number, factor := s, int64(1)
	for _, u := range units {
		if n, ok := cutUnit(s, u.name); ok {
			number, factor = n, u.bytes
			break
		}
	}
	v, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is not a size", s)
	}
	if v > 0 && v > (1<<63-1)/factor {
		return 0, fmt.Errorf("%q is too large", s)
	}
	return v * factor, nil
}

func cutUnit(s, unit string) (string, bool) {
	at := len(s) - len(unit)
	if at <= 0 || !strings.EqualFold(s[at:], unit) {
		return s, false
	}
	return strings.TrimRight(s[:at], " "), true
}

// FormatSize is the shortest form of a size that ParseSize reads as the same.
func FormatSize(v int64) string {
	for _, u := range units[:3] {
		if v >= u.bytes && v%u.bytes == 0 {
			return strconv.FormatInt(v/u.bytes, 10) + u.name
		}
	}
	return strconv.FormatInt(v, 10) + "B"
}

// DefaultPatience is what [git] does not say. Servers may think long before
// they send a large pack.
func DefaultPatience() Patience {
	return Patience{Timeout: 2 * time.Minute, ConnectTimeout: 30 * time.Second, TotalTimeout: time.Hour, MinRate: kib, Retries: 3}
}

// OrDefault returns p with the defaults in place of what is zero, but for
// Retries, where zero is a number of times.
func (p Patience) OrDefault() Patience {
	def := DefaultPatience()
	p.Timeout = cmp.Or(p.Timeout, def.Timeout)
	p.ConnectTimeout = cmp.Or(p.ConnectTimeout, def.ConnectTimeout)
	p.TotalTimeout = cmp.Or(p.TotalTimeout, def.TotalTimeout)
	p.MinRate = cmp.Or(p.MinRate, def.MinRate)
	return p
}

// decodePatience reads the keys of [git] that say how long a server is waited
// for, and how often it is asked again.
func (d *draft) decodePatience(t *node) {
	d.Git.Patience = DefaultPatience()
	p := &d.Git.Patience
	p.Timeout = d.duration(t, "timeout", p.Timeout)
	p.ConnectTimeout = d.duration(t, "connect_timeout", p.ConnectTimeout)
	p.TotalTimeout = d.duration(t, "total_timeout", p.TotalTimeout)
	p.MinRate = cmp.Or(d.limit(t, limit{key: "min_rate", size: true}), p.MinRate)
	const mostRetries = 100
	n := t.get("retries")
	if n == nil || n.broken || !d.want(n, unstable.Integer) {
		return
	}
	v, err := strconv.Atoi(n.text)
	if err != nil || v < 0 || v > mostRetries {
		d.errorf(n.pos, "%s is %s, want 0 to %d", n.path(), n.text, mostRetries)
		return
	}
	p.Retries = v
}

// duration reads a length of time.
func (d *draft) duration(t *node, key string, def time.Duration) time.Duration {
	n := t.get(key)
	if n == nil || !d.want(n, unstable.String) || n.broken {
		return def
	}
	v, err := time.ParseDuration(n.text)
	if err != nil || v <= 0 {
		d.errorf(n.pos, "%s is %q, want a time such as \"30s\" or \"2m\"", n.path(), n.text)
		return def
	}
	return v
}
