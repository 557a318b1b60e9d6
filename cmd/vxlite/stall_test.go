package main

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// stall starts two servers that fall silent, and leaves them in STALL_URL and
// SILENT_ADDR: one has git's repositories over HTTP and stops in the middle of a
// pack, the other takes connections and says nothing. Each makes FILE when it
// has come so far: stall FILE. Below /slowly/ the first goes on, a byte at a time.
func (w *world) stall(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: stall FILE")
	}
	file := ts.MkAbs(args[0])
	silent := func() { _ = os.WriteFile(file, nil, 0o644) }
	halfway := w.halfway(silent)
	ts.Defer(halfway.Close)
	ts.Setenv("STALL_URL", strings.Replace(halfway.URL, "://", "://"+httpUser+":"+httpPassword+"@", 1))

	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	var mu sync.Mutex
	var open []net.Conn
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			open = append(open, c)
			mu.Unlock()
			silent()
		}
	}()
	ts.Defer(func() {
		l.Close()
		mu.Lock()
		defer mu.Unlock()
		for _, c := range open {
			c.Close()
		}
	})
	ts.Setenv("SILENT_ADDR", l.Addr().String())
}

// halfway starts a server of git's repositories that falls silent in the middle of
// a pack, and says when it does. Below /slowly/ it goes on, a byte at a time.
func (w *world) halfway(silent func()) *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, req *http.Request) {
		if req.Method != http.MethodPost {
			req.URL.Path = strings.TrimPrefix(req.URL.Path, "/slowly")
			w.http.ServeHTTP(rw, req)
			return
		}
		path, slowly := strings.CutPrefix(req.URL.Path, "/slowly")
		req.URL.Path = path
		answer := httptest.NewRecorder()
		w.http.ServeHTTP(answer, req)
		rw.Header().Set("Content-Type", answer.Header().Get("Content-Type"))
		const beginning = 300 // bytes: the first of the pack's packets, and some more
		_, _ = io.CopyN(rw, answer.Body, beginning)
		_ = http.NewResponseController(rw).Flush()
		silent()
		for slowly && req.Context().Err() == nil {
			_, _ = io.CopyN(rw, answer.Body, 1)
			_ = http.NewResponseController(rw).Flush()
			time.Sleep(20 * time.Millisecond)
		}
		<-req.Context().Done()
	}))
}

// answers starts a server that has one answer to everything, and leaves its
// address in ANSWER_URL: answers STATUS TYPE TEXT.
func answers(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: answers STATUS TYPE TEXT")
	}
	status, err := strconv.Atoi(args[0])
	ts.Check(err)
	s := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", args[1])
		rw.WriteHeader(status)
		_, _ = io.WriteString(rw, args[2])
	}))
	ts.Defer(s.Close)
	ts.Setenv("ANSWER_URL", s.URL)
}
