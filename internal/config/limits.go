package config

import (
	"cmp"
	"strconv"
	"time"

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
	// Attributes is how many bytes a module's .gitattributes files may have.
	Attributes int64
	// Patch is how many bytes a patch file may have.
	Patch int64
	// Modules is how many modules are taken from git.
	Modules int64
}

// ModulesLimit is the key of Limits.Modules.
const ModulesLimit = "modules"

// LimitKey is one key of [limits].
type LimitKey struct {
	Key  string
	Of   func(*Limits) *int64
	def  int64
	Most int64  // 0 for no other bound than an int64's
	Size bool   // counts bytes
	Doc  string // what is counted, in Markdown
}

var LimitKeys = []LimitKey{
	{"refs", func(l *Limits) *int64 { return &l.Refs }, 32 * mib, 0, true, "bytes of a server's list of refs"},
	{"answer", func(l *Limits) *int64 { return &l.Answer }, mib, 0, true, "bytes that a server sends before the pack, and beyond the size of the pack while sending it: lines, progress, empty packets"},
	{"pack", func(l *Limits) *int64 { return &l.Pack }, 2 * gib, 0, true, "bytes of a pack"},
	{"objects", func(l *Limits) *int64 { return &l.Objects }, 5_000_000, 1<<32 - 1, false, "objects in a pack"},
	{"object", func(l *Limits) *int64 { return &l.Object }, 128 * mib, 2*gib - 1, true, "bytes of an object"},
	{"unpacked", func(l *Limits) *int64 { return &l.Unpacked }, 32 * gib, 0, true, "bytes of all objects of a pack"},
	{"files", func(l *Limits) *int64 { return &l.Files }, 250_000, 0, false, "files and folders of a commit"},
	{"depth", func(l *Limits) *int64 { return &l.Depth }, 100, 1000, false, "nested folders"},
	{"module", func(l *Limits) *int64 { return &l.Module }, zip.MaxZipFile, zip.MaxZipFile, true, "bytes of a module's files; the default is Go's own limit"},
	{"go_mod", func(l *Limits) *int64 { return &l.GoMod }, zip.MaxGoMod, zip.MaxGoMod, true, "bytes of a go.mod; the default is Go's own limit"},
	{"attributes", func(l *Limits) *int64 { return &l.Attributes }, mib, 0, true, "bytes of a module's `.gitattributes` files, with those above its folder"},
	{"patch", func(l *Limits) *int64 { return &l.Patch }, 16 * mib, 2*gib - 1, true, "bytes of a patch file"},
	{ModulesLimit, func(l *Limits) *int64 { return &l.Modules }, 500, 0, false, "modules from git, including what they require"},
}

// OrDefault returns l with the defaults in place of what is not set.
func (l Limits) OrDefault() Limits {
	for _, k := range LimitKeys {
		v := k.Of(&l)
		*v = cmp.Or(*v, k.def)
	}
	return l
}

// Raise returns l with each limit of other that is higher.
func (l Limits) Raise(other Limits) Limits {
	for _, k := range LimitKeys {
		v := k.Of(&l)
		*v = max(*v, *k.Of(&other))
	}
	return l
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

func (k LimitKey) Format(v int64) string {
	if k.Size {
		return FormatSize(v)
	}
	return strconv.FormatInt(v, 10)
}

// Default is what counts where the key is not set, as a config would have it.
func (k LimitKey) Default() string { return k.Format(k.def) }
