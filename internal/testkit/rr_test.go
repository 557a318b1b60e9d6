package testkit

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/rpc"
	"net/rpc/jsonrpc"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// part is a module of the server that the tests below assemble.
type part struct {
	repo, tag string
	dir       string // of the module in the repository
	plugin    bool
}

func parts() []part {
	return []part{
		{"roadrunner", "v2025.1.15", "", false},
		{"config", "v5.1.9", "", false},
		{"endure", "v2.6.2", "", false},
		{"errors", "v1.5.0", "", false},
		{"pool", "v1.1.3", "", false},
		{"lib", "v0.3.0", "", false},
		{"platform", "plugins/custom/v1.0.0", "", false},
		{"platform", "plugins/custom/v1.0.0", "plugins/custom", true},
		{"worker", "v1.1.0", "", true},
		{"fileserver", "v5.1.9", "", true},
		{"headers", "v5.2.0", "", true},
		{"http", "v5.3.0", "", true},
		{"informer", "v5.1.9", "", true},
		{"logger", "v5.1.9", "", true},
		{"resetter", "v5.1.9", "", true},
		{"rpc", "v5.1.9", "", true},
		{"server", "v5.2.10", "", true},
		{"status", "v5.1.9", "", true},
	}
}

const registry = `package container

var plugins []any

func Register(p ...any) { plugins = append(plugins, p...) }

func Plugins() []any { return plugins }
`

// mainFile takes the imports and the plugins.
const mainFile = `package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/roadrunner-server/roadrunner/v2025/container"
	"github.com/roadrunner-server/roadrunner/v2025/internal/cli"
%s)

func main() {
	without := strings.Fields(os.Getenv("WITHOUT"))
	for _, p := range []any{
%s	} {
		if !slices.Contains(without, p.(interface{ Name() string }).Name()) {
			container.Register(p)
		}
	}
	if err := cli.NewCommand("rr").Execute(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
`

// assemble makes a workspace of the parts, as design.md has it, and compiles it.
func assemble(t *testing.T) (binary string) {
	t.Helper()
	dir := t.TempDir()
	repos := readRepos(t)
	var requires, replaces, imports, plugins strings.Builder
	for i, p := range parts() {
		src := "./src/" + p.repo
		r := repo(t, repos, p.repo)
		if err := r.Export(p.tag, filepath.Join(dir, src)); err != nil {
			t.Fatal(err)
		}
		modulePath := modulePath(t, filepath.Join(dir, src, p.dir, "go.mod"))
		version := p.tag[strings.LastIndex(p.tag, "/")+1:]
		if p.dir != "" {
			src += "/" + p.dir
		}
		fmt.Fprintf(&requires, "\t%s %s\n", modulePath, version)
		fmt.Fprintf(&replaces, "\t%s => %s\n", modulePath, src)
		if p.plugin {
			fmt.Fprintf(&imports, "\tp%d %q\n", i, modulePath)
			fmt.Fprintf(&plugins, "\t\t&p%d.Plugin{},\n", i)
		}
	}
	const goMod = "module github.com/roadrunner-server/roadrunner/v2025/vxlite\n\ngo 1.26.0\n\n" +
		"exclude example.com/third/tally v1.0.2\n\n" +
		"replace example.com/third/tally v1.0.0 => example.com/third/tally v1.0.1\n\n" +
		"require (\n\texample.com/third/tally v1.0.0\n\texample.com/third/text v1.1.0\n%s)\n"
	writeFile(t, filepath.Join(dir, "app/go.mod"), fmt.Sprintf(goMod, &requires))
	writeFile(t, filepath.Join(dir, "app/main.go"), fmt.Sprintf(mainFile, &imports, &plugins))
	writeFile(t, filepath.Join(dir, "go.work"), fmt.Sprintf("go 1.26.0\n\nuse ./app\n\nreplace (\n%s)\n", &replaces))
	writeFile(t, filepath.Join(dir, "src/roadrunner/container/plugins.go"), registry)

	binary = filepath.Join(dir, "rr")
	p := startProxy(t)
	env := append(goEnv(t, p.URL), "GOWORK="+filepath.Join(dir, "go.work"))
	const meta = "github.com/roadrunner-server/roadrunner/v2025/internal/meta"
	mustRun(t, dir, env, "go", "build", "-o", binary,
		"-ldflags", "-X "+meta+".version=v2025.1.15 -X "+meta+".buildTime=2026-06-17", "./app")
	if asked := p.Asked("github.com/"); len(asked) > 0 {
		t.Errorf("the proxy was asked for %q", asked)
	}
	return binary
}

func modulePath(t *testing.T, goMod string) string {
	t.Helper()
	data, err := os.ReadFile(goMod)
	if err != nil {
		t.Fatal(err)
	}
	line, _, _ := strings.Cut(string(data), "\n")
	return strings.TrimPrefix(line, "module ")
}

const rrYAML = `# every plugin is configured
version: '3'
endure:
  log_level: debug
  grace_period: 5s
rpc:
  listen: unix://%s
logs:
  level: debug
server:
  command: "cat"
http:
  address: %s
  middleware: [headers]
  headers:
    response:
      x-made-by: stand-in
  pool:
    num_workers: 2
fileserver:
  address: %s
  serve:
    - prefix: "/"
      root: "./static"
status:
custom:
  greeting: Good day
`

// running is a server that runs.
type running struct {
	binary, config   string
	socket           string
	http, fileserver string
	cmd              *exec.Cmd
	stdout           *bufio.Scanner
	stderr           logFile
}

// logFile is a file that the server writes itself: what it has said before it is
// heard to have started is there.
type logFile string

func (f logFile) String() string {
	data, err := os.ReadFile(string(f))
	if err != nil {
		return err.Error()
	}
	return string(data)
}

// start runs the server without some plugins, until it says that it started.
func start(t *testing.T, binary, without string) *running {
	t.Helper()
	dir := t.TempDir()
	s := &running{
		binary:     binary,
		config:     filepath.Join(dir, ".rr.yaml"),
		socket:     filepath.Join(dir, "rpc.sock"),
		http:       freeAddress(t),
		fileserver: freeAddress(t),
	}
	writeFile(t, s.config, fmt.Sprintf(rrYAML, s.socket, s.http, s.fileserver))
	writeFile(t, filepath.Join(dir, "static/file.txt"), "served")
	s.cmd = exec.CommandContext(t.Context(), binary, "serve", "-c", s.config)
	s.cmd.Env = append(os.Environ(), "WITHOUT="+without)
	stderr, err := os.Create(filepath.Join(dir, "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	defer stderr.Close() // the server has its own
	s.cmd.Stderr, s.stderr = stderr, logFile(stderr.Name())
	stdout, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s.stdout = bufio.NewScanner(stdout)
	const want = "[INFO] RoadRunner server started; version: 2025.1.15, buildtime: 2026-06-17"
	if s.stdout.Scan(); s.stdout.Text() != want {
		t.Fatalf("the server says %q, want %q\n%s", s.stdout.Text(), want, s.stderr.String())
	}
	return s
}

// stop asks the server to end, which it has to do well.
func (s *running) stop(t *testing.T) {
	t.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	for s.stdout.Scan() {
	}
	if err := s.cmd.Wait(); err != nil {
		t.Errorf("%v\n%s", err, s.stderr.String())
	}
}

func (s *running) dial(t *testing.T) *rpc.Client {
	t.Helper()
	client, err := jsonrpc.Dial("unix", s.socket)
	if err != nil {
		t.Fatalf("%v\n%s", err, s.stderr.String())
	}
	t.Cleanup(func() { client.Close() })
	return client
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func get(t *testing.T, method, url, body string) (string, http.Header) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(got), resp.Header
}

// TestServer assembles a server from the stand-ins and runs it.
func TestServer(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("the test's server is stopped by a signal")
	}
	binary := assemble(t)
	t.Run("version", func(t *testing.T) {
		want := fmt.Sprintf("rr version 2025.1.15 (build time: 2026-06-17, %s), OS: %s, arch: %s\n",
			runtime.Version(), runtime.GOOS, runtime.GOARCH)
		for _, flag := range []string{"--version", "-v"} {
			if got := mustRun(t, "", nil, binary, flag); got != want {
				t.Errorf("%s: %s, want %s", flag, got, want)
			}
		}
	})
	t.Run("all", func(t *testing.T) { testAll(t, binary) })
	t.Run("without server", func(t *testing.T) { testWithoutServer(t, binary) })
	t.Run("without logger", func(t *testing.T) {
		s := start(t, binary, "logs")
		defer s.stop(t)
		want := []string{
			"custom lacks custom.Logger", "fileserver lacks fileserver.Logger", "http lacks api.Logger",
			"rpc lacks rpc.Logger", "server lacks server.NamedLogger",
		}
		if got := disabled(s); !slices.Equal(got, append(want, "informer", "resetter", "status")) {
			t.Errorf("disabled: %q", got)
		}
	})
}

func testAll(t *testing.T, binary string) {
	s := start(t, binary, "")
	defer s.stop(t)
	client := s.dial(t)
	for _, tt := range []struct {
		method string
		arg    any
		want   string
	}{
		{"custom.Hello", "wide  world", "Good day, wide world"},
		{"worker.Lib", true, "0.3.0"},
		{"status.Release", true, "5.1.9"},
		{"rpc.Version", true, "2025.1.15"},
	} {
		var got string
		if err := client.Call(tt.method, tt.arg, &got); err != nil || got != tt.want {
			t.Errorf("%s: %q, %v, want %q", tt.method, got, err, tt.want)
		}
	}
	body, header := get(t, "POST", "http://"+s.http+"/", "echo this")
	if body != "echo this" || header.Get("X-Made-By") != "stand-in" {
		t.Errorf("http: %q with %v", body, header)
	}
	if body, _ := get(t, "GET", "http://"+s.fileserver+"/file.txt", ""); body != "served" {
		t.Errorf("fileserver: %q", body)
	}
	var served int
	if err := client.Call("status.Status", "http", &served); err != nil || served != 1 {
		t.Errorf("status.Status: %d, %v", served, err)
	}
	const workers = "Workers of [http]:\nPID  STATUS  EXECS\n1    ready   1\n2    ready   0\ntotal: 2\n"
	if got := mustRun(t, "", nil, binary, "workers", "-c", s.config); got != workers {
		t.Errorf("rr workers:\n%swant\n%s", got, workers)
	}
	if got, want := mustRun(t, "", nil, binary, "-c", s.config, "reset"), "plugin reset: [http]\n"; got != want {
		t.Errorf("rr reset: %s, want %s", got, want)
	}
	if got := disabled(s); len(got) != 0 {
		t.Errorf("disabled: %q", got)
	}
}

// testWithoutServer has http disabled, and with it all that collect from it:
// the case that vxlite has to find before it builds.
func testWithoutServer(t *testing.T, binary string) {
	s := start(t, binary, "server")
	defer s.stop(t)
	want := []string{"http lacks api.Server", "informer", "resetter", "rpc", "status"}
	if got := disabled(s); !slices.Equal(got, want) {
		t.Errorf("disabled: %q, want %q\n%s", got, want, s.stderr.String())
	}
	if _, err := jsonrpc.Dial("unix", s.socket); err == nil {
		t.Error("rpc is there")
	}
	if body, _ := get(t, "GET", "http://"+s.fileserver+"/file.txt", ""); body != "served" {
		t.Errorf("fileserver: %q", body)
	}
	if out, err := command(t, "", nil, binary, "workers", "-c", s.config); err == nil {
		t.Errorf("rr workers: %s", out)
	}
}

// disabled are the plugins that the container left out, by its log, those first
// that lack something.
func disabled(s *running) []string {
	var lacking, behind []string
	for line := range strings.Lines(s.stderr.String()) {
		fields := strings.Fields(line)
		last := fields[len(fields)-1]
		switch {
		case strings.Contains(line, "not enough Init dependencies"):
			lacking = append(lacking, plugin(fields[len(fields)-2])+" "+strings.Replace(last, "=", " ", 1))
		case strings.Contains(line, "plugin disabled"):
			behind = append(behind, plugin(last))
		}
	}
	slices.Sort(lacking)
	slices.Sort(behind)
	return append(lacking, behind...)
}

// plugin is http for plugin=*http.Plugin.
func plugin(attr string) string {
	_, name, _ := strings.Cut(attr, "=*")
	return strings.TrimSuffix(name, ".Plugin")
}

// TestTrees compiles every release that [TestServer] has not.
func TestTrees(t *testing.T) {
	t.Parallel()
	repos := readRepos(t)
	env := goEnv(t, startProxy(t, repos...).URL)
	for _, r := range repos {
		for _, tag := range r.Tags() {
			commit, _ := r.lookup(tag)
			for _, dir := range r.dirsWith(commit, "go.mod") {
				name := path.Base(r.URL)
				if slices.Contains(parts(), part{name, tag, dir, true}) || slices.Contains(parts(), part{name, tag, dir, false}) {
					continue
				}
				t.Run(name+" "+tag+" "+dir, func(t *testing.T) {
					mustRun(t, export(t, r, tag, dir), env, "go", "build", "./...")
				})
			}
		}
	}
}

// TestOwnTests runs the tests that repositories have; RoadRunner's are in a
// module of their own, which its go.work finds.
func TestOwnTests(t *testing.T) {
	t.Parallel()
	repos := readRepos(t)
	env := append(goEnv(t, startProxy(t, repos...).URL), "GOWORK=")
	mustRun(t, export(t, repo(t, repos, "endure"), "v2.6.2", ""), env, "go", "test", "-vet=off", "./...")
	mustRun(t, export(t, repo(t, repos, "roadrunner"), "v2025.1.15", ""), env, "go", "test", "-vet=off", "./tests")
}

// export writes a tag's tree and returns where a directory of it is.
func export(t *testing.T, r *Repo, tag, dir string) string {
	t.Helper()
	root := t.TempDir()
	if err := r.Export(tag, root); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(root, dir)
}

// TestDirectives has what compiles only with the directives of a go.mod.
func TestDirectives(t *testing.T) {
	t.Parallel()
	repos := readRepos(t)
	env := goEnv(t, startProxy(t, repos...).URL)
	for _, tt := range []struct{ name, repo, tag, dir, pkg, edit, want string }{
		{name: "roadrunner", repo: "roadrunner", tag: "v2025.1.15", pkg: "./cmd/rr"},
		{name: "no exclude", repo: "roadrunner", tag: "v2025.1.15", pkg: "./internal/cli/workers",
			edit: "-dropexclude=example.com/third/tally@v1.0.2", want: "total.String undefined"},
		{name: "no replace", repo: "roadrunner", tag: "v2025.1.15", pkg: "./internal/cli/workers",
			edit: "-dropreplace=example.com/third/tally@v1.0.0", want: "total.String undefined"},
		{name: "custom", repo: "platform", tag: "plugins/custom/v1.0.0", dir: "plugins/custom", pkg: "."},
		{name: "custom, no replace", repo: "platform", tag: "plugins/custom/v1.0.0", dir: "plugins/custom", pkg: ".",
			edit: "-dropreplace=github.com/acme/platform", want: "undefined: greet.To"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := export(t, repo(t, repos, tt.repo), tt.tag, tt.dir)
			if tt.edit != "" {
				mustRun(t, dir, env, "go", "mod", "edit", tt.edit)
				// Go trusts a go.mod that it does not need to look beyond.
				mustRun(t, dir, env, "go", "mod", "tidy")
			}
			out, err := command(t, dir, env, "go", "build", "-o", os.DevNull, tt.pkg)
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(out, tt.want)) {
				t.Errorf("go build %s: %v\n%swant %q", tt.pkg, err, out, tt.want)
			}
		})
	}
}
