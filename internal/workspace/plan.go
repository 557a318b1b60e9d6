package workspace

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/vxlite/vxlite/internal/event"
	"github.com/vxlite/vxlite/internal/gosum"
	"github.com/vxlite/vxlite/internal/lock"
	"github.com/vxlite/vxlite/internal/plan"
	"github.com/vxlite/vxlite/internal/resolve"
	"github.com/vxlite/vxlite/internal/source"
)

// Lockfile is the lock as a command finds it.
type Lockfile struct {
	Name string     // for messages, and to write it
	Old  *lock.File // nil for none
	// oracle is what of it answers requests: update takes entries out. It is nil
	// where nothing does.
	oracle *lock.File
}

// Sums are the third-party modules' checksums that it has.
func (l Lockfile) Sums() []lock.Sum {
	if l.Old == nil {
		return nil
	}
	return l.Old.Sums
}

// Planned is a plan, and how the lock stands to it.
type Planned struct {
	Plan   *plan.Plan
	Lock   Lockfile
	GoSums *gosum.Sums
	// differences are those between the lock and the plan.
	differences []lock.Difference
	// locals is how the plan's local directories were, by module path.
	locals map[string]source.State
}

// Fits reports whether the lock is what the plan would give.
func (p *Planned) Fits() bool { return p.Lock.Old != nil && len(p.differences) == 0 }

// Ask says how a plan is asked for.
type Ask struct {
	Fresh bool // ask servers what the store thinks it knows
	// Edit takes out of a lock what is to be resolved anew; nil for nothing.
	Edit func(*lock.File) (*lock.File, error)
	// Renew makes the lock anew: what it says of Go is not kept.
	Renew bool
}

// planFor resolves the config, by the lock as far as that fits.
func (k *Kit) planFor(ctx context.Context, a Ask) (*Planned, error) {
	client, err := k.Client(a.Fresh)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	for _, t := range k.Config.Build.Targets {
		if err := k.Tool.CheckTarget(ctx, t.OS, t.Arch, k.Store); err != nil {
			return nil, k.Config.Places.Targets.Wrap(err)
		}
	}
	return k.PlanWith(ctx, client, a)
}

// PlanWith is planFor for who needs the client afterwards.
func (k *Kit) PlanWith(ctx context.Context, client *source.Client, a Ask) (*Planned, error) {
	lk, err := k.readLock(a.Edit)
	if err != nil {
		return nil, err
	}
	k.recordLock(lk)
	plan, err := k.resolve(ctx, client, lk)
	if err != nil {
		return nil, k.lockedError(lk, err)
	}
	p := &Planned{Plan: plan, Lock: lk}
	if p.GoSums, err = gosum.Read(plan); err != nil {
		return nil, err
	}
	if err := gosum.Check(plan, p.GoSums, lk.Old, lk.Name); err != nil {
		return nil, err
	}
	if p.differences, err = k.compareLock(lk, plan, a.Renew); err != nil {
		return nil, err
	}
	k.tellOverrulings(p)
	p.locals = k.states(plan)
	return p, nil
}

// LockedBefore is the config's lock as it is, nil for none.
func (k *Kit) LockedBefore() (*lock.File, error) {
	l, err := k.readLock(nil)
	return l.Old, err
}

// readLock reads the lock beside the config.
func (k *Kit) readLock(edit func(*lock.File) (*lock.File, error)) (Lockfile, error) {
	l := Lockfile{Name: cmp.Or(k.LockFile, lock.Name(k.Config.File))}
	name := l.Name
	if k.Vendored != nil {
		l.Name, name = k.Vendored.LockName(), k.Vendored.Lock()
	}
	if k.Config.File == "" && k.Vendored == nil { // a config without a file has no lock
		return l, nil
	}
	old, err := lock.Read(name)
	switch {
	case errors.Is(err, fs.ErrNotExist) && (k.Locked || edit != nil):
		return l, &NoLockError{File: l.Name, Config: k.Config.File}
	case errors.Is(err, fs.ErrNotExist):
		return l, nil
	case err != nil:
		return l, err
	}
	l.Old, l.oracle = old, old
	if edit != nil {
		l.oracle, err = edit(old)
	}
	return l, err
}

// recordLock tells the store which lock needs what is in it, also one that is yet
// to be written. A run does without: its store may be full, or only readable.
func (k *Kit) recordLock(lk Lockfile) {
	if k.Config.File == "" || k.Vendored != nil {
		return
	}
	name, err := filepath.Abs(lk.Name)
	if err == nil {
		err = k.Store.UseLock(name)
	}
	if err != nil {
		k.Sink.Send(event.Event{Kind: event.Debug, Text: fmt.Sprintf("vxlite cache clean will not know %s: %v", lk.Name, err)})
	}
}

// resolve makes the plan: refs to commits, and the closure.
func (k *Kit) resolve(ctx context.Context, client *source.Client, lk Lockfile) (*plan.Plan, error) {
	plan, err := resolve.Resolve(ctx, k.Config, resolve.Options{Client: client, Store: k.Store, Private: k.Tool.Private(), GoRoot: k.Tool.Var("GOROOT"),
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
func (k *Kit) compareLock(lk Lockfile, plan *plan.Plan, renew bool) ([]lock.Difference, error) {
	if lk.Old == nil || plan.Overridden { // the lock is the config's, without the flags
		return nil, nil
	}
	differences := lock.Compare(&lock.File{Modules: lk.Old.Modules}, &lock.File{Modules: plan.Lock()})
	if k.Locked && len(differences) > 0 {
		return nil, k.doesNotFit(lk, differences)
	}
	if v := k.Tool.Version(); lk.Old.Go != v && !renew {
		k.Note("%s was made with %s, and this is %s: the binary may differ", lk.Name, lk.Old.Go, v)
	}
	return differences, nil
}

// tellOverrulings says what the config overrules when that goes into the lock.
// With a lock that has it, it was read before.
func (k *Kit) tellOverrulings(p *Planned) {
	kind := event.Note
	if p.Fits() {
		kind = event.Debug
	}
	for _, text := range p.Plan.Overrulings {
		k.Sink.Send(event.Event{Kind: kind, Text: text})
	}
}
