package rrcheck

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vxlite/vxlite/internal/endure"
	"github.com/vxlite/vxlite/internal/rrkeys"
	"github.com/vxlite/vxlite/internal/rryaml"
)

func is(k rrkeys.Kind) *rrkeys.Type { return &rrkeys.Type{Kind: k} }

func list(elem *rrkeys.Type) *rrkeys.Type { return &rrkeys.Type{Kind: rrkeys.List, Elem: elem} }

func mapping(elem *rrkeys.Type) *rrkeys.Type { return &rrkeys.Type{Kind: rrkeys.Map, Elem: elem} }

func structure(fields ...rrkeys.Field) *rrkeys.Type {
	return &rrkeys.Type{Kind: rrkeys.Struct, Fields: fields}
}

func field(name string, t *rrkeys.Type) rrkeys.Field { return rrkeys.Field{Name: name, Type: t} }

// keys are those of a server with app, which decodes all there is, drivers of jobs
// and kv, and lax, of which only a schema is known.
func keys() *rrkeys.Keys {
	app := structure(field("address", is(rrkeys.String)), field("workers", is(rrkeys.Uint)), field("debug", is(rrkeys.Bool)),
		field("ratio", is(rrkeys.Float)), field("timeout", is(rrkeys.Duration)), field("level", is(rrkeys.String)), field("encoding", is(rrkeys.String)),
		field("pool", structure(field("allocate_timeout", is(rrkeys.Duration)))), field("any", is(rrkeys.Any)),
		field("names", list(is(rrkeys.String))), field("ports", list(is(rrkeys.Int))), field("env", mapping(is(rrkeys.String))),
		field("users", mapping(structure(field("name", is(rrkeys.String))))), field("rules", list(structure(field("allow", is(rrkeys.Bool))))))
	part := structure(field("prefetch", is(rrkeys.Int)))
	return &rrkeys.Keys{
		Own: []rrkeys.Read{{Key: "version", Into: is(rrkeys.Any)}, {Key: "rpc.listen", Into: is(rrkeys.Any)}},
		Plugins: []rrkeys.Plugin{
			{Name: "app", Module: "github.com/acme/app/v2", Title: "app", Reads: []rrkeys.Read{{Key: "app", Into: app}}},
			{Name: "wrap", Module: "github.com/acme/wrap", Title: "wrap", Roles: []string{"Middleware"}, Reads: []rrkeys.Read{{Key: "app.wrap", Into: part}}},
			{Name: "jobs", Module: "github.com/acme/jobs", Title: "jobs", Reads: []rrkeys.Read{{Key: "jobs",
				Into: structure(field("consume", list(is(rrkeys.String))), field("pipelines", mapping(mapping(is(rrkeys.Any)))))}}},
			{Name: "kv", Module: "github.com/acme/kv", Title: "kv", Reads: []rrkeys.Read{{Key: "kv", Into: mapping(is(rrkeys.Any))}, {Key: "kv.{kv}.config"}, {Key: "{kv}"}}},
			{Name: "amqp", Module: "github.com/acme/amqp", Title: "amqp", Roles: []string{"DriverFromConfig"},
				Reads: []rrkeys.Read{{Key: "amqp", Into: structure(field("addr", is(rrkeys.String)))}, {Key: "jobs.pipelines.*.config", Into: part}}},
			{Name: "redis", Module: "github.com/acme/redis", Title: "redis", Roles: []string{"KvFromConfig"},
				Reads: []rrkeys.Read{{Key: "kv.{kv}.config", Into: structure(field("addrs", list(is(rrkeys.String))))}, {Key: "{kv}", Into: structure(field("addrs", list(is(rrkeys.String))))}}},
			{Name: "lax", Module: "github.com/acme/lax", Title: "lax", Reads: []rrkeys.Read{{Key: "lax", Into: is(rrkeys.Any)}}},
			{Name: "always", Module: "github.com/acme/always", Title: "always"},
		},
		Schemas: map[string][]byte{
			"github.com/acme/app/v2": []byte(`{"type": "object", "additionalProperties": false, "required": ["address"], "properties": {
				"level": {"enum": ["debug", "info"]}, "encoding": {"enum": ["console", "json"]}, "workers": {"type": "integer", "minimum": 1, "maximum": 9}, "timeout": {"pattern": "^[0-9]+s$"}, "later": {},
				"names": {"items": {"enum": ["a", "b"]}}, "middleware": {"items": {"enum": ["gzip"]}}}}`),
			"github.com/acme/jobs": []byte(`{"type": "object", "properties": {"pipelines": {"patternProperties": {".": {"oneOf": [
				{"$ref": "https://raw.githubusercontent.com/acme/amqp/refs/heads/master/schema.json#/definitions/pipeline"},
				{"$ref": "https://raw.githubusercontent.com/acme/nats/refs/heads/master/schema.json#/definitions/pipeline"}]}}}}}`),
			"github.com/acme/amqp": []byte(`{"definitions": {"driver": {"type": "object", "properties": {"addr": {"type": "string"}}}, "pipeline": {"type": "object",
				"additionalProperties": false, "properties": {"driver": {"enum": ["amqp"]}, "priority": {"type": "integer"}, "config": {"type": "object", "properties": {"queue": {}}}}}}}`),
			"github.com/acme/lax": []byte(`{"$id": "https://example.com/lax.json", "type": "object", "additionalProperties": false, "properties": {
				"n": {"type": "integer"}, "s": {"type": ["string", "boolean"]}, "l": {"type": "array"}, "me": {"$ref": "https://example.com/lax.json"},
				"other": {"$ref": "https://example.com/none.json#/definitions/x"}, "missing": {"$ref": "#/definitions/none"},
				"mode": {"if": {"properties": {"kind": {"const": "a"}}}, "then": {"properties": {"x": {"enum": [1]}}}, "else": {"properties": {"x": {"enum": [2]}}}},
				"one": {"oneOf": [{"type": "integer"}, {"type": "object", "additionalProperties": false, "properties": {"port": {"type": "integer"}}}]}}}`),
			"github.com/acme/bad": []byte(`{`),
		},
	}
}

func graph(k *rrkeys.Keys) *endure.Graph {
	s := &endure.Set{}
	for _, p := range k.Plugins {
		s.Plugins = append(s.Plugins, endure.Plugin{Name: p.Name, Module: p.Module, Title: p.Title})
	}
	// jobs and kv collect their drivers.
	s.Plugins[2].Collects = []endure.Want{{Methods: []string{"DriverFromConfig(string) any"}, Offers: []endure.Offer{{Plugin: 4}}}}
	s.Plugins[3].Collects = []endure.Want{{Methods: []string{"KvFromConfig(string) any"}, Offers: []endure.Offer{{Plugin: 5}}}}
	s.Plugins[0].Init = []endure.Want{{Offers: []endure.Offer{{Plugin: 3}}}}
	return endure.Decide(s)
}

// checked returns what is said of a .rr.yaml with a section.
func checked(t *testing.T, k *rrkeys.Keys, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(file, []byte("version: '3'\n"+text), 0o644); err != nil {
		t.Fatal(err)
	}
	y, err := rryaml.Read(file, func(string) (string, bool) { return "", false })
	if err != nil {
		t.Fatal(text, err)
	}
	r := Check(y, graph(k), k, endure.Allowance{})
	var out []string
	for _, p := range r.Problems {
		out = append(out, strings.Join(append([]string{p.Error()}, p.(*rryaml.Error).Hint...), " "))
	}
	for _, m := range r.Remarks {
		out = append(out, "note: "+m)
	}
	return strings.ReplaceAll(strings.Join(out, "\n"), file+":", "")
}

// TestContents has keys and values of each type, as RoadRunner decodes them, and what
// schemas say besides.
func TestContents(t *testing.T) {
	for text, want := range map[string]string{
		// What mapstructure makes of it.
		"app: {address: 5, workers: '2', debug: '1', ratio: 1, timeout: 10s, any: {x: 1}}":      "",
		"app: {address: true, workers: 2.0, debug: 1, ratio: '.5', timeout: 1000000, NAMES: a}": "",
		"app: {timeout: 60}":                  "2: app.timeout: 60 without a unit is 60 nanoseconds write 60s, or another unit",
		"app: {timeout: 0}":                   "",
		"app: {pool: {allocate_timeout: 60}}": "2: app.pool.allocate_timeout: 60 without a unit is 60 nanoseconds write 60s, or another unit",
		"app: {workers: 10s}":                 `2: app.workers: "10s" is not a whole number write the number without a unit`,
		"app: {names: 'a,b', ports: '1,2', env: {A: 1}, users: {x: {Name: y}}, rules: {allow: false}}": "",
		"app: {names: [a], ports: [1, '2'], env: [], rules: [{allow: 'true'}], users: }":               "",
		"app: {workers: $N, debug: '${N}', timeout: '${N:-1h}', names: [$N]}":                          "",
		"app: {workers: '${N:-two}'}":   `2: app.workers: "two" is not a whole number`,
		"app: {workers: -1}":            "note: 2: app.workers: -1 is less than 1",
		"app: {workers: [1]}":           "2: app.workers: a list is not a whole number",
		"app: {debug: maybe}":           `2: app.debug: "maybe" is not true or false`,
		"app: {ratio: x}":               `2: app.ratio: "x" is not a number`,
		"app: {timeout: '10'}":          `2: app.timeout: "10" is not a duration such as 10s or 1m30s`,
		"app: {address: {a: 1}}":        "2: app.address: a mapping is not a string",
		"app: {ports: 'a,1'}":           `2: app.ports: "a,1" is not a list`,
		"app: {env: x}":                 `2: app.env: "x" is not a mapping`,
		"app: {users: {x: y}}":          `2: app.users.x: "y" is not a mapping`,
		"app: [a]":                      "2: app: a list is not a mapping",
		"app: {ports.http: 1}":          "2: app.ports: a mapping is not a list RoadRunner takes the key ports.http apart at its dot",
		"app.ports.1: x":                "2: app.ports: a mapping is not a list RoadRunner takes the key app.ports.1 apart at its dot",
		"app.level.all: x":              "2: app.level: a mapping is not a string RoadRunner takes the key app.level.all apart at its dot",
		"app:\n  rules:\n  - alow: 1\n": "4: app.rules.0.alow: no plugin reads this key did you mean allow?",
		// Keys.
		"app: {adress: x}":                     "2: app.adress: no plugin reads this key did you mean address?",
		"app: {adress: x, address: y}":         "note: 2: app.adress: no plugin reads this key",
		"app: {obsolete: 1}":                   "note: 2: app.obsolete: no plugin reads this key",
		"app: {later: 1, wrap: {prefetch: 1}}": "",
		"app: {wrap: {prefetsh: 1}}":           "2: app.wrap.prefetsh: no plugin reads this key did you mean prefetch?",
		"app: {users: {x: {nmae: y}}}":         "2: app.users.x.nmae: no plugin reads this key did you mean name?",
		// Words, bounds, and what is not asked for: what a schema requires.
		"app: {level: trace}":    `2: app.level: "trace" is not debug or info`,
		"app: {level: INFO}":     "",
		"app: {encoding: json}":  "",
		"app: {encoding: JSON}":  `2: app.encoding: "JSON" is not console or json did you mean json?`,
		"app: {level: Warning}":  "", // zap takes it
		"app: {level: ifno}":     `2: app.level: "ifno" is not debug or info did you mean info?`,
		"app: {level: $NONE}":    "",
		"app: {debug: no}":       `2: app.debug: "no" is not true or false`,
		"app: {names: [a, c]}":   `2: app.names.1: "c" is not a or b did you mean a?`,
		"app: {workers: 10}":     "note: 2: app.workers: 10 is more than 9",
		"app: {timeout: 1m}":     "",
		"rpc: {listen: x, y: 1}": "",
		// Only a schema.
		"lax: {n: '1', s: 1, l: x}":          "",
		"lax: {n: x}":                        `2: lax.n: "x" is not a whole number`,
		"lax: {s: [x]}":                      "2: lax.s: a list is not a string",
		"lax: {me: {me: {nn: 1}}}":           "2: lax.me.me.nn: no plugin reads this key did you mean n?",
		"lax: {other: {x: [1]}, missing: 1}": "",
		"lax: {mode: {kind: a, x: 2}}":       "2: lax.mode.x: 2 is not 1 did you mean 1?",
		"lax: {mode: {kind: b, x: 2}}":       "",
		"lax: {one: '5'}":                    "",
		"lax: {one: {prot: 5}}":              "2: lax.one.prot: no plugin reads this key did you mean port?",
		"lax: {one: {port: [5]}}":            "2: lax.one.port: a list is not a whole number",
		// Drivers.
		"jobs: {pipelines: {a: {driver: amqp, config: {prefetch: 1, queue: q}}}}\namqp: {addr: x}": "",
		"jobs: {pipelines: {a: {driver: amqp, priority: 1, config: {prefetsh: 1}}}}":               "2: jobs.pipelines.a.config.prefetsh: no plugin reads this key did you mean prefetch?",
		"jobs: {pipelines: {a: {driver: amqp, priority: x}}}":                                      `2: jobs.pipelines.a.priority: "x" is not a whole number`,
		"jobs: {pipelines: {a: {driver: amqp, prioirty: 1}}}":                                      "2: jobs.pipelines.a.prioirty: no plugin reads this key did you mean priority?",
		"jobs: {pipelines: {a: {driver: amqp, confg: {}}}}":                                        "2: jobs.pipelines.a.confg: no plugin reads this key did you mean config?",
		"jobs: {pipelines: {a: {driver: amqp, queue: q, tags: 1}}}":                                "",
		"jobs: {pipelines: {a: {driver: $D, config: {prefetsh: 1}}}}":                              "",
		"jobs: {consume: [a, $NONE], pipelines: {a: {driver: amqp}}}":                              "",
		"jobs: {consume: 'a,c', pipelines: {a: {driver: amqp}}}":                                   "2: jobs.consume: there is no pipeline c did you mean a?",
		"jobs: {consume: long, pipelines: {a: {driver: amqp}}}":                                    "2: jobs.consume: there is no pipeline long there are: a",
		"jobs: {consume: [x]}":                                    "2: jobs.consume: there is no pipeline x",
		"kv: {x: {driver: redis, config: {adrs: 1}}}":             "2: kv.x.config.adrs: no plugin reads this key did you mean addrs?",
		"kv: {far-away: {driver: redis}}\nfar-away: {addrs: [1]}": "",
		"kv: {far-away: {driver: redis}}\nfar-away: {addr: [1]}":  "3: far-away.addr: no plugin reads this key did you mean addrs?",
		"kv: {near: {driver: redis}}\nfar-away: {}":               "3: no plugin reads the section far-away",
		// Sections for aliases, which the server does not look at.
		"x-common: &pool {prefetch: 1}\napp: {wrap: {<<: *pool}}": "",
		"x-none: 1": "",
		"shared:\n  pool: &pool {prefetch: 1}\napp: {wrap: *pool}": "",
		"shared: &pool {prefetch: 1}\napp: {wrap: {prefetch: 1}}":  "2: no plugin reads the section shared",
		"app: {wrap: &pool {prefetch: 1}}\nshared: *pool":          "3: no plugin reads the section shared",
		"apps: &pool {prefetch: 1}\napp: {wrap: *pool}":            "2: no plugin reads the section apps did you mean app?",
		// The order is the file's.
		"app: {adress: x}\nnothing: 1\njobs: {consume: [x]}": "2: app.adress: no plugin reads this key did you mean address?\n3: no plugin reads the section nothing\n4: jobs.consume: there is no pipeline x",
		"app: {obsolete: 1}\nreload: {}\nlax: {nothing: 1}":  "note: 2: app.obsolete: no plugin reads this key\nnote: 3: no plugin reads the section reload: RoadRunner has no such plugin since v2023.1.0\nnote: 4: lax.nothing: no plugin reads this key",
		"reload: {}": "note: 2: no plugin reads the section reload: RoadRunner has no such plugin since v2023.1.0",
	} {
		for range 3 { // a map's order has no say
			if got := checked(t, keys(), text); got != want {
				t.Errorf("%s\n got %s\nwant %s", text, got, want)
				break
			}
		}
	}
}

// TestUnused has plugins that are used by a section, as a driver, by others that
// are, or without a section.
func TestUnused(t *testing.T) {
	k := keys()
	for text, want := range map[string]string{
		"":                                "app, wrap, jobs, kv, amqp, redis, lax",
		"app: {}":                         "wrap, jobs, amqp, redis, lax", // app needs kv
		"http: {middleware: 'gzip,wrap'}": "app, jobs, kv, amqp, redis, lax",
		"jobs: {pipelines: {a: {driver: amqp}}}\nlax: 1": "app, wrap, kv, redis",
		"jobs: {pipelines: {a: {driver: ampq}}}":         "app, wrap, kv, redis, lax", // a slip is no reason to remove one
		"lx: 1":                                          "app, wrap, jobs, kv, amqp, redis",
		"amqp: {}":                                       "app, wrap, jobs, kv, redis, lax",
		"kv: {x: {driver: $NONE}}":                       "app, wrap, jobs, amqp, lax",
	} {
		file := filepath.Join(t.TempDir(), "f")
		if err := os.WriteFile(file, []byte("version: '3'\n"+text), 0o644); err != nil {
			t.Fatal(err)
		}
		y, err := rryaml.Read(file, func(string) (string, bool) { return "", false })
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(Check(y, graph(k), k, endure.Allowance{}).Unused, ", "); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

// FuzzSchema has any schema for a section.
func FuzzSchema(f *testing.F) {
	f.Add([]byte(keys().Schemas["github.com/acme/lax"]), "lax: {n: 1, mode: {x: 1}, one: [1]}")
	f.Add([]byte(`{"type": "object", "$ref": "#", "allOf": [{"$ref": "#/definitions/a"}, {"$ref": "#/definitions/a"}], "definitions": {"a": {"anyOf": [{"$ref": "#/definitions/a"}, {"not": {}}]}}}`), "lax: {a: 1}")
	f.Fuzz(func(t *testing.T, schema []byte, text string) {
		k := keys()
		k.Schemas["github.com/acme/lax"] = schema
		file := filepath.Join(t.TempDir(), "f")
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if y, err := rryaml.Read(file, func(string) (string, bool) { return "", false }); err == nil {
			Check(y, graph(k), k, endure.Allowance{})
		}
	})
}

// TestAddresses has what RoadRunner's rpc and server take, and what they end over.
func TestAddresses(t *testing.T) {
	with := keys()
	for _, name := range []string{"rpc", "server"} {
		with.Plugins = append(with.Plugins, rrkeys.Plugin{Name: name, Module: "github.com/roadrunner-server/" + name + "/v5", Title: name,
			Reads: []rrkeys.Read{{Key: name, Into: structure(field("listen", is(rrkeys.String)), field("relay", is(rrkeys.String)))}}})
	}
	for text, want := range map[string]string{
		"rpc: {listen: tcp://127.0.0.1:6001}":           "",
		"rpc: {listen: unix://rr.sock}":                 "",
		"rpc: {listen: ''}":                             "",
		"rpc: {listen: $NONE}":                          "",
		"rpc: {listen: '127.0.0.1:6001'}":               `2: rpc.listen: "127.0.0.1:6001" is not an address such as tcp://127.0.0.1:6001 or unix://rr.sock did you mean tcp://127.0.0.1:6001?`,
		"rpc: {listen: '${NONE:-:6001}'}":               `2: rpc.listen: ":6001" is not an address such as tcp://127.0.0.1:6001 or unix://rr.sock did you mean tcp://:6001?`,
		"rpc: {listen: 6001}":                           "2: rpc.listen: 6001 is not an address such as tcp://127.0.0.1:6001 or unix://rr.sock",
		"rpc: {listen: http://127.0.0.1:6001}":          `2: rpc.listen: "http://127.0.0.1:6001" is not an address such as tcp://127.0.0.1:6001 or unix://rr.sock`,
		"server: {relay: pipes}":                        "",
		"server: {relay: unix://rr.sock}":               "",
		"server: {relay: pipe}":                         `2: server.relay: "pipe" is neither pipes nor an address such as tcp://127.0.0.1:6002 or unix://rr.sock did you mean pipes?`,
		"server: {relay: Pipes}":                        `2: server.relay: "Pipes" is neither pipes nor an address such as tcp://127.0.0.1:6002 or unix://rr.sock did you mean pipes?`,
		"server: {relay: 'tcp://127.0.0.1:1,tcp://:2'}": `2: server.relay: "tcp://127.0.0.1:1,tcp://:2" is neither pipes nor an address such as tcp://127.0.0.1:6002 or unix://rr.sock`,
	} {
		if got := checked(t, with, text); got != want {
			t.Errorf("%s:\n%s\nwant\n%s", text, got, want)
		}
	}
	if got := checked(t, keys(), "rpc: {listen: '127.0.0.1:6001'}"); got != "" {
		t.Errorf("without rpc: %s", got)
	}
}
