package mirror

import (
	"context"
	"os"
	"path/filepath"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/config/parse"
	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/mirrordir"
	"github.com/vxlite/vxlite/internal/scaffold"
	"github.com/vxlite/vxlite/internal/workspace"
)

// releases makes a config of each release that is asked for, with all of its plugins,
// and puts it into the mirror: its lock is kept beside it.
func (f *filler) releases(ctx context.Context) (out []Config, err error) {
	for _, ref := range f.ask.Releases {
		c, err := f.release(ctx, ref)
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, nil
}

func (f *filler) release(ctx context.Context, ref string) (Config, error) {
	cfg := *f.ask.Settings
	cfg.RoadRunner = config.RoadRunner{Ref: ref, URL: config.RoadRunnerURL}
	k, err := f.open(ctx, Config{Project: workspace.Project{Config: &cfg}})
	if err != nil {
		return Config{}, err
	}
	defer k.client.Close()
	// First, so that it is fetched once.
	if err := f.fetch(ctx, []job{{client: k.client, name: config.RoadRunnerName, url: cfg.RoadRunner.URL}}); err != nil {
		return Config{}, err
	}
	rel, err := scaffold.Release(ctx, untold(f.machine), f.mirrored(k))
	if err != nil {
		return Config{}, err
	}
	text, _, err := scaffold.Config(rel, nil, nil)
	if err != nil {
		return Config{}, err
	}
	name := filepath.ToSlash(filepath.Join(mirrordir.ReleasesDir, rel.Ref, "velox.toml"))
	file := f.at.Path(name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return Config{}, err
	}
	if err := disk.Write(file, text, 0o644); err != nil {
		return Config{}, err
	}
	own, err := parse.File(file, f.machine.Env)
	if err != nil {
		return Config{}, err
	}
	own.Mirrors, own.Git, own.Limits, own.Notes = cfg.Mirrors, cfg.Git, cfg.Limits, nil
	// Its lock is for whoever has the file alone.
	own.Git.Modules = nil
	return Config{Name: ReleaseName(rel.Ref), Project: workspace.Project{Config: own}}, nil
}

// ReleaseName is what a mirror calls the config of a release.
func ReleaseName(ref string) string { return "release " + ref }
