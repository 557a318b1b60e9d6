package scaffold

import (
	"context"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/config/parse"
	"github.com/vxlite/vxlite/internal/resolve"
	"github.com/vxlite/vxlite/internal/roadrunner"
	"github.com/vxlite/vxlite/internal/workspace"
)

// Bare is a config of no file that names a release, and has no plugin yet.
func Bare(ref string, env func(name string) (string, bool)) (*config.Config, error) {
	cfg, err := parse.Data("", nil, "", env)
	if err != nil {
		return nil, err
	}
	cfg.RoadRunner.Ref, cfg.Notes = ref, nil
	return cfg, nil
}

// Release fetches RoadRunner alone, as the config has it, and reads what it
// says of itself.
func Release(ctx context.Context, m workspace.Machine, cfg *config.Config) (*roadrunner.Release, error) {
	k, err := workspace.Open(ctx, m, workspace.Project{Config: cfg})
	if err != nil {
		return nil, err
	}
	client, err := k.Client(false)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	return resolve.ReadRelease(ctx, k.Config, resolve.Options{Client: client, Store: k.Store, Offline: k.Offline, HTTP: client.HTTP(), Jobs: k.Jobs})
}
