package gotool

import (
	"fmt"
	"regexp"
	"slices"
	"sort"
	"strings"

	"github.com/vxlite/vxlite/internal/disk"
)

// Compile says what to build from a workspace.
type Compile struct {
	OS, Arch string
	// Setting is the variable that picks the processor's variant, such as GOARM=6;
	// empty for the one that Go takes by itself.
	Setting string
	// Target is all of it in one word, for the display.
	Target string
	// Meta is the import path of RoadRunner's package with version and build time.
	Meta          string
	Version, Time string
	Tags          []string
	LDFlags       []string
	GCFlags       []string
	CGO, Race     bool
	Debug         bool
	// CacheProg is GOCACHEPROG in place of the caller's; empty for that.
	CacheProg string
	// Offline keeps the go command from asking any proxy.
	Offline bool
	// Private are the module paths and patterns that no proxy is asked for.
	Private []string
}

// BuildArgs returns the go command's arguments to build ./app into out, but
// for -o. It is what RoadRunner's own release builds with, and what the config
// adds: each flag once, since a repeated -ldflags replaces the one before.
func (c Compile) BuildArgs() ([]string, error) {
	args := []string{"build", "-trimpath", "-buildvcs=false"}
	flags, err := c.shared()
	if err != nil {
		return nil, err
	}
	args = append(args, flags...)
	var ld []string
	if !c.Debug {
		ld = append(ld, "-s")
	}
	for _, x := range []string{"version=" + c.Version, "buildTime=" + c.Time} {
		q, err := quote(c.Meta + "." + x)
		if err != nil {
			return nil, err
		}
		ld = append(ld, "-X", q)
	}
	for _, f := range c.LDFlags {
		q, err := quote(f)
		if err != nil {
			return nil, err
		}
		ld = append(ld, q)
	}
	args = append(args, "-ldflags="+strings.Join(ld, " "))
	return append(args, c.gcflags()...), nil
}

// exportArgs returns the go command's arguments to compile the packages of
// ./app as the build does, so that it finds them in the compile cache.
func (c Compile) exportArgs() ([]string, error) {
	flags, err := c.shared()
	if err != nil {
		return nil, err
	}
	args := append([]string{"list", "-export", "-deps", "-v", "-trimpath", "-buildvcs=false"}, flags...)
	args = append(args, c.gcflags()...)
	return append(args, "-json=ImportPath,Dir,Export,GoFiles,CgoFiles,Imports,ImportMap,Module", "./app"), nil
}

// gcflags are the compiler's arguments, one for each pattern of packages. Of
// several that match a package the go command takes the last alone, so those
// for all packages stand first, and again in each of the others.
func (c Compile) gcflags() []string {
	const all = "all"
	var patterns []string // in the order in which they come
	flags := map[string][]string{}
	add := func(pattern, value string) {
		if _, ok := flags[pattern]; !ok {
			patterns = append(patterns, pattern)
		}
		flags[pattern] = append(flags[pattern], value)
	}
	if c.Debug {
		add(all, "-N -l")
	}
	for _, value := range c.GCFlags {
		pattern, rest, ok := strings.Cut(value, "=")
		if !ok || strings.HasPrefix(strings.TrimSpace(value), "-") {
			pattern, rest = "", value
		}
		add(strings.TrimSpace(pattern), rest)
	}
	if i := slices.Index(patterns, all); i > 0 {
		patterns = slices.Insert(slices.Delete(patterns, i, i+1), 0, all)
	}
	var args []string
	for _, p := range patterns {
		value := strings.Join(flags[p], " ")
		if p != all && len(flags[all]) > 0 {
			value = strings.Join(flags[all], " ") + " " + value
		}
		if p != "" {
			value = p + "=" + value
		}
		args = append(args, "-gcflags="+value)
	}
	return args
}

// shared are the flags that decide which packages take part.
func (c Compile) shared() ([]string, error) {
	tags := append([]string(nil), c.Tags...)
	if c.Debug {
		tags = append(tags, "debug")
	}
	sort.Strings(tags)
	var args []string
	if len(tags) > 0 {
		args = append(args, "-tags="+strings.Join(tags, ","))
	}
	if c.Race {
		args = append(args, "-race")
	}
	return args, nil
}

// quote protects a word from the go command's own splitting of -ldflags, which
// knows both quotes and no escapes.
func quote(s string) (string, error) {
	switch {
	case !strings.ContainsAny(s, " \t\n'\""):
		return s, nil
	case !strings.Contains(s, "'"):
		return "'" + s + "'", nil
	case !strings.Contains(s, `"`):
		return `"` + s + `"`, nil
	}
	return "", fmt.Errorf("%q has both kinds of quotes, and the linker's flags can hold only one", s)
}

// Env returns the environment for a command in the workspace, sorted: what the
// go command needs of the caller's, its settings as `go env` gives them, and
// what the build decides. show is the last part, for a person who repeats the
// command by hand.
func (t *Tool) Env(goWork string, c Compile) (env, show []string) {
	cgo := "0"
	if c.CGO || c.Race {
		cgo = "1"
	}
	noProxy := strings.Join(append(append([]string(nil), c.Private...), splitList(t.vars["GONOPROXY"])...), ",")
	noSum := strings.Join(append(append([]string(nil), c.Private...), splitList(t.vars["GONOSUMDB"])...), ",")
	show = []string{
		"CGO_ENABLED=" + cgo,
		"GOARCH=" + c.Arch,
		"GOENV=off",
		"GOFLAGS=" + t.flags(),
		"GONOPROXY=" + noProxy,
		"GONOSUMDB=" + noSum,
		"GOOS=" + c.OS,
		"GOPRIVATE=",
		"GOVCS=*:off", // whatever is private comes from git by vxlite, never by the go command
		"GOWORK=" + goWork,
	}
	if c.Offline {
		show = append(show, "GOPROXY=off")
	}
	if c.Setting != "" {
		show = append(show, c.Setting)
	}
	set := map[string]bool{}
	for _, kv := range show {
		name, _, _ := strings.Cut(kv, "=")
		set[name] = true
	}
	env = append(env, show...)
	if c.CacheProg != "" { // it may have a token in it, so it is not shown
		env = append(env, "GOCACHEPROG="+c.CacheProg)
		set["GOCACHEPROG"] = true
	}
	names := passed
	if cgo == "1" {
		names = append(append([]string(nil), passed...), cgoSettings...)
	}
	env = append(env, t.pass(names)...)
	for _, name := range goSettings {
		if v, ok := t.vars[name]; ok && !set[name] {
			env = append(env, name+"="+v)
		}
	}
	sort.Strings(env)
	show = append(append(show, t.written(set)...), t.dropped(set)...)
	sort.Strings(show)
	return env, show
}

// written are the settings by `go env -w` that count, with what hides a
// password in a URL: GOENV=off would keep them from who repeats the command.
func (t *Tool) written(set map[string]bool) []string {
	var out []string
	data, err := disk.ReadText(t.userEnvFile())
	if err != nil {
		return nil
	}
	for line := range strings.Lines(string(data)) {
		name, _, _ := strings.Cut(line, "=")
		if own, _ := t.env(name); own != "" || set[name] || !slices.Contains(goSettings, name) || name == "GOENV" {
			continue
		}
		if v := t.vars[name]; v != "" {
			out = append(out, name+"="+userInURL.ReplaceAllString(v, "://***@"))
		}
	}
	return out
}

// userInURL matches a name and password in front of a URL's host.
var userInURL = regexp.MustCompile(`://[^/@,|\s]+@`)

// dropped empties the caller's variables that do not count, since a shell that
// the command is repeated in has them. To the go command, empty is not set.
func (t *Tool) dropped(set map[string]bool) []string {
	var out []string
	for _, name := range decisive {
		if v, _ := t.env(name); v != "" && !set[name] {
			out = append(out, name+"=")
		}
	}
	return out
}

// Decisive returns what of the environment decides over the binary's bytes.
func (t *Tool) Decisive(c Compile) []string {
	out := []string{"GOOS=" + c.OS, "GOARCH=" + c.Arch, fmt.Sprintf("CGO=%v", c.CGO || c.Race), "GOTOOLCHAIN=" + t.vars["GOTOOLCHAIN"], "GOROOT=" + t.vars["GOROOT"]}
	if c.Setting != "" {
		out = append(out, c.Setting)
	}
	if c.CGO || c.Race {
		out = append(out, t.pass(cgoSettings)...)
	}
	return out
}

// flags keeps of the caller's GOFLAGS what changes neither the binary nor the
// module mode: in a workspace -mod=mod is refused.
func (t *Tool) flags() string {
	all, _ := t.env("GOFLAGS")
	if all == "" { // which is as good as not set
		all = t.vars["GOFLAGS"] // by go env -w
	}
	var keep []string
	for _, f := range strings.Fields(all) {
		name, _, _ := strings.Cut(strings.TrimLeft(f, "-"), "=")
		if name == "p" || name == "modcacherw" {
			keep = append(keep, f)
		}
	}
	return strings.Join(keep, " ")
}

func splitList(s string) []string {
	var out []string
	for _, f := range strings.Split(s, ",") {
		if f = strings.TrimSpace(f); f != "" {
			out = append(out, f)
		}
	}
	return out
}
