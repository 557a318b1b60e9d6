package modurl

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"golang.org/x/net/html"

	"github.com/vxlite/vxlite/internal/giturl"
)

// Finder asks a module's own host for its repository, as the go command
// does: see go.dev/ref/mod#vcs-find.
type Finder struct {
	// Client is what asks.
	Client *http.Client
	// Offline refuses to ask.
	Offline bool
}

// metaTimeout bounds one question.
const metaTimeout = 30 * time.Second

// Find returns the repository for an import path that no rule knows.
func (m Finder) Find(ctx context.Context, importPath string) (Location, error) {
	if m.Offline {
		return Location{}, &NoURLError{Module: importPath, Reason: "its host cannot be asked with --offline"}
	}
	ctx, cancel := context.WithTimeout(ctx, metaTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+importPath+"?go-get=1", nil)
	if err != nil {
		return Location{}, &NoURLError{Module: importPath, Reason: err.Error()}
	}
	res, err := m.Client.Do(req)
	if err != nil {
		var ue *url.Error
		if errors.As(err, &ue) {
			err = ue.Err
		}
		return Location{}, &NoURLError{Module: importPath, Reason: err.Error()}
	}
	defer res.Body.Close()
	if res.Request.URL.Scheme != "https" {
		return Location{}, &NoURLError{Module: importPath, Reason: "its host redirects to " + res.Request.URL.Host + " without TLS"}
	}
	const most = 1 << 20 // bytes of a page; the tag stands in its head
	loc, err := parseMeta(io.LimitReader(res.Body, most), importPath)
	if err != nil {
		return Location{}, &NoURLError{Module: importPath, Reason: fmt.Sprintf("%s: %v", req.URL.Host, err)}
	}
	return loc, nil
}

// parseMeta reads the go-import tag for importPath from a page's head.
func parseMeta(page io.Reader, importPath string) (Location, error) {
	z := html.NewTokenizer(page)
	for {
		switch z.Next() {
		case html.ErrorToken:
			return Location{}, errors.New("the page has no go-import meta tag for git")
		case html.StartTagToken, html.SelfClosingTagToken:
			t := z.Token()
			if t.Data == "body" {
				return Location{}, errors.New("the page has no go-import meta tag for git")
			}
			if loc, ok := metaTag(t, importPath); ok {
				return loc, nil
			}
		}
	}
}

// isRepositoryURL reports whether a page may send us there: another host may,
// but neither this machine's files nor a program. The go command has the same
// rule: see validateRepoRoot in its vcs package.
func isRepositoryURL(s string) bool {
	const longest = 2 << 10 // bytes
	remote, err := giturl.Parse(s)
	return err == nil && len(s) <= longest && !remote.Local() && strings.Contains(s, "://")
}

func metaTag(t html.Token, importPath string) (Location, bool) {
	if t.Data != "meta" {
		return Location{}, false
	}
	attr := map[string]string{}
	for _, a := range t.Attr {
		attr[strings.ToLower(a.Key)] = a.Val
	}
	f := strings.Fields(attr["content"])
	if attr["name"] != "go-import" || (len(f) != 3 && len(f) != 4) || f[1] != "git" {
		return Location{}, false
	}
	root := f[0]
	if importPath != root && !strings.HasPrefix(importPath, root+"/") {
		return Location{}, false
	}
	if !isRepositoryURL(f[2]) {
		return Location{}, false
	}
	loc := Location{URL: f[2], Root: root, Folder: below(importPath, root)}
	if len(f) == 4 { // the root's folder in the repository, since Go 1.25
		if !fs.ValidPath(f[3]) || f[3] == "." {
			return Location{}, false
		}
		loc.Folder = path.Join(f[3], loc.Folder)
	}
	return loc, true
}
