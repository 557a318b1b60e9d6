package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/vxlite/vxlite/internal/testkit"
)

// goRelease writes a Go release for this platform into a proxy's file tree, of
// which bin/go is a script's file: gorelease DIR GOVERSION FILE. The version
// local is that of the go command.
func goRelease(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: gorelease DIR GOVERSION FILE")
	}
	version := args[1]
	if version == "local" {
		version = runtime.Version()
	}
	program, err := os.ReadFile(ts.MkAbs(args[2]))
	ts.Check(err)
	m, h1, err := testkit.WriteGoRelease(ts.MkAbs(args[0]), version, program)
	ts.Check(err)
	ts.Setenv("TOOLCHAIN", m.String())
	ts.Setenv("TOOLCHAIN_H1", h1)
}

// withSumDB sets GOPROXY to one with a file tree in front of the shared one,
// and GOSUMDB to a checksum database of what it has now: withsumdb DIR
func (w *world) withSumDB(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: withsumdb DIR")
	}
	dir := ts.MkAbs(args[0])
	proxy := http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(r.URL.Path))); err == nil {
			rw.Write(data)
			return
		}
		w.proxy.ServeHTTP(rw, r)
	})
	ctx, cancel := context.WithCancel(context.Background())
	ts.Defer(cancel)
	db, err := testkit.StartSumDB(ctx, filepath.Base(dir)+".example.com", proxy)
	ts.Check(err)
	server := httptest.NewServer(proxy)
	ts.Defer(server.Close)
	ts.Setenv("GOPROXY", server.URL)
	ts.Setenv("GOSUMDB", db.Key+" "+db.URL)
}

// warmGo puts a go command before the others that compiles into the cache of all
// scripts, also where a build from a vendor folder begins with an empty one: for
// scripts that are not about that.
func (w *world) warmGo(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: warmgo")
	}
	goCmd, err := exec.LookPath("go")
	ts.Check(err)
	dir := ts.MkAbs("warmgo")
	ts.Check(os.MkdirAll(dir, 0o755))
	ts.Check(os.WriteFile(filepath.Join(dir, "go"), fmt.Appendf(nil, "#!/bin/sh\nGOCACHE='%s' exec '%s' \"$@\"\n", w.goCache, goCmd), 0o755))
	ts.Setenv("PATH", dir+string(os.PathListSeparator)+ts.Getenv("PATH"))
}
