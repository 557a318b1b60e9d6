package mirror

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/vxlite/vxlite/internal/brief"
	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/gitconn"
	"github.com/vxlite/vxlite/internal/giturl"
	"github.com/vxlite/vxlite/internal/mirrordir"
	"github.com/vxlite/vxlite/internal/source"
	"github.com/vxlite/vxlite/internal/workspace"
)

// PushAsk says where to push a mirror to.
type PushAsk struct {
	// Dir is the mirror's.
	Dir string
	// To is a URL with {host}, {owner} and {name} in it.
	To string
	// Git and Limits are a config's.
	Git    config.Git
	Limits config.Limits
}

// PushResult is what a push has done, by repository in the order of their URLs.
type PushResult struct {
	Pushed []PushRow `json:"pushed"`
}

// PushRow is what has become of a repository.
type PushRow struct {
	// URL is what it mirrors, To where it was pushed to.
	URL string `json:"url"`
	To  string `json:"to"`
	// Refs are those that the server did not have as the mirror has them.
	Refs []source.PushedRef `json:"refs,omitempty"`
	// Bytes are those of the pack.
	Bytes int64 `json:"bytes"`
	// Failed says that nothing is known of the refs.
	Failed bool `json:"failed,omitempty"`
}

// Count counts the refs in some states.
func (r PushRow) Count(states ...source.PushState) (n int) {
	for _, ref := range r.Refs {
		for _, s := range states {
			if ref.State == s {
				n++
			}
		}
	}
	return n
}

// Push pushes all repositories of a mirror to a server. The result is there with a
// [*PushError], too.
func Push(ctx context.Context, m workspace.Machine, ask PushAsk) (*PushResult, error) {
	dir, err := mirrordir.Open(ctx, ask.Dir, mirrordir.Existing, m.Sink)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	requests, err := pushRequests(dir, ask.To)
	if err != nil {
		return nil, err
	}
	client, err := source.NewClient(source.Options{Env: m.Env, Git: ask.Git, Limits: ask.Limits, Jobs: m.Jobs, Sink: m.Sink})
	if err != nil {
		return nil, err
	}
	defer client.Close()
	r := &PushResult{Pushed: make([]PushRow, len(requests))}
	failed, refused := make([]error, len(requests)), make([][]error, len(requests))
	var g errgroup.Group
	g.SetLimit(max(1, m.Jobs))
	for i, req := range requests {
		g.Go(func() error {
			done, err := client.Push(ctx, req)
			r.Pushed[i] = PushRow{URL: dir.State.Repositories[i].URL, To: done.URL, Refs: done.Refs, Bytes: done.Bytes, Failed: err != nil}
			failed[i], refused[i] = err, refusals(done)
			return nil
		})
	}
	_ = g.Wait()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return r, newPushError(failed, refused)
}

// pushRequests are those of a mirror's repositories, in their order.
func pushRequests(m *mirrordir.Mirror, to string) ([]source.PushRequest, error) {
	var out []source.PushRequest
	seen := map[string]string{}
	for _, r := range m.State.Repositories {
		url, name, err := expand(to, r.URL)
		if err != nil {
			return nil, err
		}
		if first, ok := seen[url]; ok {
			return nil, &TemplateError{to, fmt.Sprintf("it leads to one repository for both %s and %s", first, r.URL)}
		}
		seen[url] = r.URL
		out = append(out, source.PushRequest{Name: name, Dir: m.Path(r.Path), URL: url})
	}
	return out, nil
}

// expand puts the parts of a repository's URL into a template.
func expand(to, url string) (expanded, name string, err error) {
	host, owner, name, err := mirrordir.Parts(url)
	if err != nil {
		return "", "", err
	}
	if !fs.ValidPath(path.Join(owner, name)) || path.Join(owner, name) != strings.TrimPrefix(owner+"/"+name, "/") {
		return "", "", &TemplateError{to, "it leads nowhere for " + giturl.Redact(url)}
	}
	expanded = strings.NewReplacer("{host}", host, "{owner}/", withSlash(owner), "{owner}", owner, "{name}", name).Replace(to)
	rest := strings.NewReplacer("{host}", "", "{owner}", "", "{name}", "").Replace(to)
	remote, err := giturl.Parse(expanded)
	switch {
	case strings.ContainsAny(rest, "{}"):
		return "", "", &TemplateError{to, "it has something else in braces than {host}, {owner} and {name}"}
	case !strings.Contains(to, "{name}"):
		return "", "", &TemplateError{to, "it has no {name}"}
	case err != nil:
		return "", "", &TemplateError{to, err.Error()}
	case remote.Local():
		return "", "", &source.LocalPushError{Path: to}
	}
	return expanded, path.Join(host, owner, name), nil
}

// withSlash is an owner and what follows it, which is not there without one.
func withSlash(owner string) string {
	if owner == "" {
		return ""
	}
	return owner + "/"
}

// TemplateError is a URL that repositories cannot be pushed to.
type TemplateError struct{ To, Reason string }

// Error implements error.
func (e *TemplateError) Error() string { return "--push " + giturl.Redact(e.To) + ": " + e.Reason }

// ExitStatus is that of wrong usage.
func (*TemplateError) ExitStatus() int { return 2 }

// Hints shows one that is right.
func (*TemplateError) Hints() []string {
	return []string{"name the server's repositories: --push 'ssh://git@git.corp/mirrors/{owner}/{name}.git'"}
}

// NotMovedError is a ref that a server has somewhere else, where it was left.
type NotMovedError struct {
	URL string
	Ref source.PushedRef
}

// Error implements error.
func (e *NotMovedError) Error() string {
	if e.Ref.State == source.Diverged {
		return fmt.Sprintf("%s: %s is %.12s there, which %.12s here does not have in its history, and is not moved", e.URL, refName(e.Ref), e.Ref.Was, e.Ref.New)
	}
	return fmt.Sprintf("%s: %s is %.12s there and %.12s here, and is not moved", e.URL, refName(e.Ref), e.Ref.Was, e.Ref.New)
}

// Hints says what to do.
func (e *NotMovedError) Hints() []string {
	return []string{"find out who moved it: if the mirror is right, delete the server's and push again"}
}

// RefusedError are refs that a server has refused.
type RefusedError struct {
	URL  string
	Refs []string
	// Why is the server's reason, and Said what it said besides, or empty.
	Why, Said string
}

// Error implements error.
func (e *RefusedError) Error() string {
	s := fmt.Sprintf("%s: the server refuses %s: %s", e.URL, brief.List(e.Refs, brief.Most), e.Why)
	if e.Said != "" {
		s += fmt.Sprintf(" (it says: %s)", brief.Line(e.Said))
	}
	return s
}

// refName is what a ref is called: branch main.
func refName(r source.PushedRef) string {
	if tag, ok := strings.CutPrefix(r.Name, "refs/tags/"); ok {
		return "tag " + brief.Name(tag)
	}
	if branch, ok := strings.CutPrefix(r.Name, "refs/heads/"); ok {
		return "branch " + brief.Name(branch)
	}
	return brief.Name(r.Name)
}

// refusals are the refs that were not taken: those with one reason together.
func refusals(done source.Pushed) []error {
	var out []error
	byReason := map[string]*RefusedError{}
	for _, ref := range done.Refs {
		switch ref.State {
		case source.Elsewhere, source.Diverged:
			out = append(out, &NotMovedError{done.URL, ref})
		case source.Refused:
			e := byReason[ref.Why]
			if e == nil {
				e = &RefusedError{URL: done.URL, Why: ref.Why, Said: done.Said}
				byReason[ref.Why] = e
				out = append(out, e)
			}
			e.Refs = append(e.Refs, refName(ref))
		}
	}
	return out
}

// PushError is a push that is not complete.
type PushError struct {
	errs   []error
	failed bool // and not only refused
}

// newPushError returns nil where there is nothing to tell. A host that is down is
// told of once.
func newPushError(failed []error, refused [][]error) error {
	e := &PushError{}
	seen := map[string]bool{}
	for i, err := range failed {
		e.errs = append(e.errs, refused[i]...)
		if err == nil {
			continue
		}
		e.failed = true
		why := cmp.Or(gitconn.Cause(err), err.Error())
		if !seen[why] {
			e.errs = append(e.errs, err)
		}
		seen[why] = true
	}
	if len(e.errs) == 0 {
		return nil
	}
	return e
}

// Error implements error.
func (e *PushError) Error() string { return errors.Join(e.errs...).Error() }

// Unwrap returns the failures and the refusals.
func (e *PushError) Unwrap() []error { return e.errs }

// ExitStatus is that of a check where refs were refused only.
func (e *PushError) ExitStatus() int {
	if e.failed {
		return 1
	}
	return 3
}
