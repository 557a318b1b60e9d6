package scaffold

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/event"
	"github.com/vxlite/vxlite/internal/output"
	"github.com/vxlite/vxlite/internal/resolve"
	"github.com/vxlite/vxlite/internal/workspace"
)

// NewPlugin writes a new plugin into dir, which must be empty or not
// there, for the RoadRunner release of the config. It returns the files.
func NewPlugin(ctx context.Context, m workspace.Machine, cfg *config.Config, dir string, p PluginOptions) ([]string, error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(dir)
	if err == nil && len(entries) > 0 {
		return nil, noPlace(dir, "has files in it")
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, noPlace(dir, disk.Reason(err))
	}
	k, err := workspace.Open(ctx, m, workspace.Project{Config: cfg})
	if err != nil {
		return nil, err
	}
	files, err := filesFor(ctx, k, p)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, f := range files {
		name := filepath.Join(dir, filepath.FromSlash(f.Path))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return nil, noPlace(dir, disk.Reason(err))
		}
		if err := os.WriteFile(name, f.Data, 0o644); err != nil {
			return nil, noPlace(name, disk.Reason(err))
		}
		names = append(names, name)
	}
	if m.Offline {
		k.Sink.Send(event.Event{Kind: event.Note, Text: "go.sum is not written without a network: run go mod tidy there"})
		return names, nil
	}
	if err := k.Tool.Tidy(ctx, dir); err != nil {
		k.Sink.Send(event.Event{Kind: event.Note, Text: "go.sum is not complete, run go mod tidy there: " + err.Error()})
	}
	if sums := filepath.Join(dir, "go.sum"); disk.Exists(sums) {
		names = append(names, sums)
		slices.Sort(names)
	}
	return names, nil
}

func noPlace(name, reason string) error {
	return &output.Error{Path: name, Reason: reason, Hint: "choose another name, or another directory"}
}

// filesFor reads the release, and makes the files for it.
func filesFor(ctx context.Context, k *workspace.Kit, p PluginOptions) ([]File, error) {
	client, err := k.Client(false)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	with := resolve.Options{Client: client, Store: k.Store, Private: k.Tool.Private(), Offline: k.Offline, HTTP: client.HTTP(), Jobs: k.Jobs}
	rel, err := resolve.ReadRelease(ctx, k.Config, with)
	if err != nil {
		return nil, err
	}
	contract, err := resolve.ReadContract(ctx, k.Config, with, rel, p.Kind)
	if err != nil {
		return nil, err
	}
	return Plugin(rel, contract, p)
}
