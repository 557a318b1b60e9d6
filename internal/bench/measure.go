package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/config/parse"
	"github.com/vxlite/vxlite/internal/resolve"
	"github.com/vxlite/vxlite/internal/source"
	"github.com/vxlite/vxlite/internal/store"
)

// atOnce is how many clones git makes at a time, and how many vxlite.
const atOnce = 8

// repo is one repository of the plan, and the tag to clone.
type repo struct{ path, tag string }

// planned lists the repositories that the config needs, one each.
func (w *world) planned() ([]repo, error) {
	cfg, err := parse.File(w.config, os.LookupEnv)
	if err != nil {
		return nil, err
	}
	store, err := store.Open(filepath.Join(w.dir, "planned"))
	if err != nil {
		return nil, err
	}
	mirrors := []config.Mirror{{From: "https://github.com/", To: []string{w.repos + "/"}}}
	client, err := source.NewClient(source.Options{Store: store, Env: os.LookupEnv, Mirrors: mirrors, Git: cfg.Git, Jobs: runtime.NumCPU()})
	if err != nil {
		return nil, err
	}
	defer client.Close()
	plan, err := resolve.Resolve(context.Background(), cfg, resolve.Options{Client: client, Store: store, Jobs: runtime.NumCPU()})
	if err != nil {
		return nil, err
	}
	var out []repo
	seen := map[string]bool{}
	for _, m := range plan.Modules {
		rel, err := filepath.Rel(w.repos, m.From)
		if err != nil {
			return nil, err
		}
		if tag := m.Ref; !seen[rel] {
			seen[rel] = true
			if m.Folder != "" {
				tag = m.Folder + "/" + tag
			}
			out = append(out, repo{rel, tag})
		}
	}
	return out, nil
}

// clone is what vxlite's fetching is measured against.
func (w *world) clone(ctx context.Context, repos []repo, prefix string, env []string) (sample, error) {
	dst := filepath.Join(w.dir, "clones")
	if err := os.RemoveAll(dst); err != nil {
		return sample{}, err
	}
	return each(ctx, repos, env, func(r repo) []string {
		return []string{"-c", "advice.detachedHead=false", "clone", "-q", "--depth", "1", "--single-branch",
			"--no-tags", "--branch", r.tag, prefix + r.path + ".git", filepath.Join(dst, r.path)}
	})
}

// each runs git for each repository, several at once.
func each(ctx context.Context, repos []repo, env []string, args func(repo) []string) (sample, error) {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(atOnce)
	start := time.Now()
	for _, r := range repos {
		g.Go(func() error {
			_, err := timed(ctx, env, "", "git", args(r)...)
			return err
		})
	}
	err := g.Wait()
	return sample{wall: time.Since(start)}, err
}

// fetches measures fetching all of a config's repositories into an empty store.
func (w *world) fetches(ctx context.Context) error {
	repos, err := w.planned()
	if err != nil {
		return err
	}
	gitEnv := append(os.Environ(), fmt.Sprintf("GIT_SSH_COMMAND=ssh -F none -i %s -o IdentitiesOnly=yes -o UserKnownHostsFile=%s", w.sshd.Key, w.sshd.KnownHosts))
	ways := []struct {
		name, prefix string
		args         []string
	}{
		{"SSH", w.sshd.URL(""), []string{w.sshd.KnownHosts, w.sshd.Key}},
		{"HTTP", w.http.URL + "/", nil},
		{"local paths", w.repos + "/", nil},
	}
	for _, way := range ways {
		a, b, err := w.inTurn(func() (sample, error) {
			store := filepath.Join(w.dir, "fetched")
			if err := os.RemoveAll(store); err != nil {
				return sample{}, err
			}
			return timed(ctx, w.env, "", w.stage, append([]string{"resolve", w.config, way.prefix, store}, way.args...)...)
		}, func() (sample, error) { return w.clone(ctx, repos, way.prefix, gitEnv) })
		if err != nil {
			return err
		}
		row(fmt.Sprintf("%d repositories, %s, against git clone", len(repos), way.name), a, b)
	}
	return nil
}

// resolves measures resolving and generating with everything in the store.
func (w *world) resolves(ctx context.Context) error {
	measure := func(name, cfg, repos string) error {
		store := filepath.Join(w.dir, "resolved-"+filepath.Base(filepath.Dir(cfg)))
		a, _, err := w.inTurn(func() (sample, error) {
			return timed(ctx, w.env, "", w.stage, "resolve", cfg, repos+"/", store)
		}, nil)
		if err != nil {
			return err
		}
		row(name, a, nil)
		return nil
	}
	if err := measure("resolve and generate, all in the store", w.config, w.repos); err != nil {
		return err
	}
	if err := w.hashes(ctx); err != nil {
		return err
	}
	for _, n := range []int{10, 100, 1000} {
		repos, cfg, err := generate(filepath.Join(w.dir, fmt.Sprintf("n%d", n)), n, small)
		if err != nil {
			return err
		}
		if err := measure(fmt.Sprintf("the same, %d generated plugins", n), cfg, repos); err != nil {
			return err
		}
	}
	return nil
}

// hashes measures resolving with every module's hash to be worked out, against
// the same with the hashes known: the difference is what hashing takes.
func (w *world) hashes(ctx context.Context) error {
	store := filepath.Join(w.dir, "hashed")
	run := func() (sample, error) {
		return timed(ctx, w.env, "", w.stage, "resolve", w.config, w.repos+"/", store)
	}
	a, b, err := w.inTurn(func() (sample, error) {
		if err := os.RemoveAll(filepath.Join(store, "v1", "h1")); err != nil {
			return sample{}, err
		}
		return run()
	}, run)
	if err != nil {
		return err
	}
	row("the same with all hashes, against known ones", a, b)
	return nil
}

// compiles measures a full compile, without and with a profile, against the bare
// go command in the same workspace, and a run in which nothing changed.
func (w *world) compiles(ctx context.Context) error {
	if err := w.compile(ctx, "", w.config, true); err != nil {
		return err
	}
	profiled, err := w.profiled()
	if err != nil {
		return err
	}
	return w.compile(ctx, " with a profile", profiled, false)
}

// profiled is the config with the profile that the go command's compiler is built
// with, unless it says something of its own build. Its relative paths are those of
// a copy.
func (w *world) profiled() (file string, err error) {
	data, err := os.ReadFile(w.config)
	if err != nil {
		return "", err
	}
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return "", err
	}
	pgo := filepath.Join(strings.TrimSpace(string(root)), "src", "cmd", "compile", "default.pgo")
	if !strings.Contains(string(data), "[build]") {
		data = fmt.Appendf(data, "\n[build]\npgo = %q\n", pgo)
	}
	file = filepath.Join(w.dir, "profiled.toml")
	return file, os.WriteFile(file, data, 0o644)
}

// compile measures one config's.
func (w *world) compile(ctx context.Context, name, config string, again bool) error {
	out := filepath.Join(w.dir, "out"+name) + "/"
	store := filepath.Join(w.dir, "store"+name)
	own := append(slices.Clone(w.env), "VXLITE_CACHE="+store)
	build := []string{"build", "-q", "-c", config, "-o", out, "--mirror", "https://github.com/=" + w.repos + "/"}
	if _, err := timed(ctx, own, "", w.vxlite, build...); err != nil {
		return err
	}
	work, err := filepath.Glob(filepath.Join(store, "*", "work", "*"))
	if err != nil || len(work) != 1 {
		return fmt.Errorf("%d workspaces, not 1: %v", len(work), err)
	}
	bare := func(env ...string) (sample, error) {
		return timed(ctx, append(append(slices.Clone(own), "CGO_ENABLED=0"), env...), work[0], "go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s",
			"-o", filepath.Join(w.dir, "bare"), "./app")
	}
	empty := func(name string) (string, error) {
		dir := filepath.Join(w.dir, name)
		return "GOCACHE=" + dir, os.RemoveAll(dir)
	}
	a, b, err := w.inTurn(func() (sample, error) {
		if err := os.RemoveAll(out); err != nil {
			return sample{}, err
		}
		cache, err := empty("cache-vxlite")
		if err != nil {
			return sample{}, err
		}
		return timed(ctx, append(slices.Clone(own), cache), "", w.vxlite, build...)
	}, func() (sample, error) {
		cache, err := empty("cache-bare")
		if err != nil {
			return sample{}, err
		}
		return bare(cache)
	})
	if err != nil {
		return err
	}
	row("full compile"+name+", against go build", a, b)
	if !again {
		return nil
	}
	a, b, err = w.inTurn(func() (sample, error) { return timed(ctx, own, "", w.vxlite, build...) }, func() (sample, error) { return bare() })
	if err != nil {
		return err
	}
	row("nothing changed, against go build", a, b)
	return nil
}

// rebuilds measures a build that has nothing but a vendored archive, without
// and with compiled packages in it.
func (w *world) rebuilds(ctx context.Context) error {
	env := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + filepath.Join(w.dir, "nobody"), "TMPDIR=" + w.dir, "GOPROXY=http://127.0.0.1:1"}
	for _, how := range []struct {
		name string
		with []string
	}{
		{"rebuild from a vendored archive", nil},
		{"the same with compiled packages", []string{"--with-compile-cache"}},
	} {
		file := filepath.Join(w.dir, "vendored.tar.zst")
		vendor := append([]string{"vendor", "-q", "-c", w.config, "-o", file, "--mirror", "https://github.com/=" + w.repos + "/"}, how.with...)
		if _, err := timed(ctx, w.env, "", w.vxlite, vendor...); err != nil {
			return err
		}
		fi, err := os.Stat(file)
		if err != nil {
			return err
		}
		a, _, err := w.inTurn(func() (sample, error) {
			build := append([]string{"build", "-q", "--vendor", file, "-o", filepath.Join(w.dir, "rebuilt") + "/"}, how.with...)
			return timed(ctx, env, "", w.vxlite, build...)
		}, nil)
		if err != nil {
			return err
		}
		row(fmt.Sprintf("%s, %.0f MB", how.name, float64(fi.Size())/1e6), a, nil)
	}
	return nil
}
