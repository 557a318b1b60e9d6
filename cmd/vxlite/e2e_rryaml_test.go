package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestUpstreamKinds has a .rr.yaml for each kind of user: the config for it, the
// server, which is smaller than that with all plugins, and what the server says. It needs
// php, and the ports of the files; nothing else may answer on those of RabbitMQ and
// Temporal.
//
//	VXLITE_E2E_MIRROR=DIR go test -run UpstreamKinds -timeout 30m ./cmd/vxlite
func TestUpstreamKinds(t *testing.T) {
	mirror := os.Getenv("VXLITE_E2E_MIRROR")
	if mirror == "" {
		t.Skip("VXLITE_E2E_MIRROR is not set: upstream is not built")
	}
	samples, err := filepath.Abs("../../testdata/rryaml")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	t.Chdir(dir)
	env := func(name string) (string, bool) {
		switch name {
		case "VXLITE_CACHE":
			return filepath.Join(dir, "store"), true
		case "GOPRIVATE": // which not every proxy has
			return "github.com/redis/go-redis/extra/redisprometheus", true
		}
		return os.LookupEnv(name)
	}
	vxliteFrom(t, mirror, env, "new", "plugin", "my", "--kind", "middleware", "--ref", "v2025.1.15")
	const started = "RoadRunner server started"
	for _, tt := range []struct{ kind, plugins, says string }{
		{"http", "http logger server", "http server was started"},
		{"jobs", "gzip http jobs logger memory rpc server", "pipeline was started"},
		{"amqp", "amqp jobs logger rpc server", "dial tcp 127.0.0.1:5672: connect: connection refused"},
		{"kv", "kv logger memcached redis rpc", started},
		{"grpc", "grpc logger server", "grpc server was started"},
		{"temporal", "logger rpc server temporal", "temporal_plugin_serve"}, // the worker has no workflows
		{"centrifuge", "centrifuge logger rpc server", started},
		{"tcp", "logger server tcp", started},
		{"observed", "http logger metrics otel prometheus rpc server status", started},
		{"static", "fileserver logger", "file server started"},
	} {
		data, err := os.ReadFile(filepath.Join(samples, tt.kind+".yaml"))
		if err != nil {
			t.Fatal(err)
		}
		writeTestFile(t, ".rr.yaml", string(data))
		for name, text := range map[string]string{"public/a.txt": "a\n", "greeter.proto": "syntax = \"proto3\";\npackage demo;\nmessage M {}\nservice Greeter { rpc Hello(M) returns (M) {} }\n"} {
			writeTestFile(t, name, text)
		}
		cfg := tt.kind + ".toml"
		vxliteFrom(t, mirror, env, "init", "-c", cfg, "--ref", "v2025.1.15", "--rr", ".rr.yaml")
		if got := pluginsOf(t, cfg); got != tt.plugins {
			t.Errorf("%s: %s, want %s", tt.kind, got, tt.plugins)
		}
		vxliteFrom(t, mirror, env, "check", "-c", cfg, "--rr", ".rr.yaml")
		vxliteFrom(t, mirror, env, "build", "-c", cfg, "-o", tt.kind+"/")
		info, err := os.Stat(filepath.Join(tt.kind, "rr"))
		if err != nil || info.Size() > 40e6 {
			t.Errorf("%s: %v, %v", tt.kind, info, err)
		}
		says(t, filepath.Join(tt.kind, "rr"), tt.says)
	}
}

// pluginsOf are the names in a config, sorted.
func pluginsOf(t *testing.T, file string) string {
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, m := range regexp.MustCompile(`(?m)^\[plugins\.([^]]+)\] # (\S.*)$`).FindAllStringSubmatch(string(data), -1) {
		names = append(names, m[1])
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

// says starts a server, and waits for what it is to say.
func says(t *testing.T, rr, want string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	server := exec.CommandContext(ctx, rr, "serve", "-o", "server.command=php my/worker.php")
	server.Cancel = func() error { return server.Process.Signal(os.Interrupt) }
	server.WaitDelay = 10 * time.Second
	log, err := os.Create(rr + ".log")
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	server.Stdout, server.Stderr = log, log
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	var text []byte
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end) && !bytes.Contains(text, []byte(want)); time.Sleep(100 * time.Millisecond) {
		if text, err = os.ReadFile(log.Name()); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Contains(text, []byte(want)) {
		t.Errorf("%s does not say %q:\n%s", rr, want, text)
	}
	cancel()
	_ = server.Wait()
}
