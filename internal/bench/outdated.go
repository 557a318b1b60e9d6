package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// outdates measures outdated over SSH, with an empty store and with what the last run
// has left, against git listing the same repositories' refs.
func (w *world) outdates(ctx context.Context) error {
	repos, err := w.planned()
	if err != nil {
		return err
	}
	dir := filepath.Join(w.dir, "outdated")
	config, home, store := filepath.Join(dir, "velox.toml"), filepath.Join(dir, "home"), filepath.Join(dir, "store")
	if err := os.MkdirAll(filepath.Join(home, ".ssh"), 0o700); err != nil {
		return err
	}
	data, err := os.ReadFile(w.config)
	if err != nil {
		return err
	}
	if err := os.WriteFile(config, data, 0o644); err != nil {
		return err
	}
	if _, err := timed(ctx, w.env, "", w.vxlite, "lock", "-q", "-c", config, "--mirror", "https://github.com/="+w.repos+"/"); err != nil {
		return err
	}
	settings := fmt.Sprintf("Host *\n\tIdentityFile %s\n\tIdentitiesOnly yes\n\tUserKnownHostsFile %s\n", w.sshd.Key, w.sshd.KnownHosts)
	sshConfig := filepath.Join(home, ".ssh", "config")
	if err := os.WriteFile(sshConfig, []byte(settings), 0o600); err != nil {
		return err
	}
	env := append(slices.Clone(w.env), "HOME="+home, "VXLITE_CACHE="+store, "GIT_SSH_COMMAND=ssh -F "+sshConfig)
	outdated := func() (sample, error) {
		return timed(ctx, env, "", w.vxlite, "outdated", "--all", "-q", "-c", config, "--mirror", "https://github.com/="+w.sshd.URL(""))
	}
	fresh := func() (sample, error) {
		if err := os.RemoveAll(store); err != nil {
			return sample{}, err
		}
		return outdated()
	}
	list := func() (sample, error) {
		return each(ctx, repos, env, func(r repo) []string { return []string{"ls-remote", w.sshd.URL("") + r.path + ".git"} })
	}
	for _, how := range []struct {
		name string
		run  func() (sample, error)
	}{{"with an empty store", fresh}, {"again", outdated}} {
		a, b, err := w.inTurn(how.run, list)
		if err != nil {
			return err
		}
		row(fmt.Sprintf("outdated, %d repositories, %s", len(repos), how.name), a, b)
	}
	return nil
}
