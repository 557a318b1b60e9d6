package gotool

import (
	"context"
	"slices"
	"strings"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/run"
)

// CheckTarget refuses a platform that the go command does not compile for.
func (t *Tool) CheckTarget(ctx context.Context, goos, goarch string, cache Cache) error {
	name := goos + "/" + goarch
	if slices.Contains(config.Ports, name) {
		return nil
	}
	var known []string
	if !cache.ReadJSON(&known, "ports", t.envKey()) {
		dir, err := outsideModules()
		if err != nil {
			return err
		}
		out, err := t.run(ctx, run.Cmd{Args: []string{"tool", "dist", "list"}, Dir: dir,
			Env: t.pass(append(passed, goSettings...)), Why: "whether it compiles for " + name})
		if err != nil {
			return err
		}
		known = strings.Fields(string(out))
		if err := cache.WriteJSON(known, "ports", t.envKey()); err != nil {
			return err
		}
	}
	if slices.Contains(known, name) {
		return nil
	}
	return &config.TargetError{OS: goos, Arch: goarch, Known: known}
}
