package build

import (
	"cmp"
	"context"
	"errors"
	"io/fs"

	"github.com/vxlite/vxlite/internal/event"
	"github.com/vxlite/vxlite/internal/lock"
	"github.com/vxlite/vxlite/internal/resolve"
	"github.com/vxlite/vxlite/internal/source"
)

// lockfile is the lock as a command finds it.
type lockfile struct {
	name string     // for messages, and to write it
	old  *lock.File // nil for none
	// oracle is what of it answers requests: update takes entries out. It is nil
	// where nothing does.
	oracle *lock.File
}

// sums are the third-party modules' checksums that it has.
func (l lockfile) sums() []lock.Sum {
	if l.old == nil {
		return nil
	}
	return l.old.Sums
}

// planned is a plan, and how the lock stands to it.
type planned struct {
	plan   *resolve.Plan
	lock   lockfile
	goSums *resolve.GoSums
	// differences are those between the lock and the plan.
	differences []lock.Difference
	// locals is how the plan's local directories were, by module path.
	locals map[string]source.State
}

// fits reports whether the lock is what the plan would give.
func (p *planned) fits() bool { return p.lock.old != nil && len(p.differences) == 0 }

// asking says how a plan is asked for.
type asking struct {
	fresh bool // ask servers what the store thinks it knows
	// edit takes out of a lock what is to be resolved anew; nil for nothing.
	edit func(*lock.File) (*lock.File, error)
	// renew makes the lock anew: what it says of Go is not kept.
	renew bool
}

// planFor resolves the config, by the lock as far as that fits.
func (k *kit) planFor(ctx context.Context, a asking) (*planned, error) {
	client, err := k.client(a.fresh)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	for _, t := range k.Config.Build.Targets {
		if err := k.tool.CheckTarget(ctx, t.OS, t.Arch, k.store); err != nil {
			return nil, err
		}
	}
	return k.planWith(ctx, client, a)
}

// planWith is planFor for who needs the client afterwards.
func (k *kit) planWith(ctx context.Context, client *source.Client, a asking) (*planned, error) {
	lk, err := k.readLock(a.edit)
	if err != nil {
		return nil, err
	}
	plan, err := k.resolve(ctx, client, lk)
	if err != nil {
		return nil, k.lockedError(lk, err)
	}
	p := &planned{plan: plan, lock: lk}
	if p.goSums, err = plan.GoSums(); err != nil {
		return nil, err
	}
	if err := plan.CheckSums(p.goSums, lk.old, lk.name); err != nil {
		return nil, err
	}
	if p.differences, err = k.compareLock(lk, plan, a.renew); err != nil {
		return nil, err
	}
	k.tellOverrulings(p)
	p.locals = k.states(plan)
	return p, nil
}

// readLock reads the lock beside the config.
func (k *kit) readLock(edit func(*lock.File) (*lock.File, error)) (lockfile, error) {
	l := lockfile{name: cmp.Or(k.LockFile, lock.Name(k.Config.File))}
	name := l.name
	if k.Vendored != nil {
		l.name, name = k.Vendored.LockName(), k.Vendored.Lock()
	}
	old, err := lock.Read(name)
	switch {
	case errors.Is(err, fs.ErrNotExist) && (k.Locked || edit != nil):
		return l, &NoLockError{File: l.name, Config: k.Config.File}
	case errors.Is(err, fs.ErrNotExist):
		return l, nil
	case err != nil:
		return l, err
	}
	l.old, l.oracle = old, old
	if edit != nil {
		l.oracle, err = edit(old)
	}
	return l, err
}

// resolve makes the plan: refs to commits, and the closure.
func (k *kit) resolve(ctx context.Context, client *source.Client, lk lockfile) (*resolve.Plan, error) {
	plan, err := resolve.Resolve(ctx, k.Config, resolve.Options{Client: client, Store: k.store, Private: k.tool.Private(), GoRoot: k.tool.Var("GOROOT"),
		Offline: k.Offline || k.Vendored != nil, HTTP: client.HTTP(), Jobs: k.Jobs, Lock: lk.oracle, Locked: k.Locked})
	if err != nil {
		return nil, k.missingRepos(client, lk, err)
	}
	if err := k.checkSignatures(ctx, client, plan); err != nil {
		return nil, err
	}
	for _, note := range plan.Notes {
		k.Sink.Send(event.Event{Kind: event.Note, Text: note})
	}
	return plan, nil
}

// compareLock returns what of the lock is not as in the plan. With --locked that
// is an error.
func (k *kit) compareLock(lk lockfile, plan *resolve.Plan, renew bool) ([]lock.Difference, error) {
	if lk.old == nil || plan.Overridden { // the lock is the config's, without the flags
		return nil, nil
	}
	differences := lock.Compare(&lock.File{Modules: lk.old.Modules}, &lock.File{Modules: plan.Lock()})
	if k.Locked && len(differences) > 0 {
		return nil, k.doesNotFit(lk, differences)
	}
	if v := k.tool.Version(); lk.old.Go != v && !renew {
		k.note("%s was made with %s, and this is %s: the binary may differ", lk.name, lk.old.Go, v)
	}
	return differences, nil
}

// tellOverrulings says what the config overrules when that goes into the lock.
// With a lock that has it, it was read before.
func (k *kit) tellOverrulings(p *planned) {
	kind := event.Note
	if p.fits() {
		kind = event.Debug
	}
	for _, text := range p.plan.Overrulings {
		k.Sink.Send(event.Event{Kind: kind, Text: text})
	}
}
