package rryaml

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestExpand has RoadRunner's own placeholders, and what it makes of bad ones.
func TestExpand(t *testing.T) {
	env := map[string]string{"A": "1", "EMPTY": ""}
	for in, want := range map[string]string{
		"plain": "plain", "$A": "1", "${A}b": "1b", "$Ab": "", "${NONE:-x}": "x", "${A:-x}": "1", "${EMPTY:-x}": "x", "$": "$", "a$": "a$",
		"${}b": "b", "${A": "A", "$$": "", "tcp://${H:-h}:${P:-1}": "tcp://h:1", "${A}:${P:-1}": "", "$.": "$.", "$9a": "a",
	} {
		if got := expand(in, func(name string) string { return env[name] }, func() {}); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}

// TestRead has files as viper reads them.
func TestRead(t *testing.T) {
	for _, tt := range []struct {
		name, yaml string
		set        []string
		want       string // as JSON
	}{
		{"case", "HTTP: {Address: X}", nil, `{"http":{"address":"X"}}`},
		{"types", "a: [1, 2.5, yes, true, null, '3']", nil, `{"a":[1,2.5,"yes",true,null,"3"]}`},
		{"dots", "http.pool: {debug: true}\nhttp: {pool.max: 1}", nil, `{"http":{"pool":{"debug":true,"max":1}}}`},
		{"dots in lists", "a: [{0.5: 1}]", nil, `{"a":[{"0.5":1}]}`},
		{"aliases", "a: &a {x: 1}\nb: *a\nc: {<<: *a, y: 2}\nd: {<<: [{x: 3, z: 4}, *a], x: 5}", nil, `{"a":{"x":1},"b":{"x":1},"c":{"x":1,"y":2},"d":{"x":5,"z":4}}`},
		{"placeholders", "a: ${A}\nb: ${NONE}\nc: ['${A}', {d: '${A}'}]\ne: ${NONE:-5}", nil, `{"a":"1","b":null,"c":["1",{"d":"${A}"}],"e":"5"}`},
		{"set", "a: &a {x: 1}\nb: *a", []string{"A.X=2", "c.d.e= 'it\\'s' ", "a.x.y=${A}"}, `{"a":{"x":{"y":"1"}},"b":{"x":1},"c":{"d":{"e":"it's"}}}`},
		{"include", "include: [more.yaml]\na: {x: 1, y: 2}\nb: 1", []string{"a.y=3", "c=4"}, `{"a":{"x":"more"},"b":1,"c":"more","include":["more.yaml"]}`},
		{"empty", "", nil, `{}`},
		{"list", "[]", nil, ``},
		{"endless", "a: &a [*a]", nil, ``},
		{"bomb", "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e]\ng: [*f,*f,*f,*f,*f,*f,*f,*f,*f]", nil, ``},
	} {
		dir := t.TempDir()
		for name, text := range map[string]string{".rr.yaml": tt.yaml, "more.yaml": "a: {x: more}\nc: more\n"} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		y, err := Read(filepath.Join(dir, ".rr.yaml"), one, tt.set...)
		if err != nil {
			if tt.want != "" {
				t.Errorf("%s: %v", tt.name, err)
			}
			continue
		}
		if got, err := json.Marshal(y.Root.Data()); err != nil || string(got) != tt.want {
			t.Errorf("%s: %s, want %s (%v)", tt.name, got, tt.want, err)
		}
	}
}

// one has the variable A.
func one(name string) (string, bool) {
	if name == "A" {
		return "1", true
	}
	return "", false
}

// FuzzRead has any text for a .rr.yaml, and what is set over it.
func FuzzRead(f *testing.F) {
	f.Add("a.b: &x {c: ${D:-1}}\ne: [*x, {<<: *x}]\n", "a.b=c")
	f.Add("? [a]\n: b\n1: 2\n~: 3\n", "..=x")
	f.Fuzz(func(t *testing.T, text, set string) {
		b := builder{env: one}
		root, err := b.parse("x", []byte(text))
		if err != nil {
			return
		}
		_ = b.set(root, set)
		if _, err := json.Marshal(root.Data()); err != nil && !strings.Contains(err.Error(), "unsupported value") {
			t.Fatal(err)
		}
		root.Get("a").List()
	})
}
