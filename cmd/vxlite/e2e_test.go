package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
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
	var stdout, stderr bytes.Buffer
	args := []string{"vxlite", "build", "-c", cfg, "-o", dir + "/", "--mirror", "https://github.com/=" + strings.TrimSuffix(mirror, "/") + "/"}
	if status := run(t.Context(), env, &stdout, &stderr, args); status != 0 {
		t.Fatalf("status %d\n%s", status, stderr.String())
	}
	t.Log(stdout.String())
	serve(t, filepath.Join(dir, "rr"), dir)
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
