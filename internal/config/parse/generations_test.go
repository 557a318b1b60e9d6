package parse

import (
	"fmt"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/module"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/testkit"
)

// dir is where the tests' configs stand, as far as relative paths go.
const dir = "/srv/acme/build"

// env is a lookup function over a fixed environment.
func env(vars map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		v, ok := vars[name]
		return v, ok
	}
}

// TestGenerations reads a file of each generation, and compares all of it but
// the positions, which have tests of their own.
func TestGenerations(t *testing.T) {
	plugin := func(name, url, ref string) config.Plugin {
		return config.Plugin{Name: name, URL: url, Ref: ref, Symbol: "Plugin"}
	}
	tests := []struct {
		file string
		env  map[string]string
		want config.Config
	}{
		{
			file: "generation1.toml",
			env:  map[string]string{"ACME_GITHUB_TOKEN": "tg", "ACME_GITLAB_TOKEN": "tl"},
			want: config.Config{
				RoadRunner: config.RoadRunner{Ref: "v2024.3.5", URL: "https://github.acme.example/roadrunner-server/roadrunner"},
				Plugins: []config.Plugin{
					{
						Name: "http", URL: "https://github.acme.example/acme/http", Ref: "v5.2.5", Symbol: "Plugin",
						Replace: &config.Replacement{Dir: "/srv/acme/forks/http"},
					},
					{
						Name: "static", URL: "https://github.acme.example/acme/static", Ref: "v5.1.4", Symbol: "Plugin",
						Replace: &config.Replacement{Module: module.Version{Path: "github.com/acme/static-fork"}},
					},
					plugin("queue", "https://gitlab.acme.example:8443/acme/queue", "main"),
					plugin("mail", "https://gitlab.acme.example:8443/acme/mail", "main"),
				},
				Git: config.Git{Tokens: []config.Token{
					{Host: "github.acme.example", User: "x-access-token", Token: "tg", Key: "github.token"},
					{Host: "gitlab.acme.example:8443", User: "oauth2", Token: "tl", Key: "gitlab.token"},
				}},
				Build: config.Build{Name: "rr", PGO: "auto", Debug: true},
				Log:   config.Log{Level: "info", Mode: "production"},
				Notes: []config.Note{{Text: `github plugin "informer" is always in, at the version that RoadRunner requires`}},
			},
		},
		{
			file: "generation2.toml",
			env:  map[string]string{"ACME_GITHUB_TOKEN": "tg"},
			want: config.Config{
				RoadRunner: config.RoadRunner{Ref: "v2025.1.2", URL: "https://github.acme.example/roadrunner-server/roadrunner"},
				Plugins: []config.Plugin{
					{Name: "http", ModulePath: "github.com/acme/http/v5", Ref: "latest", Symbol: "Plugin"},
					{Name: "cache", ModulePath: "github.com/acme/caches/plugins/roadrunner", Ref: "v1.7.8", Symbol: "Plugin"},
				},
				Git: config.Git{Tokens: []config.Token{
					{Host: "github.acme.example", User: "x-access-token", Token: "tg", Key: "github.token"},
				}},
				Replaces: []config.Replace{
					{
						Old: module.Version{Path: "github.com/acme/lib"},
						New: config.Replacement{Dir: "/srv/acme/lib"},
					},
					{
						Old: module.Version{Path: "github.com/acme/lib/v2", Version: "v2.0.1"},
						New: config.Replacement{Module: module.Version{Path: "github.com/acme/lib-fork/v2", Version: "v2.0.2"}},
					},
				},
				Excludes: []config.Exclude{{Module: module.Version{Path: "github.com/acme/broken/v3", Version: "v3.1.0"}}},
				Build:    config.Build{Name: "rr", PGO: "auto", CGO: true, Race: true, Targets: []config.Target{{OS: "darwin", Arch: "arm64"}}},
				Places:   config.Places{Targets: config.Place{Key: "target_platform"}},
				Notes:    []config.Note{{Text: `plugin "resetter" is always in, at the version that RoadRunner requires`}},
			},
		},
		{
			file: "owner.toml",
			env:  map[string]string{"ACME_GITHUB_TOKEN": "tg"},
			want: config.Config{
				RoadRunner: config.RoadRunner{Ref: "v2.10.0", URL: "https://github.com/roadrunner-server/roadrunner"},
				Plugins: []config.Plugin{
					plugin("logger", "https://github.com/acme/logger", "v2.1.0"),
					{Name: "cache", URL: "https://github.com/acme/caches", Ref: "main", Folder: "plugins/roadrunner", Symbol: "Plugin"},
				},
				Git: config.Git{Tokens: []config.Token{
					{Host: "github.com", User: "x-access-token", Token: "tg", Key: "github_token"},
				}},
				Build: config.Build{Name: "rr", PGO: "auto"},
			},
		},
		{
			file: "mixed.toml",
			want: config.Config{
				RoadRunner: config.RoadRunner{Ref: "v2025.1.2", URL: "https://github.com/roadrunner-server/roadrunner"},
				Plugins: []config.Plugin{
					{Name: "http", ModulePath: "github.com/acme/http/v5", Ref: "v5.2.0", Symbol: "Plugin"},
					plugin("mail", "https://gitlab.com/acme/mail", "main"),
					plugin("logger", "https://github.com/acme/logger", "v5.1.0"),
					plugin("Static", "https://github.com/acme/static", "v5.1.0"),
				},
				Build: config.Build{Name: "rr", PGO: "auto", Debug: true},
			},
		},
		{
			file: "vxlite.toml",
			env: map[string]string{
				"TEAM_REPO": "cache", "ACME_PASSWORD": "pw", "HOME": "/home/ann", "VERSION": "1.2.3", "TIME": "2025-01-02T03:04:05Z",
			},
			want: config.Config{
				RoadRunner: config.RoadRunner{Ref: "v2025.1.15", URL: "ssh://git@git.acme.example/rr/roadrunner.git"},
				Plugins: []config.Plugin{
					{
						Name: "cache", ModulePath: "github.com/team/cache", URL: "git@git.acme.example:team/cache.git", Ref: "v1.7.8",
						Folder: "plugins/roadrunner", Import: "github.com/team/cache/rr", Symbol: "Cache",
						Replace: &config.Replacement{Module: module.Version{Path: "github.com/team/cache-fork", Version: "v1.7.9"}}, ChecksumOff: true,
					},
					{Name: "local", Path: "/srv/acme/local", Symbol: "Plugin"},
					plugin("bare", "/srv/acme/build/repos/bare.git", "main"),
				},
				Written: map[string]string{"/srv/acme/build/repos/bare.git": "./repos/bare.git"},
				Modules: []config.Module{
					{Path: "github.com/acme/lib", URL: "https://git.acme.example/forks/lib", Ref: "main", Folder: "go", ChecksumOff: true},
					{Path: "github.com/acme/other", Dir: "/srv/acme/build/other"},
				},
				Mirrors: []config.Mirror{
					{From: "https://github.com/", To: []string{
						"ssh://git@git.acme.example/github/", "git@git.acme.example:", "/srv/acme/build/mirror/github.com/",
					}},
					{From: "https://gitlab.com/", To: []string{"/home/ann/mirror/"}},
				},
				Git: config.Git{
					Modules:    []string{"github.com/acme/*", "git.acme.example/*", "github.com/team"},
					KnownHosts: []string{"/srv/acme/build/ci/known_hosts"},
					CAFile:     "/etc/acme/ca.pem", CAPlace: config.Place{Key: "git.ca_file"},
					Patience: config.Patience{Timeout: 90 * time.Second, ConnectTimeout: 5 * time.Second, TotalTimeout: 10 * time.Minute, MinRate: 4096, Retries: 0},
					Credentials: []config.Credential{
						{Host: "git.acme.example", Username: "oauth2", Password: "pw"},
						{Host: "git.acme.example:2222", SSHKey: "/home/ann/.ssh/id_ed25519"},
					},
				},
				Limits: config.Limits{Pack: 4 << 30, Files: 400_000, Module: 100_000_000, GoMod: 4096, Modules: 900},
				Build: config.Build{
					Name: "acme-rr", Version: "1.2.3", Time: "2025-01-02T03:04:05Z",
					Tags:    []string{"aws", "gcp", "netgo"},
					LDFlags: []string{"-w", "-X", "main.who=a b"},
					GCFlags: []string{"all=-N -l"},
					CGO:     true, PGO: "/srv/acme/build/profiles/rr.pprof",
					Targets: []config.Target{{OS: "linux", Arch: "amd64"}, {OS: "linux", Arch: "arm64"}}, CacheProg: "/usr/local/bin/cacher --server http://cache.acme.example",
				},
				Places: config.Places{
					LDFlags: config.Place{Key: "build.ldflags"}, GCFlags: config.Place{Key: "build.gcflags"}, PGO: config.Place{Key: "build.pgo"},
					CacheProg: config.Place{Key: "build.cacheprog"}, Targets: config.Place{Key: "build.targets"},
				},
				Signatures: config.SignaturePolicy{Required: "tag", Keys: []string{"/srv/acme/build/ci/allowed_signers", "/home/ann/keys.asc"}, Place: config.Place{Key: "verify.keys"}},
				Image:      config.Image{Base: "/srv/acme/build/base", CACerts: "/srv/acme/build/ci/ca.pem", User: "1000:1000", BasePlace: config.Place{Key: "image.base"}, CACertsPlace: config.Place{Key: "image.ca_certs"}},
				Check:      config.Check{AllowDisabled: []string{"informer"}, Allow: []string{"resetter"}},
				Audit: config.Audit{Ignore: []config.Ignored{
					{ID: "GO-2026-0001", Until: time.Date(2027, 1, 31, 0, 0, 0, 0, time.UTC), Reason: "no untrusted input"},
					{ID: "CVE-2026-2", Until: time.Date(2027, 2, 28, 0, 0, 0, 0, time.UTC)},
					{ID: "GO-2026-0003"},
				}, Licences: []string{"MIT", "Apache-2.0"}},
				Log: config.Log{Mode: "off"},
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.file, func(t *testing.T) {
			if regexp.MustCompile(`"(\.\.)?/`).Match(testdata(t, tt.file)) {
				testkit.NeedsUnix(t, "the file has paths, and what is wanted of it has slashes")
			}
			got, err := Data(tt.file, testdata(t, tt.file), dir, env(tt.env))
			if err != nil {
				t.Fatal(err)
			}
			tt.want.File = tt.file
			dropPositions(got)
			equal(t, *got, tt.want)
		})
	}
}

// TestGeneration0 has a test of its own since GitLab's project ids, which are
// in its files, cannot be cloned: all else of such a file is read.
func TestGeneration0(t *testing.T) {
	const file = "generation0.toml"
	got, err := Data(file, testdata(t, file), dir, env(nil))
	wantErr := file + `:29:58: gitlab plugin "queue": repository "1234" is a project id, and git cannot clone by number`
	if err == nil || err.Error() != wantErr {
		t.Errorf("error is\n%v\nwant\n%s", err, wantErr)
	}
	wantNotes := []string{
		file + ":2:1: velox.build_args is an old key: use [build]",
		file + `:2:40: velox.build_args: the environment variable "VERSION" is not set; an empty version is that of RoadRunner's ref`,
		file + `:2:40: velox.build_args: the environment variable "TIME" is not set; an empty time is SOURCE_DATE_EPOCH, else that of RoadRunner's commit`,
		file + ":23:5: gitlab.token.token is set again to the same value, see " + file + ":18:5",
	}
	if notes := noteLines(got); !reflect.DeepEqual(notes, wantNotes) {
		t.Errorf("notes are %q\nwant %q", notes, wantNotes)
	}
	dropPositions(got)
	got.Notes = nil
	equal(t, *got, config.Config{
		File:       file,
		RoadRunner: config.RoadRunner{Ref: "v2.12.3", URL: "https://github.com/roadrunner-server/roadrunner"},
		Plugins: []config.Plugin{
			{Name: "Logger", URL: "https://github.com/acme/logger", Ref: "v3.2.0", Symbol: "Plugin"},
			{Name: "cache", URL: "https://github.com/acme/caches", Ref: "main", Folder: "plugins/roadrunner", Symbol: "Plugin"},
			{Name: "queue", Ref: "main", Symbol: "Plugin"},
			{Name: "mail", URL: "https://gitlab.acme.example/platform/mail", Ref: "main", Symbol: "Plugin"},
		},
		Build:  config.Build{Name: "rr", PGO: "auto", LDFlags: []string{"-s"}},
		Places: config.Places{LDFlags: config.Place{Key: "velox.build_args"}},
		Log:    config.Log{Level: "debug", Mode: "development"},
	})
}

func TestPositions(t *testing.T) {
	const data = `[roadrunner]
ref = "v2025.1.15"

[[modules]]
module = "github.com/acme/lib"

[plugins]
a = { path = "a" }
c.path = "c"

[plugins."b"]
path = "b"

[mirrors]
"https://github.com/" = "/srv/mirror/"
[git.credentials."git.acme.example"]
password = "x"
[[replaces]]
old = "github.com/acme/old"
new = "./new"
[[excludes]]
module = "github.com/acme/old"
version = "v1.0.0"
`
	c, err := Data("acme.toml", []byte(data), dir, env(nil))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		what string
		pos  config.Position
		want string
	}{
		{"roadrunner", c.RoadRunner.Pos, "acme.toml:1:2"},
		{"module", c.Modules[0].Pos, "acme.toml:4:3"},
		{"inline table", c.Plugins[0].Pos, "acme.toml:8:1"},
		{"dotted key", c.Plugins[1].Pos, "acme.toml:9:1"},
		{"sub-table", c.Plugins[2].Pos, "acme.toml:11:10"},
		{"mirror", c.Mirrors[0].Pos, "acme.toml:15:1"},
		{"credential", c.Git.Credentials[0].Pos, "acme.toml:16:18"},
		{"replace", c.Replaces[0].Pos, "acme.toml:18:3"},
		{"exclude", c.Excludes[0].Pos, "acme.toml:21:3"},
	} {
		if got := tt.pos.String(); got != tt.want {
			t.Errorf("%s stands at %s, want %s", tt.what, got, tt.want)
		}
	}
}

// TestForms reads one thing in the several forms that TOML has for it.
func TestForms(t *testing.T) {
	want := []config.Plugin{{Name: "Http", URL: "https://github.com/acme/http", Ref: "v1", Symbol: "Plugin"}}
	for name, data := range map[string]string{
		"sub-table":    "[github.plugins.Http]\nref = 'v1'\nowner = 'acme'\nrepository = 'http'",
		"inline":       "[github.plugins]\nHttp = { ref = 'v1', owner = 'acme', repository = 'http' }",
		"nested":       "github = { plugins = { Http = { ref = 'v1', owner = 'acme', repository = 'http' } } }",
		"dotted":       "github.plugins.Http.ref = 'v1'\ngithub.plugins.Http.owner = 'acme'\ngithub.plugins.Http.repository = 'http'",
		"upper case":   "[GITHUB.PLUGINS.Http]\nREF = 'v1'\nOWNER = 'acme'\nREPOSITORY = 'http'",
		"quoted":       "['github'.\"plugins\".Http]\n\"ref\" = '''v1'''\nowner = \"\"\"acme\"\"\"\nrepository = 'http'",
		"split":        "[github.plugins]\nHttp.ref = 'v1'\nHttp.owner = 'acme'\nHttp.repository = 'http'\n[github]\n[github.plugins]",
		"windows":      "[github.plugins.Http]\r\nref = 'v1'\r\nowner = 'acme'\r\nrepository = 'http'\r\n",
		"dotted inner": "[github]\nplugins.Http = { ref = 'v1', owner = 'acme', repository = 'http' }",
	} {
		t.Run(name, func(t *testing.T) {
			c, err := Data("acme.toml", []byte(data), dir, env(nil))
			if err != nil {
				t.Fatal(err)
			}
			dropPositions(c)
			if !reflect.DeepEqual(c.Plugins, want) {
				t.Errorf("plugins are %+v\nwant %+v", c.Plugins, want)
			}
		})
	}
}

func TestArraysOfTables(t *testing.T) {
	want := []config.Exclude{
		{Module: module.Version{Path: "github.com/acme/a", Version: "v1.0.0"}},
		{Module: module.Version{Path: "github.com/acme/b", Version: "v1.0.0"}},
	}
	for _, data := range []string{
		"[[excludes]]\nmodule = 'github.com/acme/a'\nversion = 'v1.0.0'\n[[excludes]]\nmodule = 'github.com/acme/b'\nversion = 'v1.0.0'\n",
		"excludes = [\n{ module = 'github.com/acme/a', version = 'v1.0.0' }, # one\n{ module = 'github.com/acme/b', version = 'v1.0.0' },\n]\n",
	} {
		c, err := Data("acme.toml", []byte(data+"[plugins.a]\npath = 'a'"), dir, env(nil))
		if err != nil {
			t.Fatal(err)
		}
		dropPositions(c)
		if !reflect.DeepEqual(c.Excludes, want) {
			t.Errorf("excludes are %+v\nwant %+v", c.Excludes, want)
		}
	}
}

// testdata returns a file of the testdata folder that all packages share.
func testdata(t *testing.T, name string) []byte {
	t.Helper()
	return readFile(t, filepath.Join("..", "..", "..", "testdata", "velox", name))
}

func noteLines(c *config.Config) []string {
	var lines []string
	for _, n := range c.Notes {
		lines = append(lines, fmt.Sprintf("%s: %s", n.Pos, n.Text))
	}
	return lines
}

// dropPositions clears what differs with every line added to a test's file.
func dropPositions(c *config.Config) {
	c.RoadRunner.Pos, c.Signatures.Place.Pos = config.Position{}, config.Position{}
	for i := range c.Plugins {
		c.Plugins[i].Pos = config.Position{}
	}
	for i := range c.Modules {
		c.Modules[i].Pos = config.Position{}
	}
	for i := range c.Mirrors {
		c.Mirrors[i].Pos = config.Position{}
	}
	for i := range c.Git.Credentials {
		c.Git.Credentials[i].Pos = config.Position{}
	}
	for i := range c.Replaces {
		c.Replaces[i].Pos = config.Position{}
	}
	for i := range c.Audit.Ignore {
		c.Audit.Ignore[i].Pos = config.Position{}
	}
	for i := range c.Excludes {
		c.Excludes[i].Pos = config.Position{}
	}
	for i := range c.Notes {
		c.Notes[i].Pos = config.Position{}
	}
	for _, p := range []*config.Place{&c.Places.LDFlags, &c.Places.GCFlags, &c.Places.PGO, &c.Places.CacheProg, &c.Places.Targets, &c.Git.CAPlace, &c.Image.BasePlace, &c.Image.CACertsPlace} {
		p.Pos = config.Position{}
	}
}

// equal compares two Configs field by field, for errors that can be read.
func equal(t *testing.T, got, want config.Config) {
	t.Helper()
	if want.Git.Patience == (config.Patience{}) {
		want.Git.Patience = config.DefaultPatience()
	}
	g, w := reflect.ValueOf(got), reflect.ValueOf(want)
	for i := range g.NumField() {
		if a, b := g.Field(i).Interface(), w.Field(i).Interface(); !reflect.DeepEqual(a, b) {
			t.Errorf("%s is\n%+v\nwant\n%+v", g.Type().Field(i).Name, a, b)
		}
	}
}

// TestLog has values of [log] that only Velox's newer or older releases may know.
func TestLog(t *testing.T) {
	c, err := Data("acme.toml", []byte("[plugins.a]\npath = 'a'\n[log]\nlevel = 'TRACE'\nmode = 'prod'\n"), dir, env(nil))
	if err != nil {
		t.Fatal(err)
	}
	want := `acme.toml:4:9: log.level is "TRACE", which has no effect; it can be debug, info, warn or error
acme.toml:5:8: log.mode is "prod", which has no effect; it can be production, development, raw, off or none`
	if got := strings.Join(noteLines(c), "\n"); got != want {
		t.Errorf("notes are\n%s\nwant\n%s", got, want)
	}
}
