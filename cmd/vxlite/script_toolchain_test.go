package main

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/mod/sumdb/dirhash"

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
	version = fmt.Sprintf("v0.0.1-%s.%s-%s", version, runtime.GOOS, runtime.GOARCH)
	program, err := os.ReadFile(ts.MkAbs(args[2]))
	ts.Check(err)
	base := filepath.Join(ts.MkAbs(args[0]), "golang.org", "toolchain", "@v", version)
	ts.Check(os.MkdirAll(filepath.Dir(base), 0o755))
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range []string{"/bin/go", "/bin/gofmt", "/pkg/tool/none", "/lib/none"} { // the go command wants them all
		f, err := w.Create("golang.org/toolchain@" + version + name)
		ts.Check(err)
		_, err = f.Write(program)
		ts.Check(err)
	}
	ts.Check(w.Close())
	ts.Check(os.WriteFile(base+".zip", b.Bytes(), 0o644))
	ts.Check(os.WriteFile(base+".mod", []byte("module golang.org/toolchain\n"), 0o644))
	ts.Check(os.WriteFile(base+".info", fmt.Appendf(nil, "{%q:%q}", "Version", version), 0o644))
	h1, err := dirhash.HashZip(base+".zip", dirhash.Hash1)
	ts.Check(err)
	ts.Setenv("TOOLCHAIN", "golang.org/toolchain@"+version)
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
