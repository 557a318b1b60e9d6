package pick

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vxlite/vxlite/internal/rrkeys"
	"github.com/vxlite/vxlite/internal/rryaml"
)

// TestUsed has .rr.yaml files with what asks for plugins in each way.
func TestUsed(t *testing.T) {
	reads := func(keys ...string) (out []rrkeys.Read) {
		for _, k := range keys {
			out = append(out, rrkeys.Read{Key: k})
		}
		return out
	}
	keys := &rrkeys.Keys{Own: reads("endure", "rpc"), Plugins: []rrkeys.Plugin{
		{Name: "logger", Title: "logs", Reads: reads("logs")},
		{Name: "server", Title: "server", Reads: reads("rpc", "server")},
		{Name: "rpc", Title: "rpc", Reads: reads("rpc")},
		{Name: "http", Title: "http", Reads: reads("http", "http.ssl")},
		{Name: "headers", Title: "headers", Roles: []string{"Middleware"}, Reads: reads("http", "http.headers")},
		{Name: "otel", Title: "otel", Roles: []string{"Middleware", "WorkerInterceptor"}, Reads: reads("otel")},
		{Name: "jobs", Title: "jobs", Reads: reads("jobs")},
		{Name: "kv", Title: "kv", Reads: reads("kv", "kv.{kv}.config", "{kv}")},
		{Name: "memory", Title: "memory", Roles: []string{"DriverFromConfig", "KvFromConfig"}},
		{Name: "redis", Title: "redis", Roles: []string{"KvFromConfig"}, Reads: reads("{kv}")},
		{Name: "nats", Title: "nats", Roles: []string{"DriverFromConfig"}, Reads: reads("nats", "jobs.pipelines.*.config")},
		{Name: "monitor", Reads: reads("watch")},
		{Name: "lock", Title: "lock"},
	}}
	for text, want := range map[string]string{
		"version: '3'\nendure: {}\nenvfile: x\n":                                             "",
		"logs: {}\nhttp: {headers: {}}\n":                                                    "logger: logs, f:1\nhttp: http, f:2",
		"rpc: {}\n":                                                                          "rpc: rpc, f:1",
		"http:\n  middleware:\n  - headers\n  - otel, headers\n":                             "http: http, f:1\nheaders: http.middleware, f:3; http.middleware, f:4\notel: http.middleware, f:4",
		"temporal: {interceptors: [otel]}\n":                                                 "otel: temporal.interceptors, f:1\n? f:1: no plugin of the release reads the section temporal",
		"jobs:\n  pipelines:\n    Mail: {driver: nats}\n    b: {driver: nast}\n":             "jobs: jobs, f:1\nnats: jobs.pipelines.Mail.driver, f:3\n? f:4: jobs.pipelines.b.driver: no plugin of the release provides nast, did you mean nats?",
		"kv:\n  fast: {driver: memory}\n  far: {driver: redis}\nfar: {}\n":                   "kv: kv, f:1\nmemory: kv.fast.driver, f:2\nredis: kv.far.driver, f:3",
		"kv: {a: {driver: nats}}\n":                                                          "kv: kv, f:1\n? f:1: kv.a.driver: no plugin of the release provides nats",
		"jobs: {pipelines: {a: {driver: $NONE}}}\n":                                          "jobs: jobs, f:1\n? f:1: jobs.pipelines.a.driver depends on a variable that is not set, so no plugin is added for it",
		"nats: {}\nwatch: {}\n":                                                              "nats: nats, f:1\nmonitor: watch, f:2",
		"x-pool: &p {}\nshared: {q: &q {}}\nhttp: {<<: *p, pool: *q}\nhtp: &r {}\nrpc: *r\n": "http: http, f:3\nrpc: rpc, f:5\n? f:4: no plugin of the release reads the section htp, did you mean http?",
		"htpp: {}\nmine: {}\nreload: {}\n":                                                   "? f:1: no plugin of the release reads the section htpp, did you mean http?\n? f:2: no plugin of the release reads the section mine\n? f:3: no plugin reads the section reload: RoadRunner has no such plugin since v2023.1.0",
		"http: {middleware: [gzip]}\n":                                                       "http: http, f:1\n? f:1: http.middleware: no plugin of the release provides gzip",
	} {
		file := filepath.Join(t.TempDir(), "f")
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		y, err := rryaml.Read(file, func(string) (string, bool) { return "", false })
		if err != nil {
			t.Fatal(text, err)
		}
		uses, unknown := used([]*rryaml.File{y}, keys)
		var lines []string
		for _, u := range uses {
			lines = append(lines, u.name+": "+strings.Join(u.places, "; "))
		}
		for _, u := range unknown {
			lines = append(lines, "? "+u)
		}
		if got := strings.ReplaceAll(strings.Join(lines, "\n"), file+":", "f:"); got != want {
			t.Errorf("%s\n got %s\nwant %s", text, got, want)
		}
	}
	if got := brief([]string{"a", "b", "c", "d"}); got != "a; b; c; …" {
		t.Error(got)
	}
}

// TestKinds has the .rr.yaml files of testdata, with upstream's titles: what each
// asks for, without what that needs.
func TestKinds(t *testing.T) {
	keys := &rrkeys.Keys{Own: []rrkeys.Read{{Key: "rpc"}}}
	for title, roles := range map[string]string{"logs": "", "server": "", "rpc": "", "http": "", "jobs": "", "kv": "", "grpc": "", "temporal": "", "centrifuge": "", "tcp": "",
		"metrics": "", "status": "", "fileserver": "", "service": "", "amqp": "DriverFromConfig", "memory": "DriverFromConfig KvFromConfig", "redis": "KvFromConfig",
		"memcached": "KvFromConfig", "gzip": "Middleware", "http_metrics": "Middleware", "otel": "Middleware WorkerInterceptor"} {
		keys.Plugins = append(keys.Plugins, rrkeys.Plugin{Name: title, Title: title, Roles: strings.Fields(roles)})
	}
	for kind, want := range map[string]string{
		"http": "http server", "jobs": "gzip http jobs memory rpc server", "amqp": "amqp jobs rpc server", "kv": "kv memcached redis rpc", "grpc": "grpc server",
		"temporal": "rpc server temporal", "centrifuge": "centrifuge rpc server", "tcp": "server tcp", "static": "fileserver",
		"observed": "http http_metrics logs metrics otel rpc server status",
	} {
		y, err := rryaml.Read(filepath.Join("../../testdata/rryaml", kind+".yaml"), func(string) (string, bool) { return "", false })
		if err != nil {
			t.Fatal(err)
		}
		uses, unknown := used([]*rryaml.File{y}, keys)
		var names []string
		for _, u := range uses {
			names = append(names, u.name)
		}
		slices.Sort(names)
		if got := strings.Join(names, " "); got != want || len(unknown) > 0 {
			t.Errorf("%s: %s, want %s; unknown %q", kind, got, want, unknown)
		}
	}
}
