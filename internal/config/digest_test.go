package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/config/parse"
	"github.com/vxlite/vxlite/internal/config/portable"
)

const digestBase = `
[roadrunner]
ref = "v2025.1.15"

[plugins.logger]
module_name = "github.com/roadrunner-server/logger/v5"
tag = "v5.1.9"

[plugins.mine]
path = "mine"
replace = "./fork"

[git]
modules = ["github.com/acme/*", "corp.example"]

[build]
tags = ["a", "b"]
`

// TestDigest has files that mean the same, and files that do not.
func TestDigest(t *testing.T) {
	want := digestOf(t, digestBase)
	if len(want) != len("sha256:")+64 {
		t.Fatalf("digest is %q", want)
	}
	for _, tt := range []struct {
		name, old, new string
		same           bool
	}{
		{"another order of tags", `["a", "b"]`, `["b", "a", "a"]`, true},
		{"what comes from git", `"github.com/acme/*", "corp.example"`, `"corp.example"`, true},
		{"cacheprog", "[build]", "[build]\ncacheprog = \"x\"", true},
		{"ref for tag", "tag =", "ref =", true},
		{"what is the default anyway", `tag = "v5.1.9"`, "tag = \"v5.1.9\"\nsymbol = \"Plugin\"", true},
		{"name and targets", "[build]", "[build]\nname = \"server\"\ntargets = [\"linux/arm64\"]", true},
		{"mirrors", "[git]", "[mirrors]\n\"https://github.com/\" = \"/srv/\"\n[git]", true},
		{"credentials", "[build]", "[git.credentials.\"git.corp\"]\npassword = \"x\"\n[build]", true},
		{"another tag", "v5.1.9", "v5.1.8", false},
		{"another name", "[plugins.mine]", "[plugins.other]", false},
		{"another directory", `"mine"`, `"mine2"`, false},
		{"another replacement", `"./fork"`, `"./fork2"`, false},
		{"race", "[build]", "[build]\nrace = true", false},
		{"an exclude", "[git]", "[[excludes]]\nmodule = \"a.example/b\"\nversion = \"v1.0.0\"\n[git]", false},
	} {
		text := strings.Replace(digestBase, tt.old, tt.new, 1)
		if text == digestBase {
			t.Fatalf("%s: nothing was replaced", tt.name)
		}
		if got := digestOf(t, text); (got == want) != tt.same {
			t.Errorf("%s: same is %v, not %v", tt.name, got == want, tt.same)
		}
	}
}

// TestDigestSecrets has URLs that differ in their credentials alone.
func TestDigestSecrets(t *testing.T) {
	with := config.Config{RoadRunner: config.RoadRunner{URL: "https://me:one@git.corp/rr"}}
	without := config.Config{RoadRunner: config.RoadRunner{URL: "https://git.corp/rr"}}
	if with.Digest() != without.Digest() {
		t.Error("a password counts")
	}
}

// TestDigestPortable wants the digest of a config that was carried to another
// machine.
func TestDigestPortable(t *testing.T) {
	const text = "[roadrunner]\nref = \"v1\"\nurl = \"/srv/repos/rr.git\"\n[git]\nmodules = [\"corp.example\"]\n" +
		"[plugins.a]\nurl = \"./repos/a.git\"\nref = \"v1\"\n[plugins.b]\nmodule_name = \"github.com/acme/b\"\nref = \"v1\"\n[build]\npgo = \"./x.pprof\"\ntags = [\"x\"]\n"
	c, err := parse.Data("velox.toml", []byte(text), "/srv/one", noVariables)
	if err != nil {
		t.Fatal(err)
	}
	data, err := portable.Write(c, portable.Options{Private: []string{"corp.other"}, Profile: "profile.pprof"})
	if err != nil {
		t.Fatal(err)
	}
	again, err := parse.Data("velox.toml", data, "/srv/two", noVariables)
	if err != nil {
		t.Fatal(err)
	}
	if again.Digest() != c.Digest() {
		t.Errorf("the digest differs of\n%s", data)
	}
}

// noVariables is an environment without any.
func noVariables(string) (string, bool) { return "", false }

// digestOf reads a file in a directory of its own.
func digestOf(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "velox.toml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := parse.File(file, noVariables)
	if err != nil {
		t.Fatal(err)
	}
	return c.Digest()
}
