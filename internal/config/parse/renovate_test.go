package parse

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"

	"github.com/vxlite/vxlite/internal/config"
)

// renovate is what the tests need of docs/renovate.json.
type renovate struct {
	CustomManagers []struct {
		ManagerFilePatterns []string
		MatchStrings        []string
		DepNameTemplate     string
		PackageNameTemplate string
		DatasourceTemplate  string
	}
}

// everyForm is a config with each form that the preset knows, and those that it
// must leave alone.
const everyForm = `[roadrunner] # pinned
url = "https://git.corp/rr"
ref = 'v2025.1.15'

[plugins.http]
module_name = "github.com/roadrunner-server/http/v5"
checksum = "off"
tag = "v5.2.0" # why

[plugins.gzip]
tag = "v5.1.0"
module_name = "github.com/roadrunner-server/gzip/v5"

[plugins.branch]
module_name = "github.com/acme/branch"
ref = "main"

[plugins.folder]
module_name = "github.com/acme/caches/plugins/rr"
tag = "v1.7.8"

[plugins."a.b"]
url = "ssh://git@git.corp/team/ab.git"
ref = "v1.0.0"

[plugins.mono]
url = "https://git.corp/team/mono"
ref = "v1.0.0"
folder = "plugins/mono"

[plugins.mine]
path = "../mine"

[[modules]]
module = "github.com/acme/lib"
ref = "v1.2.3"

[[modules]]
module = "github.com/acme/where"
url = "https://git.corp/where"

[plugins.last]
url = "https://git.corp/team/last.git"
ref = "v2.0.0-rc.1"
`

// TestRenovate finds in each sample config what the preset would move, with the
// regular expressions of node, which are Renovate's without re2, and with those of
// Go, which are re2's.
func TestRenovate(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "renovate.json"))
	if err != nil {
		t.Fatal(err)
	}
	var preset renovate
	if err := json.Unmarshal(data, &preset); err != nil {
		t.Fatal(err)
	}
	samples := map[string]string{"velox.toml": everyForm}
	files, err := filepath.Glob(filepath.Join("..", "..", "..", "testdata", "velox", "*.toml"))
	if err != nil || len(files) < 7 {
		t.Fatalf("%d samples: %v", len(files), err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		samples[filepath.Base(name)] = string(data)
	}
	node := byNode(t, preset, samples)
	for name, text := range samples {
		want := movable(t, name, text)
		if got := byGo(preset, text); !slices.Equal(got, want) {
			t.Errorf("%s: re2 finds\n%s\nwant\n%s", name, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		if got := node[name]; node != nil && !slices.Equal(got, want) {
			t.Errorf("%s: node finds\n%s\nwant\n%s", name, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
	if n := len(movable(t, "velox.toml", everyForm)); n != 6 {
		t.Errorf("the config with every form has %d that can be moved", n)
	}
	for _, name := range []string{"velox.toml", "ci/velox-prod.toml"} {
		for _, m := range preset.CustomManagers {
			if p := strings.Trim(m.ManagerFilePatterns[0], "/"); !regexp.MustCompile(p).MatchString(name) || m.DatasourceTemplate != "git-tags" {
				t.Errorf("%s is not for %s", p, name)
			}
		}
	}
}

// movable is what of a config the preset is for: versions of repositories that
// stand at their root, in today's form. Sorted.
func movable(t *testing.T, name, text string) []string {
	t.Helper()
	lookup := func(string) (string, bool) { return "x", true }
	text = strings.ReplaceAll(text, `"1234"`, `"name"`) // the id of a project, of which the sample has no name
	cfg, err := Data(name, []byte(text), "/w", lookup)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	add := func(repo, ref string) {
		if semver.IsValid(ref) && semver.Canonical(ref) == ref && strings.Contains(text, ref) {
			out = append(out, repo+" "+ref)
		}
	}
	add(config.RoadRunnerURL, cfg.RoadRunner.Ref)
	if strings.Contains(text, "[plugins.resetter]\ntag") { // which is always in, so the config has none
		add("https://github.com/roadrunner-server/resetter", "v5.1.2")
	}
	for _, p := range cfg.Plugins {
		prefix, _, _ := module.SplitPathVersion(p.ModulePath)
		switch {
		case strings.Count(prefix, "/") == 2 && strings.Contains(text, `"`+p.ModulePath+`"`):
			add("https://"+prefix, p.Ref)
		case p.ModulePath == "" && p.Folder == "" && strings.Contains(text, `"`+p.URL+`"`):
			add(p.URL, p.Ref)
		}
	}
	for _, m := range cfg.Modules {
		if prefix, _, _ := module.SplitPathVersion(m.Path); strings.Count(prefix, "/") == 2 {
			add("https://"+prefix, m.Ref)
		}
	}
	slices.Sort(out)
	return out
}

// found words a match as movable does.
func found(template string, groups map[string]string) string {
	repo := strings.ReplaceAll(template, "{{{depName}}}", groups["depName"])
	return cmp.Or(repo, groups["packageName"]) + " " + groups["currentValue"]
}

func byGo(preset renovate, text string) []string {
	var out []string
	for _, m := range preset.CustomManagers {
		for _, s := range m.MatchStrings {
			re := regexp.MustCompile(s)
			for _, match := range re.FindAllStringSubmatch(text, -1) {
				groups := map[string]string{}
				for i, name := range re.SubexpNames() {
					groups[name] = match[i]
				}
				out = append(out, found(m.PackageNameTemplate, groups))
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// byNode does the same in node, as Renovate does: each expression with the flag g.
func byNode(t *testing.T, preset renovate, samples map[string]string) map[string][]string {
	t.Helper()
	if _, err := exec.LookPath("node"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Log("node is not installed")
		return nil
	}
	const program = `
const [preset, samples] = JSON.parse(require("fs").readFileSync(0, "utf8"));
const out = {};
for (const [name, text] of Object.entries(samples)) {
  out[name] = preset.CustomManagers.flatMap((m, i) => m.MatchStrings.flatMap((s) =>
    [...text.matchAll(new RegExp(s, "g"))].map((match) => ({ manager: i, groups: match.groups }))));
}
console.log(JSON.stringify(out));`
	in, err := json.Marshal([]any{preset, samples})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "node", "-e", program)
	cmd.Stdin = bytes.NewReader(in)
	data, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, err.(*exec.ExitError).Stderr)
	}
	var all map[string][]struct {
		Manager int
		Groups  map[string]string
	}
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(fmt.Errorf("%w: %s", err, data))
	}
	out := map[string][]string{}
	for name, matches := range all {
		for _, m := range matches {
			out[name] = append(out[name], found(preset.CustomManagers[m.Manager].PackageNameTemplate, m.Groups))
		}
		slices.Sort(out[name])
		out[name] = slices.Compact(out[name])
	}
	return out
}
