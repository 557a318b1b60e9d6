package gen

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vxlite/vxlite/internal/config/parse"
	"github.com/vxlite/vxlite/internal/resolve"
	"github.com/vxlite/vxlite/internal/source"
	"github.com/vxlite/vxlite/internal/store"
	"github.com/vxlite/vxlite/internal/testkit"
)

// TestOrder makes workspaces of one config with its plugins in several orders,
// each with a store of its own: they are the same, byte for byte.
func TestOrder(t *testing.T) {
	data, err := testkit.Data("git")
	if err != nil {
		t.Fatal(err)
	}
	repos := t.TempDir()
	if _, err := testkit.BuildRepos(repos, os.DirFS(data)); err != nil {
		t.Fatal(err)
	}
	noEnv := func(string) (string, bool) { return "", false }
	generate := func(plugins ...string) (*Workspace, string) {
		t.Helper()
		text := "[roadrunner]\nref = \"v2025.1.15\"\n[git]\nmodules = [\"github.com/acme/*\"]\n[mirrors]\n\"https://github.com/\" = \"" + filepath.ToSlash(repos) + "/\"\n"
		cfg, err := parse.Data("velox.toml", []byte(text+strings.Join(plugins, "")), t.TempDir(), noEnv)
		if err != nil {
			t.Fatal(err)
		}
		store, err := store.Open(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		client, err := source.NewClient(source.Options{Store: store, Env: noEnv, Mirrors: cfg.Mirrors, Git: cfg.Git, Jobs: 4})
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		plan, err := resolve.Resolve(t.Context(), cfg, resolve.Options{Client: client, Store: store, Jobs: 4})
		if err != nil {
			t.Fatal(err)
		}
		w := mustGenerate(t, plan, Options{})
		return w, Digest(plan, w)
	}
	const (
		worker = "[plugins.worker]\nmodule_name = \"github.com/acme/worker\"\nref = \"v1.1.0\"\n"
		custom = "[plugins.custom]\nurl = \"https://github.com/acme/platform\"\nref = \"v1.0.0\"\nfolder = \"plugins/custom\"\n"
		logger = "[plugins.logger]\nmodule_name = \"github.com/roadrunner-server/logger/v5\"\nref = \"v5.1.9\"\n"
	)
	w, digest := generate(worker, custom, logger)
	for _, order := range [][]string{{logger, custom, worker}, {custom, worker, logger}} {
		other, otherDigest := generate(order...)
		if digest != otherDigest {
			t.Errorf("digest %s, in another order %s", digest, otherDigest)
		}
		for i, f := range w.Files {
			if i >= len(other.Files) || other.Files[i].Path != f.Path || string(other.Files[i].Data) != string(f.Data) {
				t.Errorf("%s differs in another order", f.Path)
			}
		}
	}
	if _, fewer := generate(worker, logger); fewer == digest {
		t.Error("a plugin less, and the digest is the same")
	}
}
