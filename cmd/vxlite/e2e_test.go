package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
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
	vxlite := func(args ...string) string {
		t.Helper()
		var stdout, stderr bytes.Buffer
		args = append([]string{"vxlite"}, append(args, "--mirror", "https://github.com/="+strings.TrimSuffix(mirror, "/")+"/")...)
		if status := run(t.Context(), env, &stdout, &stderr, args); status != 0 {
			t.Fatalf("status %d\n%s", status, stderr.String())
		}
		return stdout.String()
	}
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
