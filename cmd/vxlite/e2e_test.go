package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestUpstream builds the server of a real config from a folder of real
// mirrors (OWNER/NAME.git) and starts it. Neither can be part of this
// repository:
//
//	VXLITE_E2E_MIRROR=DIR VXLITE_E2E_CONFIG=velox.toml go test -run Upstream -timeout 30m ./cmd/vxlite
//
// The config must have the plugins rpc, logger and fileserver.
func TestUpstream(t *testing.T) {
	mirror, cfg := os.Getenv("VXLITE_E2E_MIRROR"), os.Getenv("VXLITE_E2E_CONFIG")
	if mirror == "" || cfg == "" {
		t.Skip("VXLITE_E2E_MIRROR and VXLITE_E2E_CONFIG are not set: upstream is not built")
	}
	dir := t.TempDir()
	env := func(name string) (string, bool) {
		if name == "VXLITE_CACHE" {
			return filepath.Join(dir, "store"), true
		}
		return os.LookupEnv(name)
	}
	vxlite := func(args ...string) string { return vxliteFrom(t, mirror, env, args...) }
	t.Log(vxlite("build", "-c", cfg, "-o", dir+"/"))
	serve(t, filepath.Join(dir, "rr"), dir)
	agrees(t, vxlite("graph", "-f", "json", "-c", cfg), filepath.Join(dir, "rr"), dir, 2)

	// And a server without what http needs, which falls by chance.
	small := filepath.Join(dir, "small.toml")
	writeTestFile(t, small, only(t, cfg, "logger", "rpc", "http", "fileserver")+"\n[check]\nallow_disabled = [\"http\", \"informer\", \"resetter\", \"rpc\"]\n")
	vxlite("build", "-c", small, "-o", filepath.Join(dir, "small")+"/")
	drawn := vxlite("graph", "-f", "json", "-c", small)
	for _, want := range []string{`"state": "disabled"`, `"state": "at risk"`} {
		if !strings.Contains(drawn, want) {
			t.Errorf("no plugin has %s", want)
		}
	}
	agrees(t, drawn, filepath.Join(dir, "small", "rr"), dir, 12)
}

// vxliteFrom runs vxlite with a mirror and returns its standard output.
func vxliteFrom(t *testing.T, mirror string, env func(string) (string, bool), args ...string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	args = append([]string{"vxlite"}, append(args, "--mirror", "https://github.com/="+strings.TrimSuffix(mirror, "/")+"/")...)
	if status := run(t.Context(), env, &stdout, &stderr, args); status != 0 {
		t.Fatalf("status %d\n%s", status, stderr.String())
	}
	return stdout.String()
}

// TestUpstreamPHP has new plugins as they come, with upstream's others: a request
// goes through the middleware to the worker, and a job through the driver.
func TestUpstreamPHP(t *testing.T) {
	mirror := os.Getenv("VXLITE_E2E_MIRROR")
	if mirror == "" {
		t.Skip("VXLITE_E2E_MIRROR is not set: upstream is not built")
	}
	dir := t.TempDir()
	t.Chdir(dir)
	env := func(name string) (string, bool) {
		if name == "VXLITE_CACHE" {
			return filepath.Join(dir, "store"), true
		}
		return os.LookupEnv(name)
	}
	httpAddr, rpcAddr := freeAddr(t), freeAddr(t)
	for _, kind := range []string{"middleware", "jobs"} {
		vxliteFrom(t, mirror, env, "new", "plugin", "my-"+kind, "--kind", kind, "--ref", "v2025.1.15")
		conf := filepath.Join("my-"+kind, ".rr.yaml")
		data, err := os.ReadFile(conf)
		if err != nil {
			t.Fatal(err)
		}
		writeTestFile(t, conf, strings.NewReplacer("127.0.0.1:8080", httpAddr, "127.0.0.1:6001", rpcAddr).Replace(string(data)))
		vxliteFrom(t, mirror, env, "build", "-c", "my-"+kind+"/velox.toml", "-o", "my-"+kind+"/")
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	start := func(kind string, log io.Writer) (stop func()) {
		server := exec.CommandContext(ctx, filepath.Join("my-"+kind, "rr"), "serve", "-c", "my-"+kind+"/.rr.yaml")
		server.Stdout, server.Stderr = log, log
		if err := server.Start(); err != nil {
			t.Fatal(err)
		}
		return func() { _ = server.Process.Signal(os.Interrupt); _ = server.Wait() }
	}

	var log bytes.Buffer
	stop := start("middleware", &log)
	if got, want := fetchFile(ctx, t, "http://"+httpAddr+"/x?y=1"), "PHP got GET http://"+httpAddr+"/x?y=1\n"; got != want {
		t.Errorf("the worker answers %q, want %q", got, want)
	}
	res, err := http.Post("http://"+httpAddr+"/", "text/plain", strings.NewReader("hello"))
	if err != nil || res.Header.Get("X-My-Middleware") != "Hello" || res.Header.Get("Content-Type") != "text/plain" {
		t.Errorf("%v, %v", res, err)
	}
	stop()
	t.Log(log.String())

	out, in := io.Pipe()
	defer out.Close()
	stop = start("jobs", in)
	go func() { <-ctx.Done(); in.Close() }()
	lines := bufio.NewScanner(out)
	until := func(want string) {
		for lines.Scan() {
			t.Log(lines.Text())
			if strings.Contains(lines.Text(), want) {
				return
			}
		}
		t.Fatalf("no line has %q", want)
	}
	until("RoadRunner server started")
	pushJob(t, rpcAddr, "hello")
	until("job 1 (greet): hello")
	until("job was processed successfully")
	go func() { _, _ = io.Copy(io.Discard, out) }()
	stop()
}

// pushJob pushes a job to the pipeline test, over goridge's RPC.
func pushJob(t *testing.T, addr, payload string) {
	const method = "jobs.Push"
	data, err := json.Marshal(map[string]any{"job": map[string]any{"job": "greet", "id": "1", "payload": []byte(payload), "options": map[string]any{"pipeline": "test"}}})
	if err != nil {
		t.Fatal(err)
	}
	frame := binary.LittleEndian.AppendUint32([]byte{0x15, 0x08}, uint32(len(method)+len(data)))
	frame = append(binary.LittleEndian.AppendUint32(frame, crc32.ChecksumIEEE(frame)), 0, 0)
	frame = binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(frame, 1), uint32(len(method)))
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write(append(append(frame, method...), data...)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(conn, make([]byte, len(frame))); err != nil { // the answer
		t.Fatal(err)
	}
}

// only keeps of a config's [plugins.NAME] tables the named ones.
func only(t *testing.T, file string, names ...string) string {
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	keep := true
	for line := range strings.Lines(string(data)) {
		if strings.HasPrefix(line, "[") {
			name, isPlugin := strings.CutPrefix(strings.TrimSpace(line), "[plugins.")
			keep = !isPlugin || slices.Contains(names, strings.TrimSuffix(name, "]"))
		}
		if keep {
			out.WriteString(line)
		}
	}
	return out.String()
}

// drawnGraph is what this test uses of graph -f json.
type drawnGraph struct {
	Plugins []struct{ Name, Type, State string }
	Edges   []struct{ From, To, Kind string }
}

// endureLine is a line of Endure's debug log that says what it decided.
var endureLine = regexp.MustCompile(`(init edge found|collects edge found|plugin disabled, not enough Init dependencies|topological sort, plugin disabled|plugin disabled)\s+(\{.*\})`)

// agrees compares a graph with Endure's own debug log, over some starts: the
// edges, what is disabled, and that no plugin is initialised before one that it
// waits for, as far as the log shows the order.
func agrees(t *testing.T, drawn, rr, dir string, starts int) {
	var g drawnGraph
	if err := json.Unmarshal([]byte(drawn), &g); err != nil {
		t.Fatal(err)
	}
	names, states := map[string]string{}, map[string]string{}
	for _, p := range g.Plugins {
		names[p.Type], states[p.Name] = p.Name, p.State
	}
	edges, waits := map[string]int{}, map[[2]string]bool{}
	removal := false
	for _, e := range g.Edges {
		edges[strings.Replace(e.Kind, "provides", "init", 1)+" "+e.From+" "+e.To]++
		waits[[2]string{e.From, e.To}] = true
		removal = removal || states[e.From] != "active"
	}
	for range starts {
		log := endureLog(t, rr, dir)
		seen, fell := map[string]int{}, map[string]bool{}
		var initialised []string // those that turned themselves off, in their order
		for _, m := range endureLine.FindAllStringSubmatch(log, -1) {
			var f struct{ Src, Dest, Name, Plugin string }
			if err := json.Unmarshal([]byte(m[2]), &f); err != nil {
				t.Fatal(err)
			}
			switch kind, _, isEdge := strings.Cut(m[1], " edge"); {
			case isEdge:
				seen[kind+" "+names[f.Src]+" "+names[f.Dest]]++
			case m[1] == "plugin disabled":
				initialised = append(initialised, names[f.Name])
			default:
				fell[names[f.Name+f.Plugin]] = true
			}
		}
		for e, n := range seen {
			if n != edges[e] {
				t.Errorf("Endure has the edge %s %d times, the graph %d times", e, n, edges[e])
			}
		}
		if !removal && len(seen) != len(edges) { // else what is visited late does not see what is removed
			t.Errorf("Endure has %d edges, the graph %d", len(seen), len(edges))
		}
		for name, state := range states {
			if state == "disabled" && !fell[name] || state == "active" && fell[name] {
				t.Errorf("%s is %s, and in Endure's log disabled is %v", name, state, fell[name])
			}
		}
		for i, first := range initialised {
			for _, second := range initialised[i+1:] {
				if waits[[2]string{second, first}] {
					t.Errorf("%s is initialised before %s", first, second)
				}
			}
		}
		t.Logf("%d edges, %d initialised and off, disabled: %v", len(seen), len(initialised), slices.Sorted(maps.Keys(fell)))
	}
}

// endureLog starts a server with nothing configured and returns its log.
func endureLog(t *testing.T, rr, dir string) string {
	conf := filepath.Join(dir, "debug.yaml")
	writeTestFile(t, conf, fmt.Sprintf("version: '3'\nendure:\n  log_level: debug\nlogs:\n  level: debug\nrpc:\n  listen: tcp://%s\n", freeAddr(t)))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	file, err := os.Create(filepath.Join(dir, "debug.log"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	server := exec.CommandContext(ctx, rr, "serve", "-c", conf)
	server.Cancel = func() error { return server.Process.Signal(os.Interrupt) }
	server.WaitDelay = 10 * time.Second
	server.Stdout, server.Stderr = file, file
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	for ctx.Err() == nil {
		data, err := os.ReadFile(file.Name())
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(data), "server started") {
			cancel()
			_ = server.Wait()
			return string(data)
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("the server does not start")
	return ""
}

// serve starts the server and asks it for a file over HTTP and for its
// workers over RPC.
func serve(t *testing.T, rr, dir string) {
	rpcAddr, fileAddr := freeAddr(t), freeAddr(t)
	conf := filepath.Join(dir, ".rr.yaml")
	yaml := fmt.Sprintf("version: '3'\nrpc:\n  listen: tcp://%s\nlogs:\n  level: info\nfileserver:\n  address: %s\n  serve:\n    - prefix: \"/\"\n      root: %q\n",
		rpcAddr, fileAddr, filepath.Join(dir, "static"))
	writeTestFile(t, conf, yaml)
	writeTestFile(t, filepath.Join(dir, "static", "hello.txt"), "hello over http\n")

	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	server := exec.CommandContext(ctx, rr, "serve", "-c", conf)
	server.Cancel = func() error { return server.Process.Signal(os.Interrupt) }
	server.WaitDelay = 10 * time.Second
	var log bytes.Buffer
	server.Stdout, server.Stderr = &log, &log
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		cancel()
		_ = server.Wait()
		t.Log(log.String())
	}()
	if got := fetchFile(ctx, t, "http://"+fileAddr+"/hello.txt"); got != "hello over http\n" {
		t.Errorf("the file server answers %q", got)
	}
	if out, err := exec.CommandContext(ctx, rr, "workers", "-c", conf).CombinedOutput(); err != nil {
		t.Errorf("rr workers: %v\n%s", err, out)
	}
}

// fetchFile asks until the server is up.
func fetchFile(ctx context.Context, t *testing.T, url string) string {
	for ctx.Err() == nil {
		res, err := http.Get(url)
		if err != nil {
			time.Sleep(50 * time.Millisecond)
			continue
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(body)
	}
	t.Fatal("the server does not answer")
	return ""
}

func freeAddr(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func writeTestFile(t *testing.T, name, data string) {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(data), 0o644); err != nil {
		t.Fatal(err)
	}
}
