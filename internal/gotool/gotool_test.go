package gotool

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/vxlite/vxlite/internal/event"
	"github.com/vxlite/vxlite/internal/run"
	"github.com/vxlite/vxlite/internal/testkit"
)

// vars is a fixed environment.
type vars map[string]string

func (v vars) env(name string) (string, bool) {
	value, ok := v[name]
	return value, ok
}

// memory is a cache that counts.
type memory struct {
	entries      map[string][]byte
	reads, fills int
}

func (m *memory) ReadJSON(v any, elem ...string) bool {
	m.reads++
	data, ok := m.entries[strings.Join(elem, "/")]
	return ok && json.Unmarshal(data, v) == nil
}

func (m *memory) WriteJSON(v any, elem ...string) error {
	m.fills++
	data, err := json.Marshal(v)
	if m.entries == nil {
		m.entries = map[string][]byte{}
	}
	m.entries[strings.Join(elem, "/")] = data
	return err
}

func write(t *testing.T, name, content string, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
}

func TestBuildArgs(t *testing.T) {
	base := Compile{Meta: "rr/internal/meta", Version: "2025.1.15", Time: "2026-06-17T14:00:00Z"}
	const x = "-X rr/internal/meta.version=2025.1.15 -X rr/internal/meta.buildTime=2026-06-17T14:00:00Z"
	for _, tt := range []struct {
		name   string
		change func(*Compile)
		want   []string
		err    string
	}{
		{name: "release", change: func(*Compile) {}, want: []string{"-ldflags=-s " + x}},
		{name: "debug", change: func(c *Compile) { c.Debug = true }, want: []string{"-tags=debug", "-ldflags=" + x, "-gcflags=all=-N -l"}},
		{name: "race", change: func(c *Compile) { c.Race = true }, want: []string{"-race", "-ldflags=-s " + x}},
		{name: "tags", change: func(c *Compile) { c.Tags = []string{"b", "a"} }, want: []string{"-tags=a,b", "-ldflags=-s " + x}},
		{name: "tags and debug", change: func(c *Compile) { c.Tags = []string{"e", "a"}; c.Debug = true }, want: []string{"-tags=a,debug,e", "-ldflags=" + x, "-gcflags=all=-N -l"}},
		{name: "ldflags", change: func(c *Compile) { c.LDFlags = []string{"-w", "-X", "main.a=b"} }, want: []string{"-ldflags=-s " + x + " -w -X main.a=b"}},
		{name: "quotes", change: func(c *Compile) { c.LDFlags = []string{"-X", "main.a=b c", "-X", "main.d=it's", `main.e="`} },
			want: []string{"-ldflags=-s " + x + ` -X 'main.a=b c' -X "main.d=it's" 'main.e="'`}},
		{name: "version with spaces", change: func(c *Compile) { c.Version = "1.0 (ours)" },
			want: []string{"-ldflags=-s -X 'rr/internal/meta.version=1.0 (ours)' -X rr/internal/meta.buildTime=2026-06-17T14:00:00Z"}},
		{name: "gcflags", change: func(c *Compile) { c.GCFlags = []string{"-m"} }, want: []string{"-ldflags=-s " + x, "-gcflags=-m"}},
		{name: "gcflags for several patterns", change: func(c *Compile) { c.GCFlags = []string{"a/...=-m", "-d=ssa/check/on", "b=-N", "a/...=-l", "-S"} },
			want: []string{"-ldflags=-s " + x, "-gcflags=a/...=-m -l", "-gcflags=-d=ssa/check/on -S", "-gcflags=b=-N"}},
		{name: "gcflags for all and others", change: func(c *Compile) { c.GCFlags = []string{"-m", "b=-S", "all=-l"} },
			want: []string{"-ldflags=-s " + x, "-gcflags=all=-l", "-gcflags=-l -m", "-gcflags=b=-l -S"}},
		{name: "gcflags and debug", change: func(c *Compile) { c.Debug = true; c.GCFlags = []string{"-m"} },
			want: []string{"-tags=debug", "-ldflags=" + x, "-gcflags=all=-N -l", "-gcflags=-N -l -m"}},
		{name: "both kinds of quotes", change: func(c *Compile) { c.LDFlags = []string{`it's "x"`} }, err: `"it's \"x\"" has both kinds of quotes, and the linker's flags can hold only one`},
		{name: "both kinds of quotes in the version", change: func(c *Compile) { c.Version = `'"` },
			err: `"rr/internal/meta.version='\"" has both kinds of quotes, and the linker's flags can hold only one`},
	} {
		c := base
		tt.change(&c)
		tags := slices.Clone(c.Tags)
		got, err := c.BuildArgs()
		if tt.err != "" {
			if err == nil || err.Error() != tt.err {
				t.Errorf("%s: %v, want the error %s", tt.name, err, tt.err)
			}
			continue
		}
		if want := append([]string{"build", "-trimpath", "-buildvcs=false"}, tt.want...); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s:\n%q, %v\nwant:\n%q", tt.name, got, err, want)
		}
		if !slices.Equal(c.Tags, tags) {
			t.Errorf("%s: the config's tags are now %q", tt.name, c.Tags)
		}
	}
}

// TestEnv has all that the go command gets, and nothing that is not listed.
func TestEnv(t *testing.T) {
	caller := vars{
		"PATH": "/bin", "HOME": "/home/ann", "HTTPS_PROXY": "http://proxy.corp", "CC": "clang", "CGO_CFLAGS": "-O3", "GOPROXY": "https://env.corp",
		// None of these may reach it.
		"CORP_TOKEN": "secret", "GOFLAGS": "-mod=mod -p=2 -tags=x --modcacherw -ldflags=-w", "GOWORK": "off", "GOAMD64": "v4", "GOEXPERIMENT": "x", "GOOS": "plan9",
		"GOARCH": "arm", "CGO_ENABLED": "1", "GO111MODULE": "off", "GIT_SSH_COMMAND": "x", "GOVCS": "*:all", "LD_PRELOAD": "x", "GODEBUG": "x=1", "GOENV": "/srv/goenv", "GOPRIVATE": "env.corp",
	}
	settings := vars{"GOPROXY": "https://set.corp", "GOSUMDB": "sum.golang.org", "GONOPROXY": "nop.corp, also.corp,", "GONOSUMDB": "nos.corp", "GOMODCACHE": "/mod", "GOENV": "/srv/goenv",
		"GOPRIVATE": "set.corp", "GOTOOLCHAIN": "local", "GOAMD64": "v4", "GOFLAGS": "-p=9"}
	tool := &Tool{env: caller.env, vars: settings}
	for _, tt := range []struct {
		name string
		c    Compile
		show []string
		more []string // besides the usual
		drop string
	}{
		{
			name: "plain", c: Compile{OS: "linux", Arch: "arm64", Private: []string{"github.com/acme/a", "github.com/acme/b"}},
			show: []string{"CGO_ENABLED=0", "GOARCH=arm64", "GOENV=off", "GOFLAGS=-p=2 --modcacherw", "GONOPROXY=github.com/acme/a,github.com/acme/b,nop.corp,also.corp",
				"GONOSUMDB=github.com/acme/a,github.com/acme/b,nos.corp", "GOOS=linux", "GOPRIVATE=", "GOVCS=*:off", "GOWORK=/ws/go.work"},
			more: []string{"GOPROXY=https://set.corp"},
		},
		{
			name: "cgo", c: Compile{OS: "linux", Arch: "amd64", CGO: true},
			show: []string{"CGO_ENABLED=1", "GOARCH=amd64", "GOENV=off", "GOFLAGS=-p=2 --modcacherw", "GONOPROXY=nop.corp,also.corp", "GONOSUMDB=nos.corp", "GOOS=linux", "GOPRIVATE=", "GOVCS=*:off", "GOWORK=/ws/go.work"},
			more: []string{"CC=clang", "CGO_CFLAGS=-O3", "GOPROXY=https://set.corp"},
		},
		{
			name: "race", c: Compile{OS: "linux", Arch: "amd64", Race: true},
			show: []string{"CGO_ENABLED=1", "GOARCH=amd64", "GOENV=off", "GOFLAGS=-p=2 --modcacherw", "GONOPROXY=nop.corp,also.corp", "GONOSUMDB=nos.corp", "GOOS=linux", "GOPRIVATE=", "GOVCS=*:off", "GOWORK=/ws/go.work"},
			more: []string{"CC=clang", "CGO_CFLAGS=-O3", "GOPROXY=https://set.corp"},
		},
		{
			name: "offline", c: Compile{OS: "linux", Arch: "amd64", Offline: true},
			show: []string{"CGO_ENABLED=0", "GOARCH=amd64", "GOENV=off", "GOFLAGS=-p=2 --modcacherw", "GONOPROXY=nop.corp,also.corp", "GONOSUMDB=nos.corp", "GOOS=linux", "GOPRIVATE=", "GOPROXY=off", "GOVCS=*:off", "GOWORK=/ws/go.work"},
		},
	} {
		env, show := tool.Env("/ws/go.work", tt.c)
		wantShow := slices.Sorted(slices.Values(append([]string{"GO111MODULE=", "GOAMD64=", "GODEBUG=", "GOEXPERIMENT="}, tt.show...)))
		if !slices.Equal(show, wantShow) {
			t.Errorf("%s: show\n%q\nwant\n%q", tt.name, show, wantShow)
		}
		want := slices.Concat(tt.show, tt.more, []string{"PATH=/bin", "HOME=/home/ann", "HTTPS_PROXY=http://proxy.corp", "GOSUMDB=sum.golang.org", "GOMODCACHE=/mod", "GOTOOLCHAIN=local"})
		slices.Sort(want)
		if !slices.Equal(env, want) {
			t.Errorf("%s:\n%s\nwant:\n%s", tt.name, strings.Join(env, "\n"), strings.Join(want, "\n"))
		}
	}
	if got := tool.Private(); !slices.Equal(got, []string{"set.corp"}) {
		t.Errorf("private %q, want set.corp", got)
	}
}

// TestFlags has what of GOFLAGS is kept.
func TestFlags(t *testing.T) {
	for _, tt := range []struct {
		env, setting vars
		want         string
	}{
		{vars{}, vars{}, ""},
		{vars{"GOFLAGS": "-mod=mod"}, vars{}, ""},
		{vars{"GOFLAGS": "-modcacherw -p=4 -mod=vendor -trimpath -race"}, vars{}, "-modcacherw -p=4"},
		{vars{}, vars{"GOFLAGS": "-modcacherw -tags=a"}, "-modcacherw"},
		{vars{"GOFLAGS": "-p=2"}, vars{"GOFLAGS": "-modcacherw"}, "-p=2"},    // the environment's counts
		{vars{"GOFLAGS": ""}, vars{"GOFLAGS": "-modcacherw"}, "-modcacherw"}, // unless it is empty, as for the go command
		{vars{"GOFLAGS": "-modfile=x -print"}, vars{}, ""},
	} {
		tool := &Tool{env: tt.env.env, vars: tt.setting}
		if got := tool.flags(); got != tt.want {
			t.Errorf("%v, %v: %q, want %q", tt.env, tt.setting, got, tt.want)
		}
	}
}

// TestDecisive has what makes another binary, and what does not.
func TestDecisive(t *testing.T) {
	tool := &Tool{env: vars{"CC": "clang", "GOPROXY": "x"}.env, vars: vars{"GOTOOLCHAIN": "local", "GOROOT": "/go", "GOPROXY": "y"}}
	for _, tt := range []struct {
		c    Compile
		want string
	}{
		{Compile{OS: "linux", Arch: "arm64"}, "[GOOS=linux GOARCH=arm64 CGO=false GOTOOLCHAIN=local GOROOT=/go]"},
		{Compile{OS: "linux", Arch: "arm64", Race: true}, "[GOOS=linux GOARCH=arm64 CGO=true GOTOOLCHAIN=local GOROOT=/go CC=clang]"},
		{Compile{OS: "linux", Arch: "arm64", Offline: true, Private: []string{"a"}}, "[GOOS=linux GOARCH=arm64 CGO=false GOTOOLCHAIN=local GOROOT=/go]"},
	} {
		if got := fmt.Sprint(tool.Decisive(tt.c)); got != tt.want {
			t.Errorf("%+v: %s, want %s", tt.c, got, tt.want)
		}
	}
}

func TestUserEnvFile(t *testing.T) {
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		t.Skip("the places are another system's")
	}
	for _, tt := range []struct {
		env  vars
		want string
	}{
		{vars{"HOME": "/home/ann"}, "/home/ann/.config/go/env"},
		{vars{"HOME": "/home/ann", "XDG_CONFIG_HOME": "/xdg"}, "/xdg/go/env"},
		{vars{"HOME": "/home/ann", "XDG_CONFIG_HOME": ""}, "/home/ann/.config/go/env"},
		{vars{"HOME": "/home/ann", "GOENV": "/srv/env"}, "/srv/env"},
		{vars{"HOME": "/home/ann", "GOENV": "off"}, "off"},
		{vars{"HOME": "/home/ann", "GOENV": ""}, "/home/ann/.config/go/env"}, // as if it were not set
	} {
		if got := (&Tool{env: tt.env.env}).userEnvFile(); got != tt.want {
			t.Errorf("%v: %s, want %s", tt.env, got, tt.want)
		}
	}
}

// fakeGo writes a go command that says how often it has been asked.
func fakeGo(t *testing.T, dir, first, version string) {
	t.Helper()
	write(t, filepath.Join(dir, "go"), fmt.Sprintf("%s\necho x >>'%s/asked'\necho '{\"GOVERSION\": \"%s\", \"GOHOSTOS\": \"linux\", \"GOHOSTARCH\": \"amd64\", \"GOPRIVATE\": \" a.corp/*,, b.corp \"}'\n", first, dir, version), 0o755)
}

func asked(t *testing.T, dir string) int {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "asked"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return strings.Count(string(data), "x")
}

// TestFind has a script in place of the go command, which is asked each time.
func TestFind(t *testing.T) {
	testkit.NeedsUnix(t, "the go command is a script")
	dir := t.TempDir()
	fakeGo(t, dir, "#!/bin/sh", "go1.26.4")
	cache := &memory{}
	for n := 1; n <= 2; n++ {
		var commands []event.Event
		tool, err := Find(t.Context(), vars{"PATH": "relative:" + dir, "HOME": dir}.env, cache, func(e event.Event) { commands = append(commands, e) })
		if err != nil {
			t.Fatal(err)
		}
		if host, arch := tool.Host(); tool.Version() != "go1.26.4" || tool.Path != filepath.Join(dir, "go") || host != "linux" || arch != "amd64" {
			t.Errorf("%s %s on %s/%s", tool.Path, tool.Version(), host, arch)
		}
		if got := tool.Private(); !slices.Equal(got, []string{"a.corp/*", "b.corp"}) {
			t.Errorf("private %q", got)
		}
		if got := asked(t, dir); got != n {
			t.Errorf("the script was asked %d times, want %d", got, n)
		}
		if len(commands) != 1 || strings.Join(commands[0].Argv, " ") != filepath.Join(dir, "go")+" env -json" || commands[0].Why != "what the go command is set to" {
			t.Errorf("shown %+v", commands)
		}
	}
	_, err := Find(t.Context(), vars{"PATH": "relative:/nowhere"}.env, cache, nil)
	var hints interface{ Hints() []string }
	if !errors.Is(err, ErrNoGo) || err.Error() != "no go command on PATH" || !errors.As(err, &hints) || hints.Hints()[0] != "install Go from go.dev/dl, or add its bin directory to PATH" {
		t.Errorf("no go command: %v", err)
	}
	write(t, filepath.Join(dir, "go"), "#!/bin/sh\necho rubbish\n", 0o755)
	if _, err := Find(t.Context(), vars{"PATH": dir}.env, cache, nil); err == nil || err.Error() != "go env: invalid character 'r' looking for beginning of value" {
		t.Errorf("rubbish: %v", err)
	}
	write(t, filepath.Join(dir, "go"), "#!/bin/sh\necho go: no such tool >&2\nexit 2\n", 0o755)
	if _, err := Find(t.Context(), vars{"PATH": dir}.env, cache, nil); err == nil || err.Error() != "go env: exit status 2\ngo: no such tool" {
		t.Errorf("failing: %v", err)
	}
}

// TestFindCached has a program, which is asked once for each setting.
func TestFindCached(t *testing.T) {
	testkit.NeedsUnix(t, "the go command is a script")
	dir := t.TempDir()
	fakeGo(t, dir, "", "go1.26.4") // without a first line of #! a program, to all appearances
	link := filepath.Join(t.TempDir(), "go")
	if err := os.Symlink(filepath.Join(dir, "go"), link); err != nil {
		t.Fatal(err)
	}
	cache := &memory{}
	config := filepath.Join(dir, ".config", "go", "env")
	n := 0
	find := func(name string, env vars, want int) {
		t.Helper()
		env["HOME"] = dir
		key := ""
		tool := &Tool{Path: filepath.Join(dir, "go"), env: env.env}
		id, stable, err := identify(tool.Path)
		if err != nil || !stable {
			t.Fatalf("%s: identify: %v, stable %v", name, err, stable)
		}
		tool.ID = id
		key = tool.envKey()
		if _, ok := cache.entries["goenv/"+key]; !ok {
			n++
			if err := cache.WriteJSON(vars{"GOVERSION": "go1.26.4"}, "goenv", key); err != nil {
				t.Fatal(err)
			}
		}
		if n != want {
			t.Errorf("%s: %d keys so far, want %d", name, n, want)
		}
		found, err := Find(t.Context(), env.env, cache, nil)
		if err != nil || found.Version() != "go1.26.4" || found.ID != id {
			t.Errorf("%s: %v", name, err)
		}
		if got := asked(t, dir); got != 0 {
			t.Errorf("%s: the go command was started", name)
		}
	}
	find("first", vars{"PATH": dir}, 1)
	find("again", vars{"PATH": dir}, 1)
	find("what go env does not look at", vars{"PATH": dir, "CORP_TOKEN": "x"}, 1)
	find("another PATH, a link", vars{"PATH": filepath.Dir(link)}, 2)
	find("a setting", vars{"PATH": dir, "GOPROXY": "off"}, 3)
	write(t, config, "GOPRIVATE=a\n", 0o644)
	find("go env -w", vars{"PATH": dir}, 4)
	write(t, config, "GOPRIVATE=b\n", 0o644)
	find("go env -w again", vars{"PATH": dir}, 5)
	fakeGo(t, dir, "\n", "go1.26.5")
	find("another go command", vars{"PATH": dir}, 6)
}

// TestFindConfidential has settings with a password, by the environment and by go
// env -w. They count the second time too, and are not kept.
func TestFindConfidential(t *testing.T) {
	dir := t.TempDir()
	path, err := exec.LookPath("go")
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "env"), "GOSUMDB=https://ci:s3cret-db@sum.corp\nGOAUTH=git /s3cret-auth\n", 0o644)
	cache := &memory{}
	env := vars{"PATH": filepath.Dir(path), "HOME": testkit.TempHome(t), "GOENV": filepath.Join(dir, "env"), "GOPROXY": "https://ci:s3cret-proxy@proxy.corp", "GOCACHEPROG": "prog --token=s3cret-prog"}
	for range 2 {
		tool, err := Find(t.Context(), env.env, cache, nil)
		if err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]string{"GOPROXY": env["GOPROXY"], "GOCACHEPROG": env["GOCACHEPROG"], "GOSUMDB": "https://ci:s3cret-db@sum.corp", "GOAUTH": "git /s3cret-auth"} {
			if got := tool.Var(name); got != want {
				t.Errorf("%s is %q, want %q", name, got, want)
			}
		}
	}
	if len(cache.entries) != 1 {
		t.Errorf("%d entries", len(cache.entries))
	}
	for key, data := range cache.entries {
		if strings.Contains(string(data), "s3cret") {
			t.Errorf("%s has %s", key, data)
		}
	}
}

func TestIdentify(t *testing.T) {
	dir := t.TempDir()
	for name, tt := range map[string]struct {
		content string
		stable  bool
	}{
		"program": {"\x7fELF...", true},
		"script":  {"#!/bin/sh\nexec go1.26 \"$@\"\n", false},
	} {
		file := filepath.Join(dir, name)
		write(t, file, tt.content, 0o755)
		fi, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		id, stable, err := identify(file)
		if want := fmt.Sprintf("%s %d %d", file, len(tt.content), fi.ModTime().UnixNano()); err != nil || id != want || stable != tt.stable {
			t.Errorf("%s: %s, stable %v, %v; want %s, %v", name, id, stable, err, want, tt.stable)
		}
	}
	write(t, filepath.Join(dir, "empty"), "", 0o755)
	if _, _, err := identify(filepath.Join(dir, "empty")); err == nil {
		t.Error("an empty file is taken for a go command")
	}
}

// TestProgress splits what go build says, however it is cut up.
func TestProgress(t *testing.T) {
	const said = "go: downloading example.com/third/text v1.1.0\nruntime\nexample.com/app\n# example.com/app\napp/main.go:3:1: syntax error\nruntime\n\nunknown/package\nlast"
	for _, size := range []int{1, 3, 7, 1000} {
		var got []string
		p := &progress{target: "linux/arm64", known: map[string]bool{"runtime": true, "example.com/app": true}, sink: func(e event.Event) {
			got = append(got, fmt.Sprintf("%s %s%s %s %d", e.Kind, e.Package, e.Text, e.Target, e.Done))
		}}
		for b := []byte(said); len(b) > 0; {
			n, err := p.Write(b[:min(size, len(b))])
			if err != nil {
				t.Fatal(err)
			}
			b = b[n:]
		}
		p.flush()
		p.flush()
		want := []string{
			"debug go: downloading example.com/third/text v1.1.0  0",
			"compile-package runtime linux/arm64 1",
			"compile-package example.com/app linux/arm64 2",
			"compile-package runtime linux/arm64 3",
		}
		if !slices.Equal(got, want) {
			t.Errorf("in pieces of %d: events\n%s\nwant\n%s", size, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		if rest, want := p.rest.String(), "# example.com/app\napp/main.go:3:1: syntax error\n\nunknown/package\nlast\n"; rest != want {
			t.Errorf("in pieces of %d: the rest\n%s\nwant\n%s", size, rest, want)
		}
	}
}

// TestOnce has what is said of several places.
func TestOnce(t *testing.T) {
	const answer = "a@v1.0.0: reading https://proxy.corp/a/@v/v1.0.0.mod: 403 Forbidden\n\tserver response: not for you\n"
	const other = "b.go:1:2: a@v1.0.0: reading https://proxy.corp/a/@v/v1.0.0.mod: 403 Forbidden\n\tserver response: nor for them\n"
	said := "app/main.go:6:2: " + answer + "app/main.go:7:2: " + answer + other + "go: " + answer + "rr.go:8:2: " + answer
	want := strings.TrimSuffix("app/main.go:6:2: "+answer+other+"go: "+answer, "\n")
	if got := once(said); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

// TestNotFound reads the go command's texts for modules it could not get.
func TestNotFound(t *testing.T) {
	for _, tt := range []struct{ said, want string }{
		{"app/main.go:3:8: example.com/none@v1.0.0: unrecognized import path \"example.com/none\": https fetch: Get \"https://example.com/none?go-get=1\": dial tcp: lookup example.com: no such host", "example.com/none v1.0.0"},
		{"go: example.com/a@v1.0.0 requires\n\texample.com/b/v2@v2.0.1-rc.1: reading https://proxy.corp/example.com/b/v2/@v/v2.0.1-rc.1.mod: 404 Not Found", "example.com/b/v2 v2.0.1-rc.1"},
		{"go: example.com/a@v1.0.0: not found: module example.com/a: no matching versions", "example.com/a v1.0.0"},
		{"app/main.go:3:8: example.com/a@v1.0.0 (replaced by example.com/b@v1.0.1): reading https://proxy.corp/example.com/b/@v/v1.0.1.mod: 404 Not Found", "example.com/b v1.0.1"},
		{"app/main.go:3:8: example.com/a@v1.0.0 (replaced by ./src/example.com/a@v1.0.0): reading src/example.com/a@v1.0.0/go.mod: open /tmp/src/example.com/a@v1.0.0/go.mod: no such file or directory", ""},
		{"verifying example.com/a@v1.0.0: checksum mismatch\n\tdownloaded: h1:x\n\tgo.sum:     h1:y", ""},
		{"app/main.go:3:8: no required module provides package example.com/a; to add it:\n\tgo get example.com/a", ""},
		{"src/github.com/acme/a@v1.0.0/plugin.go:3:1: syntax error", ""},
		{"go: module src/github.com/acme/a@v1.0.0 requires go >= 1.99 (running go 1.26; GOTOOLCHAIN=local)", ""},
	} {
		err := explain(&run.Error{Path: "/go/bin/go", Args: []string{"list"}, Stderr: "go: downloading x v1.0.0\n" + tt.said, Err: errors.New("exit status 1")})
		got := ""
		if m, ok := errors.AsType[*MissingModuleError](err); ok {
			got = m.Path + " " + m.Version
			if want := "the module proxy does not have " + tt.want + "\ngo list: exit status 1\n" + tt.said; err.Error() != want {
				t.Errorf("error:\n%s\nwant:\n%s", err, want)
			}
		}
		if got != tt.want {
			t.Errorf("%s\nis about %q, want %q", tt.said, got, tt.want)
		}
	}
	other := errors.New("no space left")
	if got := explain(other); got != other {
		t.Errorf("explain made %v of %v", got, other)
	}
}

// realGo is the go command of this machine, with a module cache of its own.
func realGo(t *testing.T, settings vars) *Tool {
	t.Helper()
	env := vars{"HOME": testkit.TempHome(t), "GOMODCACHE": t.TempDir(), "GOFLAGS": "-modcacherw", "GOSUMDB": "off", "GOTOOLCHAIN": "local"}
	for _, name := range []string{"PATH", "GOCACHE"} {
		if v, ok := os.LookupEnv(name); ok {
			env[name] = v
		}
	}
	if _, ok := env["GOCACHE"]; !ok {
		dir, err := os.UserCacheDir()
		if err != nil {
			t.Fatal(err)
		}
		env["GOCACHE"] = filepath.Join(dir, "go-build")
	}
	for name, v := range settings {
		env[name] = v
	}
	tool, err := Find(t.Context(), env.env, &memory{}, nil)
	if errors.Is(err, ErrNoGo) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return tool
}

// workspace writes one with a program that imports a module, or nothing.
func workspace(t *testing.T, path, version string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	mod, imports := "module example.com/app\n\ngo 1.21\n", ""
	if path != "" {
		mod += "\nrequire " + path + " " + version + "\n"
		imports = "import _ \"" + path + "\"\n"
	}
	write(t, filepath.Join(dir, "go.work"), "go 1.21\n\nuse ./app\n", 0o644)
	write(t, filepath.Join(dir, "app", "go.mod"), mod, 0o644)
	write(t, filepath.Join(dir, "app", "main.go"), "package main\n\n"+imports+"\nfunc main() {}\n", 0o644)
	return dir
}

// TestRemoved has the go command run where the store was.
func TestRemoved(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "gone")
	_, err := realGo(t, nil).Graph(t.Context(), dir, Compile{})
	removed, ok := errors.AsType[*RemovedError](err)
	if !ok {
		t.Fatalf("got %v", err)
	}
	if got, want := testkit.Unix(err.Error()), testkit.Unix("go mod: chdir "+dir+": no such file or directory"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got, want := removed.Hints(), []string{"the store was removed meanwhile: run it again"}; !slices.Equal(got, want) {
		t.Errorf("hints: got %q, want %q", got, want)
	}
}

// TestMissing asks the real go command for what no proxy has.
func TestMissing(t *testing.T) {
	empty := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(empty.Close)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	dead := "http://" + l.Addr().String()
	l.Close()
	host := Compile{OS: runtime.GOOS, Arch: runtime.GOARCH}
	private, offline := host, host
	private.Private, offline.Offline = []string{"github.com/acme/none"}, true
	for _, tt := range []struct {
		name, proxy   string
		path, version string
		c             Compile
		want          string // the go command's words
	}{
		{"no such module", empty.URL, "example.com/none", "v1.0.0", host, "example.com/none@v1.0.0: reading " + empty.URL + "/example.com/none/@v/v1.0.0.mod: 404 Not Found\n\tserver response: 404 page not found"},
		{"with a major", empty.URL, "example.com/none/v5", "v5.1.0-rc.1", host, "example.com/none/v5@v5.1.0-rc.1: reading " + empty.URL + "/example.com/none/v5/@v/v5.1.0-rc.1.mod: 404 Not Found\n\tserver response: 404 page not found"},
		{"a pseudo-version", empty.URL, "example.com/none", "v0.0.0-20260105080807-abcdef012345", host, "example.com/none@v0.0.0-20260105080807-abcdef012345: reading " + empty.URL + "/example.com/none/@v/v0.0.0-20260105080807-abcdef012345.mod: 404 Not Found\n\tserver response: 404 page not found"},
		{"no proxy there", dead, "example.com/none", "v1.0.0", host, "example.com/none@v1.0.0: Get \"" + dead + "/example.com/none/@v/v1.0.0.mod\": dial tcp " + strings.TrimPrefix(dead, "http://") + ": connect: connection refused"},
		{"GOPROXY=off", "off", "example.com/none", "v1.0.0", host, "example.com/none@v1.0.0: module lookup disabled by GOPROXY=off"},
		{"offline", empty.URL, "example.com/none", "v1.0.0", offline, "example.com/none@v1.0.0: module lookup disabled by GOPROXY=off"},
		{"private, and not in the workspace", empty.URL, "github.com/acme/none", "v1.0.0", private, "github.com/acme/none@v1.0.0: GOVCS disallows using git for public github.com/acme/none; see 'go help vcs'"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := realGo(t, vars{"GOPROXY": tt.proxy}).Packages(context.Background(), workspace(t, tt.path, tt.version), tt.c)
			m, ok := errors.AsType[*MissingModuleError](err)
			if !ok || m.Path != tt.path || m.Version != tt.version {
				t.Fatalf("error %v, want %s %s to be missing", err, tt.path, tt.version)
			}
			failure := "the module proxy does not have "
			switch {
			case strings.Contains(tt.want, "connection refused"):
				failure = "the module proxy cannot be reached for "
			case strings.Contains(tt.want, "GOPROXY=off"):
				failure = "GOPROXY is off, and the module cache does not have "
			}
			if want := failure + tt.path + " " + tt.version + "\ngo list: exit status 1\napp/main.go:3:8: " + tt.want; testkit.Unix(err.Error()) != want {
				t.Errorf("error:\n%s\nwant:\n%s", err, want)
			}
		})
	}
}

// TestPackages lists and builds a program that needs nothing.
func TestPackages(t *testing.T) {
	tool := realGo(t, vars{"GOPROXY": "off"})
	dir := workspace(t, "", "")
	c := Compile{OS: runtime.GOOS, Arch: runtime.GOARCH, Meta: "main", Version: "v", Time: "t"}
	pkgs, err := tool.Packages(t.Context(), dir, c)
	if err != nil {
		t.Fatal(err)
	}
	if want := (Package{Path: "example.com/app", Module: "example.com/app"}); len(pkgs) < 2 || !reflect.DeepEqual(pkgs[len(pkgs)-1], want) {
		t.Errorf("packages %+v, want %+v last", pkgs, want)
	}
	if !slices.ContainsFunc(pkgs, func(p Package) bool { return p.Path == "runtime" && p.Module == "" }) {
		t.Errorf("packages %+v, want runtime among them", pkgs)
	}
	edges, err := tool.Graph(t.Context(), dir, c)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(edges, func(e [2]string) bool { return e[0] == "example.com/app" && strings.HasPrefix(e[1], "go@") }) {
		t.Errorf("graph %q, want the Go version that the program requires", edges)
	}

	exported, err := tool.Compile(dir, c, pkgs).Export(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	last := exported[len(exported)-1]
	if data, err := os.ReadFile(last.Export); !reflect.DeepEqual(last.Package, pkgs[len(pkgs)-1]) || len(exported) != len(pkgs) || len(last.Files) == 0 || last.Dir != filepath.Join(dir, "app") || len(data) == 0 {
		t.Errorf("%d packages exported, %+v last (%v)", len(exported), last, err)
	}

	write(t, filepath.Join(dir, "app", "broken.go"), "package main\n\nvar x int = \"\"\n", 0o644)
	var events []string
	tool.sink = func(e event.Event) { events = append(events, string(e.Kind)) }
	broken := tool.Compile(dir, c, pkgs)
	broken.Start()
	err = broken.Build(t.Context(), filepath.Join(t.TempDir(), "out"))
	if want := "go build: exit status 1\n# example.com/app\napp/broken.go:3:13: cannot use \"\" (untyped string constant) as int value in variable declaration"; err == nil || testkit.Unix(err.Error()) != want {
		t.Errorf("error:\n%v\nwant:\n%s", err, want)
	}
	if len(events) < 2 || events[0] != "compile-start" || events[1] != "command" || slices.Contains(events, "compile-done") {
		t.Errorf("events %q", events)
	}
}

// TestProfile compiles a program with a profile: for its types, and then to the
// end. Each package is compiled once.
func TestProfile(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles the standard library anew")
	}
	dir := workspace(t, "", "")
	write(t, filepath.Join(dir, "app", "default.pgo"), "", 0o644)
	tool := realGo(t, vars{"GOPROXY": "off", "GOCACHE": t.TempDir()})
	c := Compile{OS: runtime.GOOS, Arch: runtime.GOARCH, Meta: "main", Version: "v", Time: "t"}
	pkgs, err := tool.Packages(t.Context(), dir, c)
	if err != nil {
		t.Fatal(err)
	}
	compiled := map[string]int{}
	tool.sink = func(e event.Event) {
		if e.Kind == event.CompilePackage {
			compiled[e.Package]++
		}
	}
	compilation := tool.Compile(dir, c, pkgs)
	if _, err := compilation.Export(t.Context()); err != nil {
		t.Fatal(err)
	}
	if compiled["runtime"] != 1 {
		t.Errorf("compiled for their types: %v; want runtime among them", compiled)
	}
	if err := compilation.Build(t.Context(), filepath.Join(t.TempDir(), "out")); err != nil {
		t.Fatal(err)
	}
	for path, n := range compiled {
		if n != 1 {
			t.Errorf("%s was compiled %d times", path, n)
		}
	}
}
