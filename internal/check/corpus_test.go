package check

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/config/parse"
	"github.com/vxlite/vxlite/internal/endure"
	"github.com/vxlite/vxlite/internal/event"
	"github.com/vxlite/vxlite/internal/rrcheck"
	"github.com/vxlite/vxlite/internal/rryaml"
	"github.com/vxlite/vxlite/internal/workspace"
)

// known are the problems of upstream's own files that are ones: by a part of the
// file's name, what is said of it. Those of others stand in their directory's
// known.txt, a line for each: the two with a tab between.
var known = map[string]string{
	// They try what is not there.
	".rr-http-middlewareNotExist.yaml":   "no plugin provides the middleware foo",
	".rr-http.yaml":                      "no plugin provides the middleware pluginMiddleware",
	".rr-http-cache-requests.yaml":       "no plugin provides the middleware cache",
	".rr-http-cache.yaml":                "no plugin provides the middleware cache",
	"otel.yaml":                          "no plugin provides the middleware tracetestOtel",
	".rr-metrics-unknown-collector.yaml": `"gaugee" is not`,
	".rr-wrong-relay.yaml":               `"pupes" is neither`,
	".rr-raw-mode.yaml":                  "http.max_requestSize: no plugin reads this key",
	"roadrunner/.rr.yaml":                "metrics.collect.app_metric_summary.objectives.", // viper splits 0.1, and metrics is disabled: the server does not say so
}

// TestUpstreamYAML checks the .rr.yaml files of upstream's repositories, and of others
// in $VXLITE_E2E_RRYAML, with all plugins of a release:
//
//	VXLITE_E2E_MIRROR=DIR VXLITE_E2E_CONFIG=velox.toml VXLITE_E2E_RRYAML=DIR go test -run UpstreamYAML ./internal/check
//
// The first directory has OWNER/NAME.git, the last PROJECT/NAME.yaml.
func TestUpstreamYAML(t *testing.T) {
	mirror, cfg, others := os.Getenv("VXLITE_E2E_MIRROR"), os.Getenv("VXLITE_E2E_CONFIG"), os.Getenv("VXLITE_E2E_RRYAML")
	if mirror == "" || cfg == "" || others == "" {
		t.Skip("VXLITE_E2E_MIRROR, VXLITE_E2E_CONFIG and VXLITE_E2E_RRYAML are not set: no .rr.yaml of upstream is checked")
	}
	check := upstream(t, mirror, cfg)
	files := extracted(t, mirror)
	more, err := filepath.Glob(filepath.Join(others, "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	known := maps.Clone(known)
	if data, err := os.ReadFile(filepath.Join(others, "known.txt")); err == nil {
		for line := range strings.Lines(string(data)) {
			name, text, _ := strings.Cut(strings.TrimSpace(line), "\t")
			known[name] = text
		}
	}
	checked := 0
	for _, file := range append(files, more...) {
		y, err := rryaml.Read(file, func(string) (string, bool) { return "", false })
		if err != nil {
			t.Logf("not read: %v", err)
			continue
		}
		if y.Root.Get("version") == nil {
			continue // of something else, or of RoadRunner 1: no server starts with it
		}
		checked++
		for _, problem := range check(y) {
			if !allowed(known, file, problem.Error()) {
				t.Error(problem)
			}
		}
	}
	t.Logf("%d files", checked)
	if checked < 250 {
		t.Errorf("only %d files", checked)
	}
}

func allowed(known map[string]string, file, problem string) bool {
	for name, text := range known {
		if strings.Contains(file+" "+problem, name) && strings.Contains(problem, text) { // it may be in an included file
			return true
		}
	}
	return false
}

// upstream returns what checks a .rr.yaml against the plugins of a config.
func upstream(t *testing.T, mirror, cfg string) func(*rryaml.File) []error {
	c, err := parse.File(cfg, os.LookupEnv)
	if err != nil {
		t.Fatal(err)
	}
	c.Mirrors = append(c.Mirrors, config.Mirror{From: "https://github.com/", To: []string{strings.TrimSuffix(mirror, "/") + "/"}})
	m := workspace.Machine{StoreDir: t.TempDir(), Env: os.LookupEnv, Sink: func(event.Event) {}}
	w, err := workspace.Prepare(t.Context(), m, workspace.Project{Config: c}, workspace.Ask{})
	if err != nil {
		t.Fatal(err)
	}
	var check func(*rryaml.File) []error
	err = w.EachTarget(t.Context(), func(target config.Target, s *endure.Set) error {
		k, err := w.Keys(t.Context(), target)
		if err != nil {
			return err
		}
		for _, p := range k.Plugins {
			if len(p.Unknown) > 0 || p.Title == "" {
				t.Errorf("%s: title %q, unknown %v", p.Name, p.Title, p.Unknown)
			}
		}
		g := endure.Decide(s)
		check = func(y *rryaml.File) []error { return rrcheck.Check(y, g, k, w.Allowance()).Problems }
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return check
}

var yamlName = regexp.MustCompile(`(^|/)\.?[^/]*\.ya?ml$`)

// extracted writes down the YAML files of each repository, of its newest tag that
// has some in tests: some repositories' later tags are without.
func extracted(t *testing.T, mirror string) []string {
	repos, err := filepath.Glob(filepath.Join(mirror, "*", "*.git"))
	if err != nil || len(repos) == 0 {
		t.Fatal(repos, err)
	}
	dir := t.TempDir()
	git := func(repo string, args ...string) string {
		out, err := exec.Command("git", append([]string{"-C", repo}, args...)...).Output()
		if err != nil {
			t.Fatal(repo, args, err)
		}
		return string(out)
	}
	var out []string
	for _, repo := range repos {
		for _, tag := range strings.Fields(git(repo, "tag", "--sort=-v:refname", "--list", "v5.*", "v2025.*", "v1.*")) {
			n := len(out)
			for _, name := range strings.Fields(git(repo, "ls-tree", "-r", "--name-only", tag)) {
				if !yamlName.MatchString(name) || strings.HasPrefix(name, ".git") || !strings.Contains(name, "rr") {
					continue
				}
				file := filepath.Join(dir, strings.TrimSuffix(filepath.Base(repo), ".git"), filepath.FromSlash(name))
				if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(file, []byte(git(repo, "show", tag+":"+name)), 0o644); err != nil {
					t.Fatal(err)
				}
				out = append(out, file)
			}
			if len(out) > n {
				break
			}
		}
	}
	return out
}
