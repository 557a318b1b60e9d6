package workspace

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/mod/module"

	"github.com/vxlite/vxlite/internal/brief"
	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/event"
	"github.com/vxlite/vxlite/internal/explain"
	"github.com/vxlite/vxlite/internal/plan"
	"github.com/vxlite/vxlite/internal/signature"
	"github.com/vxlite/vxlite/internal/source"
)

// SignatureError is a module whose commit or tag none of the allowed keys
// signed.
type SignatureError struct {
	Name string
	Pos  config.Position
	// What is the commit or tag, and From its repository.
	What, From string
	Err        error
	// Expected are the allowed keys.
	Expected []string
	hint     string
}

// Error implements error.
func (e *SignatureError) Error() string {
	at := ""
	if e.Pos.Line > 0 {
		at = fmt.Sprintf("%s:%d: ", e.Pos.File, e.Pos.Line)
	}
	return fmt.Sprintf("%s%s: %s of %s %v", at, e.Name, e.What, e.From, e.Err)
}

// Unwrap returns what is wrong with the signature.
func (e *SignatureError) Unwrap() error { return e.Err }

// ExitStatus implements the interface that picks the exit status.
func (e *SignatureError) ExitStatus() int { return 3 }

// Hints says whose signature would do.
func (e *SignatureError) Hints() []string {
	hints := []string{"expected one of " + brief.List(e.Expected, brief.Most)}
	if e.hint != "" {
		hints = append(hints, e.hint)
	}
	return hints
}

// checkSignatures looks at the signature of every commit, or of the tag that
// leads to it, as [verify] wants. All that do not do are told of. A local
// directory is the user's own word.
func (k *Kit) checkSignatures(ctx context.Context, client *source.Client, plan *plan.Plan) error {
	v := k.Config.Signatures
	if v.Required == "" {
		return nil
	}
	if k.Vendored != nil && v.Required == "tag" {
		k.Note("a vendor folder has no tags: their signatures were checked when it was written")
		return nil
	}
	keys, err := signature.ReadKeys(v.Keys)
	if err != nil {
		return v.Place.Wrap(err)
	}
	var failed []error
	seen := map[string]bool{}
	for _, m := range plan.Modules {
		key := m.URL + " " + m.Commit
		if v.Required == "tag" {
			key += " " + strings.Join(tagNames(m), " ")
		}
		if m.Local || seen[key] {
			continue
		}
		seen[key] = true
		check := k.checkCommit
		if v.Required == "tag" {
			check = k.checkTag
		}
		err := check(ctx, client, keys, m)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			failed = append(failed, err)
		}
	}
	if len(failed) == 1 {
		return failed[0]
	}
	return errors.Join(failed...)
}

func (k *Kit) checkCommit(_ context.Context, client *source.Client, keys *signature.Keys, m *plan.Module) error {
	o, err := client.CommitObject(m.URL, m.Commit)
	if err != nil {
		return fmt.Errorf("%s: commit %s: %w", explain.Label(m), m.Commit, err)
	}
	s, err := signature.ParseCommit(o.Data)
	return k.judge(keys, m, "commit "+m.Commit, s, err)
}

func (k *Kit) checkTag(ctx context.Context, client *source.Client, keys *signature.Keys, m *plan.Module) error {
	what := "tag " + m.Ref
	o, err := client.TagObject(ctx, m.URL, explain.Label(m), m.Ref, tagNames(m), m.Commit)
	switch none := (*source.NoTagError)(nil); {
	case errors.Is(err, source.ErrLightweight):
		return k.refuse(keys, m, what, errors.New("is not signed: "+err.Error()))
	case errors.As(err, &none):
		e := k.refuse(keys, m, "ref "+m.Ref, errors.New("is not a tag of the commit that is built, so it has no signature"))
		e.hint = `signatures = "commit" checks branches and commits too`
		return e
	case err != nil:
		return fmt.Errorf("%s: %w", explain.Label(m), err)
	}
	s, err := signature.ParseTag(o.Data)
	if err == nil && (s.Tag != o.Tag || s.Target != m.Commit) {
		err = fmt.Errorf("is not the tag that was signed, which is %s of %s", s.Tag, s.Target)
	}
	return k.judge(keys, m, "tag "+o.Tag, s, err)
}

// judge compares a signature with the keys.
func (k *Kit) judge(keys *signature.Keys, m *plan.Module, what string, s signature.Signed, err error) error {
	var signer string
	if err == nil {
		signer, err = keys.Check(s)
	}
	if err != nil {
		return k.refuse(keys, m, what, err)
	}
	k.Sink.Send(event.Event{Kind: event.Debug, Text: fmt.Sprintf("%s: %s is signed by %s", explain.Label(m), what, signer)})
	return nil
}

func (k *Kit) refuse(keys *signature.Keys, m *plan.Module, what string, err error) *SignatureError {
	return &SignatureError{Name: explain.Label(m), Pos: m.Pos, What: what, From: m.From, Err: err, Expected: keys.Names()}
}

// tagNames are the tags that can have led to a module, in the order in which
// they are looked for: see Refs in docs/fetching.md.
func tagNames(m *plan.Module) []string {
	version := strings.TrimSuffix(m.Version, "+incompatible")
	var names []string
	for _, name := range []string{m.Ref, version} {
		if name == "" || module.IsPseudoVersion(name) {
			continue
		}
		if m.Folder != "" {
			names = append(names, strings.TrimSuffix(m.Folder, majorOf(m))+"/"+name, m.Folder+"/"+name)
		}
		names = append(names, name)
	}
	return names
}

// majorOf is the ending of a module path that may be a folder of its own and is
// no part of its tags: /v2.
func majorOf(m *plan.Module) string {
	_, major, _ := module.SplitPathVersion(m.Path)
	return major
}
