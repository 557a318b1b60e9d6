package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// secretMode is a way in which a run ends.
type secretMode struct {
	name    string
	handler func(w *world) http.Handler // nil for nobody there
	ref     string                      // RoadRunner's, where it is another than the usual
	// mayPass says that another attempt may help.
	mayPass bool
	// well says that the server has all and the go command works.
	well bool
}

var secretModes = []secretMode{
	{name: "nobody there", mayPass: true},
	{name: "401", handler: always(401)},
	{name: "403", handler: always(403)},
	{name: "404", handler: always(404)},
	{name: "500", handler: always(500), mayPass: true},
	{name: "a redirect", handler: func(*world) http.Handler { return http.RedirectHandler("http://localhost:1/else", http.StatusFound) }, mayPass: true},
	{name: "silence", mayPass: true, handler: func(*world) http.Handler {
		return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	}},
	{name: "half a pack", handler: halfPack, mayPass: true},
	{name: "no such ref", handler: openBackend, ref: "v9.9.9"},
	{name: "go refuses", handler: openBackend},
	{name: "all is well", handler: askingBackend, well: true},
}

// timeout is short where there is nothing to wait for.
func (m secretMode) timeout() string {
	if m.well {
		return "1m"
	}
	return "100ms"
}

func startSecretServer(t *testing.T, h http.Handler) (host string) {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return strings.TrimPrefix(s.URL, "http://")
}

func always(status int) func(*world) http.Handler {
	return func(*world) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
	}
}

// openBackend lets everybody in, by the credentials of the one who may.
func openBackend(w *world) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		r.SetBasicAuth(httpUser, httpPassword)
		w.http.ServeHTTP(rw, r)
	})
}

// askingBackend lets those in who know the secret.
func askingBackend(w *world) http.Handler {
	next := openBackend(w)
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != marker && password != marker {
			rw.Header().Set("WWW-Authenticate", `Basic realm="git"`)
			rw.WriteHeader(http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(rw, r)
	})
}

// halfPack stops in the middle of each pack.
func halfPack(w *world) http.Handler {
	next := openBackend(w)
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			next.ServeHTTP(rw, r)
			return
		}
		rec := httptest.NewRecorder()
		next.ServeHTTP(rec, r)
		rw.Header().Set("Content-Type", rec.Header().Get("Content-Type"))
		_, _ = rw.Write(rec.Body.Bytes()[:rec.Body.Len()/2])
		panic(http.ErrAbortHandler)
	})
}
