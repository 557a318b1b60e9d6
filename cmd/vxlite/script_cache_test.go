package main

import (
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// cacheServer compiles a program for GOCACHEPROG and its server, starts the
// latter, and sets $CACHER and $CACHE_SERVER. They are go.mod's tools, so
// nothing is fetched for it that the tests' own packages are not.
func cacheServer(ts *testscript.TestScript, neg bool, args []string) {
	dir := ts.MkAbs("cacher")
	for _, name := range []string{"go-cacher", "go-cacher-server"} {
		cmd := exec.Command("go", "build", "-o", dir+"/"+name, "github.com/bradfitz/go-tool-cache/cmd/"+name)
		out, err := cmd.CombinedOutput()
		if err != nil {
			ts.Fatalf("%v: %s", err, out)
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	addr := l.Addr().String()
	ts.Check(l.Close())
	server := exec.Command(dir+"/go-cacher-server", "-cache-dir", ts.MkAbs("cacheserver"), "-listen", addr)
	ts.Check(server.Start())
	ts.Defer(func() {
		_ = server.Process.Kill()
		_ = server.Wait() // it was killed
	})
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		res, err := http.Get("http://" + addr + "/")
		if err == nil {
			res.Body.Close()
			break
		}
		if time.Now().After(deadline) {
			ts.Check(fmt.Errorf("the cache's server does not answer: %w", err))
		}
	}
	ts.Setenv("CACHER", dir+"/go-cacher")
	ts.Setenv("CACHE_SERVER", "http://"+addr)
}
