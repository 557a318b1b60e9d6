package main

import (
	"archive/zip"
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/mod/module"
	"golang.org/x/mod/sumdb"
	"golang.org/x/mod/sumdb/dirhash"
	"golang.org/x/mod/sumdb/note"
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
	secret, public, err := note.GenerateKey(rand.Reader, filepath.Base(dir)+".example.com")
	ts.Check(err)
	db := httptest.NewServer(sumdb.NewServer(sumdb.NewTestServer(secret, func(path, version string) ([]byte, error) {
		return sumLines(proxy, module.Version{Path: path, Version: version})
	})))
	server := httptest.NewServer(proxy)
	ts.Defer(db.Close)
	ts.Defer(server.Close)
	ts.Setenv("GOPROXY", server.URL)
	ts.Setenv("GOSUMDB", public+" "+db.URL)
}

// sumLines are the lines of go.sum for a module of a proxy.
func sumLines(proxy http.Handler, m module.Version) ([]byte, error) {
	path, err := module.EscapePath(m.Path)
	if err != nil {
		return nil, err
	}
	get := func(ext string) []byte {
		rec := httptest.NewRecorder()
		proxy.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/"+path+"/@v/"+m.Version+ext, nil))
		return rec.Body.Bytes()
	}
	archive, mod := get(".zip"), get(".mod")
	r, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		return nil, err
	}
	var names []string
	for _, f := range r.File {
		names = append(names, f.Name)
	}
	h1, err := dirhash.Hash1(names, func(name string) (io.ReadCloser, error) { return r.Open(name) })
	if err != nil {
		return nil, err
	}
	line := sha256.Sum256(fmt.Appendf(nil, "%x  go.mod\n", sha256.Sum256(mod)))
	return []byte(fmt.Sprintf("%s %s %s\n%s %s/go.mod h1:%s\n", m.Path, m.Version, h1, m.Path, m.Version,
		strings.TrimSpace(base64.StdEncoding.EncodeToString(line[:])))), nil
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
