package roadrunner

import (
	"go/parser"
	"go/token"
	"slices"
	"testing"
)

// TestBundled has a list with plugins that belong to every server.
func TestBundled(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "plugins.go", `package container

import (
	"github.com/roadrunner-server/headers/v5"
	in "github.com/roadrunner-server/informer/v5"
	"github.com/roadrunner-server/resetter/v5"
)

func Plugins() []any {
	return []any{&in.Plugin{}, &resetter.Reset{}, &headers.Plugin{}, local{}, []any{struct{}{}}}
}
`, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	want := []Struct{{"github.com/roadrunner-server/informer/v5", "Plugin"}, {"github.com/roadrunner-server/resetter/v5", "Reset"}}
	if got := bundled(file); !slices.Equal(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestBaseName(t *testing.T) {
	for in, want := range map[string]string{
		"github.com/roadrunner-server/http/v5":    "http",
		"github.com/roadrunner-server/app-logger": "app-logger",
		"gopkg.in/yaml.v3":                        "yaml",
		"fmt":                                     "fmt",
		"github.com/acme/mono/plugins/cache/v2":   "cache",
	} {
		if got := BaseName(in); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

func TestWithin(t *testing.T) {
	for _, tt := range []struct {
		path, module string
		want         bool
	}{
		{"github.com/a/b", "github.com/a/b", true},
		{"github.com/a/b/c", "github.com/a/b", true},
		{"github.com/a/bc", "github.com/a/b", false},
		{"github.com/a", "github.com/a/b", false},
	} {
		if got := within(tt.path, tt.module); got != tt.want {
			t.Errorf("%s in %s: %v, want %v", tt.path, tt.module, got, tt.want)
		}
	}
}
