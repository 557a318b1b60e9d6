package amend

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/config/edit"
	"github.com/vxlite/vxlite/internal/endure"
	"github.com/vxlite/vxlite/internal/event"
	"github.com/vxlite/vxlite/internal/workspace"
)

// Remove takes plugins out of a config, and says who needed them. That is known
// of the rest alone, so that what cannot be fetched can be removed.
func Remove(ctx context.Context, m workspace.Machine, f File, names []string) (*Result, error) {
	old, err := f.Read(f.Data)
	if err != nil {
		return nil, err
	}
	gone, rest, err := part(old, names)
	if err != nil {
		return nil, err
	}
	data := edit.Remove(f.Data, gone...)
	cfg, err := f.reread(old, data, rest)
	if err != nil {
		return nil, err
	}
	result := &Result{Removed: gone}
	m = noteOnce(m)
	w, found, err := Prepare(ctx, m, cfg)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		m.Sink.Send(event.Event{Kind: event.Note, Text: fmt.Sprintf("it is not known who needed %s, and the lock is left as it is: %v", endure.List(gone), err)})
		w = nil
	}
	lacking, others := lacking(found, removed(old, gone))
	result.Lacking, result.Incomplete = lacking, found != nil
	for _, err := range others {
		m.Sink.Send(event.Event{Kind: event.Note, Text: err.Error()})
	}
	return result, f.write(ctx, data, w, result)
}

// part finds the plugins of some names or module paths, and names the rest.
func part(cfg *config.Config, names []string) (gone, rest []string, err error) {
	wanted := map[string]bool{}
	var failed []error
	for _, name := range names {
		i := slices.IndexFunc(cfg.Plugins, func(p config.Plugin) bool { return strings.EqualFold(p.Name, name) || p.ModulePath == name })
		if i < 0 {
			failed = append(failed, &config.NameError{Name: name, Known: pluginNames(cfg), Of: cfg.File + " has no plugin of this name"})
			continue
		}
		p := cfg.Plugins[i]
		if slices.Contains(cfg.Check.AllowDisabled, p.Name) || slices.Contains(cfg.Check.Allow, p.Name) {
			failed = append(failed, &NamedError{Name: p.Name, File: cfg.File})
		}
		wanted[p.Name] = true
	}
	for _, p := range cfg.Plugins {
		if wanted[p.Name] {
			gone = append(gone, p.Name)
		} else {
			rest = append(rest, p.Name)
		}
	}
	return gone, rest, errors.Join(failed...)
}

func pluginNames(cfg *config.Config) []string {
	var out []string
	for _, p := range cfg.Plugins {
		out = append(out, p.Name)
	}
	slices.Sort(out)
	return out
}

// removed are the plugins of some names, by what they are called and by what the
// release calls them.
func removed(cfg *config.Config, gone []string) map[string]string {
	out := map[string]string{}
	for _, name := range gone {
		p := cfg.Plugin(name)
		out[config.Origin{Module: p.ModulePath, URL: p.URL, Dir: p.Path}.PluginName()] = name
		out[name] = name
	}
	return out
}

// lacking parts what is found now: the plugins that needed one that is gone, and
// the rest.
func lacking(found error, gone map[string]string) (out []Lacking, others []error) {
	f, _ := errors.AsType[*endure.Findings](found)
	if f == nil {
		return nil, nil
	}
	for _, problem := range f.Problems {
		needs := ""
		e, ok := problem.(*endure.LackError)
		for i := 0; ok && i < len(e.Lacks) && needs == ""; i++ {
			needs = gone[e.Lacks[i].Adds]
		}
		if needs == "" {
			others = append(others, problem)
			continue
		}
		out = append(out, Lacking{Name: e.Name, Needs: needs, Behind: slices.Concat(e.Fall.Disabled, e.Fall.AtRisk)})
	}
	return out, others
}

// NamedError is a plugin that the config names elsewhere.
type NamedError struct{ Name, File string }

// Error implements error.
func (e *NamedError) Error() string { return e.File + ": [check] names the plugin " + e.Name }

// ExitStatus implements the interface that picks the exit status.
func (*NamedError) ExitStatus() int { return 2 }

// Hints says what to do first.
func (e *NamedError) Hints() []string {
	return []string{"take " + e.Name + " out of allow_disabled and allow first"}
}
