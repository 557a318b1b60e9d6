package mirror

import (
	"net/http"
	"slices"
	"strings"

	"github.com/vxlite/vxlite/internal/giturl"
	"github.com/vxlite/vxlite/internal/workspace"
)

// likeGo is a client that logs in where the go command does, as far as GOAUTH names a
// netrc, which it does unless the user has said otherwise: see go help goauth.
func likeGo(client *http.Client, k *workspace.Kit) *http.Client {
	methods := strings.Split(k.Tool.Var("GOAUTH"), ";")
	if !slices.ContainsFunc(methods, func(m string) bool { return strings.TrimSpace(m) == "netrc" }) {
		return client
	}
	other := *client
	other.Transport = netrc{client.Transport, giturl.Env(k.Env)}
	return &other
}

// netrc adds to requests the password that the user's netrc has.
type netrc struct {
	next http.RoundTripper
	env  giturl.Env
}

// RoundTrip implements [http.RoundTripper].
func (n netrc) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.URL.Scheme == "https" && req.Header.Get("Authorization") == "" {
		if cred, ok := giturl.Netrc(n.env, req.URL.Hostname(), ""); ok {
			req = req.Clone(req.Context())
			req.SetBasicAuth(cred.Username, string(cred.Password))
		}
	}
	return n.next.RoundTrip(req)
}
