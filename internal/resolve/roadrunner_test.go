package resolve

import (
	"fmt"
	"strings"
	"testing"

	"golang.org/x/mod/modfile"
)

// required lists what a go.mod requires, a line each.
func required(f *modfile.File) string {
	var out []string
	for _, r := range f.Require {
		out = append(out, r.Mod.String())
	}
	return strings.Join(out, "\n")
}

// TestDropListed drops the requirements that only RoadRunner's plugin list has,
// which is replaced.
func TestDropListed(t *testing.T) {
	w := newWorld(t, release("alpha", "v1.0.0", ""))
	p := w.mustResolve("[plugins.alpha]\nmodule_name = \"github.com/acme/alpha\"\nref = \"v1.0.0\"\n")
	// headers and rpc go, rpc though a test imports it; http stays for a package
	// of it that the command line imports, the bundled ones for being bundled.
	wantText(t, "RoadRunner requires", required(p.RoadRunner.GoMod), `
example.com/third/tally@v1.0.0
github.com/roadrunner-server/config/v5@v5.1.9
github.com/roadrunner-server/http/v5@v5.3.0
github.com/roadrunner-server/informer/v5@v5.1.9
github.com/roadrunner-server/resetter/v5@v5.1.9`)
	if data, err := p.RoadRunner.GoMod.Format(); err != nil || strings.Contains(string(data), "rpc") {
		t.Errorf("go.mod as text: %v\n%s", err, data)
	}
}

// TestPrivateBundled has RoadRunner's own organisation come from git: what is
// dropped is not fetched, what is bundled is.
func TestPrivateBundled(t *testing.T) {
	archives := []string{release("alpha", "v1.0.0", "")}
	for name, version := range map[string]string{"config": "v5.1.9", "http": "v5.3.0", "informer": "v5.1.9", "resetter": "v5.1.9"} {
		archives = append(archives, strings.NewReplacer("github.com/acme/"+name+"\n\n", "github.com/roadrunner-server/"+name+"/v5\n\n",
			"github.com/acme/", "github.com/roadrunner-server/").Replace(release(name, version, "")))
	}
	w := newWorld(t, archives...)
	p := w.mustResolve("[git]\nmodules = [\"github.com/roadrunner-server/*\"]\n[plugins.alpha]\nmodule_name = \"github.com/acme/alpha\"\nref = \"v1.0.0\"\n")
	wantText(t, "modules", modules(p), `
github.com/acme/alpha v1.0.0
github.com/roadrunner-server/config/v5 v5.1.9
github.com/roadrunner-server/http/v5 v5.3.0
github.com/roadrunner-server/informer/v5 v5.1.9
github.com/roadrunner-server/resetter/v5 v5.1.9`)
}

// TestNotRoadRunner has repositories that are something else, or a RoadRunner
// with other seams.
func TestNotRoadRunner(t *testing.T) {
	plugins := "-- 1/container/plugins.go --\npackage container\n\nfunc Plugins() []any { return nil }\n"
	command := "-- 1/cmd/rr/main.go --\npackage main\n\nfunc main() {}\n"
	for _, tt := range []struct{ name, files, want string }{
		{"no list", command, "it has no container/plugins.go"},
		{"a list without the function", command + "-- 1/container/plugins.go --\npackage container\n", "container/plugins.go has no func Plugins() []any"},
		{"a method of the name", command + "-- 1/container/plugins.go --\npackage container\n\nfunc (c) Plugins() []any { return nil }\n", "container/plugins.go has no func Plugins() []any"},
		{"with parameters", command + "-- 1/container/plugins.go --\npackage container\n\nfunc Plugins(x int) []any { return nil }\n", "container/plugins.go has no func Plugins() []any"},
		{"no command", plugins, "it has no cmd/rr/main.go"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, release("rr", "v1.0.0", tt.files), release("alpha", "v1.0.0", ""))
			_, err := w.resolve("[roadrunner]\nurl = \"https://github.com/acme/rr\"\nref = \"v1.0.0\"\n[plugins.alpha]\nmodule_name = \"github.com/acme/alpha\"\nref = \"v1.0.0\"\n")
			wantError(t, err, fmt.Sprintf("velox.toml:1: roadrunner: https://github.com/acme/rr at %.12s does not look like RoadRunner: %s", w.commit("acme/rr", "v1.0.0"), tt.want))
		})
	}
}
