// Package scaffold writes what others begin with: a velox.toml with the
// plugins of a RoadRunner release, and the files of a new plugin. It decides
// only; writing is the caller's.
package scaffold

import (
	"errors"
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"

	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/roadrunner"
)

// group is a part of the config with the plugins that belong together.
type group struct {
	title   string
	plugins []note
}

// note says what a plugin does.
type note struct{ name, text string }

// groups are the plugins that are known, in the order of the config.
var groups = []group{
	{"Of use to servers of all kinds", []note{
		{"logger", "logs, for all other plugins"},
		{"rpc", "RPC: what `rr workers`, `rr reset` and PHP talk to"},
		{"server", "starts PHP workers; http, jobs, grpc and the like need it"},
		{"status", "health and readiness checks"},
		{"metrics", "Prometheus metrics"},
		{"otel", "OpenTelemetry"},
		{"app-logger", "logs from PHP, over RPC"},
		{"lock", "locks for PHP, over RPC"},
		{"service", "runs other programs, and restarts them"},
	}},
	{"HTTP, and its middleware", []note{
		{"http", "serves PHP over HTTP"},
		{"gzip", "compresses responses"},
		{"headers", "sets headers, and CORS"},
		{"static", "serves files before PHP does"},
		{"send", "sends a file that PHP names in X-Sendfile"},
		{"proxy_ip_parser", "the client's address behind proxies"},
		{"prometheus", "metrics of HTTP requests"},
		{"fileserver", "serves files, without PHP"},
	}},
	{"Jobs: the queue, and its drivers (memory and boltdb are with the key-value stores)", []note{
		{"jobs", "queues"},
		{"amqp", "RabbitMQ"},
		{"kafka", "Kafka"},
		{"sqs", "Amazon SQS"},
		{"nats", "NATS"},
		{"beanstalk", "beanstalkd"},
		{"google-pub-sub", "Google Pub/Sub"},
	}},
	{"Key-value stores", []note{
		{"kv", "the stores' interface"},
		{"memory", "in memory, also for jobs"},
		{"boltdb", "in a file, also for jobs"},
		{"redis", "Redis"},
		{"memcached", "memcached"},
	}},
	{"Other protocols", []note{
		{"grpc", "gRPC"},
		{"tcp", "raw TCP"},
		{"centrifuge", "WebSockets, with Centrifugo"},
		{"temporal", "Temporal workflows"},
	}},
}

// others is the group of what is not known.
const others = "Others"

// Config returns a commented velox.toml for a release. only are the names of
// the plugins to take, all of them where it is empty.
func Config(rel *roadrunner.Release, only []string, mirrors []config.Mirror) ([]byte, int, error) {
	plugins, err := Choose(rel, "--only", only)
	if err != nil {
		return nil, 0, err
	}
	return write(rel, plugins, nil, "of its release", mirrors), len(plugins), nil
}

// Reason is why a plugin is in a config.
type Reason struct {
	Plugin roadrunner.Plugin
	// Why stands behind its header.
	Why string
}

// For returns a commented velox.toml with some of a release's plugins, which are what
// file uses, and lists of the others: those named in plain need no section, so the
// file does not tell whether they are used.
func For(rel *roadrunner.Release, file string, picked []Reason, plain []string, mirrors []config.Mirror) []byte {
	var plugins, left, silent []roadrunner.Plugin
	why := map[string]string{}
	for _, r := range picked {
		plugins = append(plugins, r.Plugin)
		why[r.Plugin.Name] = r.Why
	}
	for _, p := range rel.Plugins {
		switch _, in := why[p.Name]; {
		case in:
		case slices.Contains(plain, p.Name):
			silent = append(silent, p)
		default:
			left = append(left, p)
		}
	}
	var b strings.Builder
	b.Write(write(rel, plugins, why, "for "+file, mirrors))
	list(&b, "Not in, but they need no section, so "+file+" does not show whether they are used:", silent)
	list(&b, "Not in, as "+file+" does not use them:", left)
	if len(left)+len(silent) > 0 {
		b.WriteString("#\n# To add one: vxlite add NAME\n")
	}
	return []byte(b.String())
}

// list writes plugins as a comment.
func list(b *strings.Builder, title string, plugins []roadrunner.Plugin) {
	if len(plugins) == 0 {
		return
	}
	fmt.Fprintf(b, "\n# %s\n#\n", title)
	for _, g := range sorted(plugins) {
		for _, p := range g.plugins {
			fmt.Fprintf(b, "#   %s\n", strings.TrimSpace(fmt.Sprintf("%-16s %s", p.Name, p.text)))
		}
	}
}

// write writes a config. why stands behind the plugins' headers; what they do where
// it is nil.
func write(rel *roadrunner.Release, plugins []roadrunner.Plugin, why map[string]string, of string, mirrors []config.Mirror) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, `# %[1]cvxlite build%[1]c builds RoadRunner %[2]s with these plugins %[4]s.
# Remove what you do not need, and add your own:
#
#   [plugins.mine]
#   path = "../mine"                              # a directory, or
#   url = "ssh://git@git.corp/team/mine.git"      # any git repository, with
#   ref = "v1.0.0"                                # a tag, a branch or a commit
#
# The plugins informer and resetter are always included. All keys are explained
# in vxlite's docs/config.md.

[roadrunner]
ref = %[3]s
`, '`', rel.Ref, strconv.Quote(rel.Ref), of)
	writeMirrors(&b, mirrors)
	for _, g := range sorted(plugins) {
		fmt.Fprintf(&b, "\n# %s\n", g.title)
		for _, p := range g.plugins {
			if why != nil {
				p.text = why[p.Name]
			}
			writePlugin(&b, p)
		}
	}
	return []byte(b.String())
}

func writeMirrors(b *strings.Builder, mirrors []config.Mirror) {
	if len(mirrors) == 0 {
		b.WriteString("\n# To use mirrors of the repositories:\n#\n#   [mirrors]\n#   \"https://github.com/\" = \"ssh://git@git.corp/github/\"\n")
		return
	}
	b.WriteString("\n[mirrors]\n")
	done := map[string]bool{}
	loggedIn := false
	for _, m := range mirrors {
		if done[m.From] {
			continue
		}
		done[m.From] = true
		var to []string
		for _, other := range mirrors {
			if other.From == m.From {
				for _, t := range other.To {
					own, ok := config.SplitUser(t)
					loggedIn = loggedIn || ok
					to = append(to, strconv.Quote(own.URL))
				}
			}
		}
		if len(to) == 1 {
			fmt.Fprintf(b, "%s = %s\n", strconv.Quote(m.From), to[0])
		} else {
			fmt.Fprintf(b, "%s = [%s]\n", strconv.Quote(m.From), strings.Join(to, ", "))
		}
	}
	if loggedIn {
		b.WriteString("# Credentials are not written here: put them into ~/.netrc, or use a variable,\n" +
			"# as in [git.credentials.\"HOST\"] with username = \"oauth2\" and password = \"${TOKEN}\".\n")
	}
}

// placed is a release's plugin with what is known of it.
type placed struct {
	roadrunner.Plugin
	text string
}

type placedGroup struct {
	title   string
	plugins []placed
}

// sorted puts the plugins into their groups.
func sorted(plugins []roadrunner.Plugin) []placedGroup {
	rest := map[string]roadrunner.Plugin{}
	for _, p := range plugins {
		rest[p.Name] = p
	}
	var out []placedGroup
	for _, g := range groups {
		to := placedGroup{title: g.title}
		for _, n := range g.plugins {
			if p, ok := rest[n.name]; ok {
				to.plugins = append(to.plugins, placed{p, n.text})
				delete(rest, n.name)
			}
		}
		if len(to.plugins) > 0 {
			out = append(out, to)
		}
	}
	to := placedGroup{title: others}
	for _, p := range plugins { // in the release's order
		if _, ok := rest[p.Name]; ok {
			to.plugins = append(to.plugins, placed{p, ""})
		}
	}
	if len(to.plugins) > 0 {
		out = append(out, to)
	}
	return out
}

func writePlugin(b *strings.Builder, p placed) {
	b.WriteString("\n" + strings.Join(Lines(Entry(p.Plugin), p.text), "\n") + "\n")
}

// Entry is a release's plugin as a config has it.
func Entry(p roadrunner.Plugin) config.Plugin {
	out := config.Plugin{Name: p.Name, ModulePath: p.Module, Symbol: p.Symbol, Ref: strings.TrimSuffix(p.Version, "+incompatible")}
	if rev, err := module.PseudoVersionRev(p.Version); err == nil {
		out.Ref = rev // a commit, and no tag
	}
	if p.Import != p.Module {
		out.Import = p.Import
	}
	return out
}

// About says what one of RoadRunner's plugins does, or "".
func About(name string) string {
	for _, g := range groups {
		for _, n := range g.plugins {
			if n.name == name {
				return n.text
			}
		}
	}
	return ""
}

// Names are those of RoadRunner's plugins that are known, sorted.
func Names() []string {
	var out []string
	for _, g := range groups {
		for _, n := range g.plugins {
			out = append(out, n.name)
		}
	}
	sort.Strings(out)
	return out
}

// Lines are those of a plugin's table, with a comment behind its header. A path is
// written as it is.
func Lines(p config.Plugin, comment string) []string {
	ref := "ref"
	if p.ModulePath != "" && semver.IsValid(p.Ref) {
		ref = "tag" // as every Velox has it
	}
	if p.Symbol == "Plugin" {
		p.Symbol = ""
	}
	var settings []config.Setting
	for _, s := range []struct{ key, value string }{{"module_name", p.ModulePath}, {"url", p.URL}, {"path", p.Path}, {ref, p.Ref},
		{"folder", p.Folder}, {"import", p.Import}, {"symbol", p.Symbol}} {
		if s.value != "" {
			settings = append(settings, config.Setting{Key: s.key, Value: s.value})
		}
	}
	var out []string
	for _, line := range config.TableLines(config.PluginHeader(p.Name), settings...) {
		out = append(out, strings.TrimSpace(line))
	}
	if comment != "" {
		out[0] += " # " + comment
	}
	return out
}

// Choose takes the plugins of those names, in the release's order, or all. flag is
// where the names were given, or empty.
func Choose(rel *roadrunner.Release, flag string, only []string) ([]roadrunner.Plugin, error) {
	var names []string
	for _, p := range rel.Plugins {
		names = append(names, p.Name)
	}
	sort.Strings(names)
	wanted := map[string]bool{}
	var unknown []error
	for _, o := range only {
		i := slices.IndexFunc(names, func(n string) bool { return strings.EqualFold(spelled(n), spelled(o)) })
		if i < 0 {
			unknown = append(unknown, &config.NameError{Flag: flag, Name: o, Known: names, Of: "RoadRunner " + rel.Ref + " has no plugin of this name"})
			continue
		}
		wanted[names[i]] = true
	}
	if len(unknown) > 0 {
		return nil, errors.Join(unknown...)
	}
	var out []roadrunner.Plugin
	for _, p := range rel.Plugins {
		if len(only) == 0 || wanted[p.Name] {
			out = append(out, p)
		}
	}
	return out, nil
}

// spelled makes app_logger, appLogger and app-logger one name, as configs have
// all three.
func spelled(name string) string {
	return strings.ToLower(strings.NewReplacer("-", "", "_", "").Replace(name))
}
