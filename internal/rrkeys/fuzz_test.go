package rrkeys

import (
	"os"
	"path/filepath"
	"testing"
)

// FuzzLoad has any Go source for a plugin: what can't be read is left out, and
// nothing hangs or panics.
func FuzzLoad(f *testing.F) {
	f.Add("package p\n\ntype C interface{ Has(string) bool }\n\ntype Plugin struct{}\n\nfunc (*Plugin) Init(c C) { c.Has(\"a.\" + b) }\n\nvar b = b\n")
	f.Add("package p\n\nimport \"fmt\"\n\ntype T struct{ A *T; B []T }\n\nfunc F(cfg interface{ UnmarshalKey(string, any) error }, k string) { cfg.UnmarshalKey(fmt.Sprintf(\"%s.%d%%\", k, 1), &T{}); F(cfg, k+k) }\n\nvar _ = F(nil, \"x\")\n")
	f.Fuzz(func(t *testing.T, src string) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "p.go"), []byte(src), 0o644); err != nil {
			t.Fatal(err)
		}
		in := Input{Plugins: []Source{{Name: "p", Module: "example.com/a/p", Import: "example.com/a/p", Symbol: "Plugin"}},
			Modules: []Module{{Path: "example.com/a/p", Dir: dir}}, GOOS: "linux", GOARCH: "amd64"}
		k, err := Load(t.Context(), in)
		if err != nil || len(k.Plugins) != 1 {
			t.Fatal(k, err)
		}
	})
}
