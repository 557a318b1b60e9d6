package resolve

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

	"github.com/vxlite/vxlite/internal/gitconn"
)

// metaFinder asks a module's own host for its repository, as the go command
// does: see go.dev/ref/mod#vcs-find.
type metaFinder struct {
	client  *http.Client
	offline bool
}

// metaTimeout bounds one question.
const metaTimeout = 30 * time.Second

// find returns the repository for an import path that no rule knows.
func (m metaFinder) find(ctx context.Context, importPath string) (location, error) {
	if m.offline {
		return location{}, &NoURLError{Module: importPath, Reason: "its host cannot be asked with --offline"}
	}
	ctx, cancel := context.WithTimeout(ctx, metaTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+importPath+"?go-get=1", nil)
	if err != nil {
		return location{}, &NoURLError{Module: importPath, Reason: err.Error()}
	}
	res, err := m.client.Do(req)
	if err != nil {
		var ue *url.Error
		if errors.As(err, &ue) {
			err = ue.Err
		}
		return location{}, &NoURLError{Module: importPath, Reason: err.Error()}
	}
	defer res.Body.Close()
	if res.Request.URL.Scheme != "https" {
		return location{}, &NoURLError{Module: importPath, Reason: "its host redirects to " + res.Request.URL.Host + " without TLS"}
	}
	const most = 1 << 20 // bytes of a page; the tag stands in its head
	loc, err := parseMeta(io.LimitReader(res.Body, most), importPath)
	if err != nil {
		return location{}, &NoURLError{Module: importPath, Reason: fmt.Sprintf("%s: %v", req.URL.Host, err)}
	}
	return loc, nil
}

// parseMeta reads the go-import tag for importPath from a page's head.
func parseMeta(page io.Reader, importPath string) (location, error) {
	z := html.NewTokenizer(page)
	for {
		switch z.Next() {
		case html.ErrorToken:
			return location{}, errors.New("the page has no go-import meta tag for git")
		case html.StartTagToken, html.SelfClosingTagToken:
			t := z.Token()
			if t.Data == "body" {
				return location{}, errors.New("the page has no go-import meta tag for git")
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
	remote, err := gitconn.ParseRemote(s)
	return err == nil && len(s) <= longest && !remote.Local() && strings.Contains(s, "://")
}

func metaTag(t html.Token, importPath string) (location, bool) {
	if t.Data != "meta" {
		return location{}, false
	}
	attr := map[string]string{}
	for _, a := range t.Attr {
		attr[strings.ToLower(a.Key)] = a.Val
	}
	f := strings.Fields(attr["content"])
	if attr["name"] != "go-import" || (len(f) != 3 && len(f) != 4) || f[1] != "git" {
		return location{}, false
	}
	root := f[0]
	if importPath != root && !strings.HasPrefix(importPath, root+"/") {
		return location{}, false
	}
	if !isRepositoryURL(f[2]) {
		return location{}, false
	}
	loc := location{url: f[2], root: root, folder: below(importPath, root)}
	if len(f) == 4 { // the root's folder in the repository, since Go 1.25
		if !fs.ValidPath(f[3]) || f[3] == "." {
			return location{}, false
		}
		loc.folder = path.Join(f[3], loc.folder)
	}
	return loc, true
}
