package pipeline

import (
	"context"

	"github.com/vxlite/vxlite/internal/resolve"
)

// Release fetches RoadRunner alone, as the config has it, and reads what it
// says of itself.
func Release(ctx context.Context, o Options) (*resolve.Release, error) {
	b := &builder{Options: o}
	if err := b.open(ctx); err != nil {
		return nil, err
	}
	client, err := b.client()
	if err != nil {
		return nil, err
	}
	defer client.Close()
	return resolve.ReadRelease(ctx, b.Config, resolve.Options{Client: client, Store: b.store, Offline: b.Offline, HTTP: client.HTTP(), Jobs: b.Jobs})
}
