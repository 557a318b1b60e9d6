package source

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/event"
	"github.com/vxlite/vxlite/internal/gitpack"
	"github.com/vxlite/vxlite/internal/store"
	"github.com/vxlite/vxlite/internal/testkit"
)

// patienceForTests is short, as all servers are near, but not for a machine with
// much to do.
var patienceForTests = config.Patience{Timeout: 10 * time.Second, ConnectTimeout: 20 * time.Second, Retries: 3}

// pauses are how long a client would have waited.
type pauses struct {
	mu  sync.Mutex
	all []time.Duration
}

func (p *pauses) pause(ctx context.Context, d time.Duration) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all = append(p.all, d)
	return ctx.Err()
}

// impatient makes a client that does not wait between attempts.
func impatient(t *testing.T, o Options) (*Client, *pauses) {
	t.Helper()
	if o.Git.Patience == (config.Patience{}) {
		o.Git.Patience = patienceForTests
	}
	c := newClient(t, o)
	p := new(pauses)
	c.conns.Pause = p.pause
	return c, p
}

// wholeStore looks at all that a store has from git.
func wholeStore(t *testing.T, s *store.Store) {
	t.Helper()
	for _, name := range entries(t, s, "git") {
		if err := gitpack.Check(filepath.Join(s.Dir(), "git", name)); err != nil {
			t.Errorf("the store's %s: %v", name, err)
		}
	}
	if left := entries(t, s, "tmp"); len(left) > 0 {
		t.Errorf("left in tmp: %q", left)
	}
}

// server is a server of either kind, and how a client reaches it at another
// address.
type server struct {
	addr string
	size int64 // about how many bytes it sends for one fetch
	at   func(addr string) (url string, o Options)
}

// servers start a server of each kind with a repository.
func servers(t *testing.T, r *testkit.Repo) map[string]server {
	dir := testkit.WriteRepos(t, r)
	b := testkit.ServeHTTP(t, testkit.HTTPBackendOptions{Repos: dir})
	s := testkit.ServeSSH(t, testkit.SSHDOptions{Repos: dir})
	return map[string]server{
		"http": {strings.TrimPrefix(b.URL, "http://"), 1500, func(addr string) (string, Options) {
			return "http://" + addr + "/" + r.Path(), Options{}
		}},
		"ssh": {s.Addr, 5000, func(addr string) (string, Options) {
			_, p, _ := strings.Cut(addr, ":")
			env := testkit.Home(t, s, "Host 127.0.0.1\n\tHostKeyAlias sshd\n")
			testkit.WriteFile(t, filepath.Join(env["HOME"], ".ssh", "known_hosts"), testkit.KnownAs(s, "sshd")+"\n")
			return "ssh://" + s.User + "@127.0.0.1:" + p + filepath.Join(dir, r.Path()), Options{Env: env.Env}
		}},
	}
}

// TestBrokenWorld has every kind of fault at many points of a fetch: first on
// the first connection alone, and vxlite gets over it; then on all of them, and
// it comes to an end that says so. The store is whole in either case.
func TestBrokenWorld(t *testing.T) {
	r := testkit.MustParse(t, testkit.ModuleArchive("a")+"-- 1/a.go --\npackage a\n"+strings.Repeat("// 0123456789 is a line\n", 20))
	const points = 9
	for name, s := range servers(t, r) {
		for _, kind := range []testkit.FaultKind{testkit.Cut, testkit.Reset, testkit.Stall, testkit.Throttle, testkit.Flip} {
			for point := range points {
				fault := testkit.Fault{After: s.size * int64(point) / points, Kind: kind}
				t.Run(fmt.Sprintf("%s, %s after %d", name, kind, fault.After), func(t *testing.T) {
					t.Parallel()
					oneFault(t, s, r, fault)
					if kind != testkit.Throttle {
						allFaults(t, s, r, fault)
					}
				})
			}
		}
	}
}

func oneFault(t *testing.T, s server, r *testkit.Repo, fault testkit.Fault) {
	f, err := testkit.StartFaults(s.addr, func(n int) testkit.Fault {
		if n == 0 {
			return fault
		}
		return testkit.Fault{}
	})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	url, o := s.at(f.Addr)
	o.Store = newStore(t)
	o.Git.Patience = config.Patience{Timeout: time.Second, ConnectTimeout: 2 * time.Second, Retries: 8} // a busy machine may need some
	c, _ := impatient(t, o)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	found, err := c.Find(ctx, Request{URL: url, Choose: tag("v1.0.0")})
	switch {
	case err == nil:
		if found.Commit != r.Commit("v1.0.0") {
			t.Errorf("commit %s", found.Commit)
		}
		if dir, err := c.Tree(ctx, found, ""); err != nil || len(testkit.Files(t, dir)) != 2 {
			t.Errorf("tree %s, %v", dir, err)
		}
	case fault.Kind == testkit.Flip:
		// Not every flipped bit can be told from what a server means: a ref may
		// be another one's, a status another. But it is told.
	default:
		t.Errorf("not got over: %v", err)
	}
	wholeStore(t, o.Store)
}

func allFaults(t *testing.T, s server, r *testkit.Repo, fault testkit.Fault) {
	f, err := testkit.StartFaults(s.addr, func(int) testkit.Fault { return fault })
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	url, o := s.at(f.Addr)
	o.Store = newStore(t)
	o.Git.Patience = config.Patience{Timeout: 300 * time.Millisecond, ConnectTimeout: time.Second, Retries: 1}
	c, _ := impatient(t, o)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	found, err := c.Find(ctx, Request{URL: url, Choose: tag("v1.0.0")})
	if ctx.Err() != nil {
		t.Error("it hangs")
	}
	if err == nil && found.Commit != r.Commit("v1.0.0") {
		t.Errorf("commit %s", found.Commit)
	}
	if err != nil && (len(err.Error()) < 20 || strings.Contains(err.Error(), "%!")) {
		t.Errorf("no clear end: %v", err)
	}
	wholeStore(t, o.Store)
}

// TestRetries has what is tried again and what is not, and the pauses between.
func TestRetries(t *testing.T) {
	r := testkit.MustParse(t, testkit.ModuleArchive("a"))
	b := testkit.ServeHTTP(t, testkit.HTTPBackendOptions{Repos: testkit.WriteRepos(t, r)})
	header := func(v string) http.Header { return http.Header{"Retry-After": {v}} }
	later := func(d time.Duration) string { return time.Now().Add(d).UTC().Format(http.TimeFormat) }
	for _, tt := range []struct {
		name    string
		answers *testkit.Answers
		pauses  []time.Duration
		fails   bool
	}{
		{name: "503 once", answers: &testkit.Answers{Status: 503, Times: 1}, pauses: []time.Duration{time.Second}},
		{name: "429 three times", answers: &testkit.Answers{Status: 429, Times: 3}, pauses: []time.Duration{time.Second, 2 * time.Second, 4 * time.Second}},
		{name: "500 on the pack", answers: &testkit.Answers{Status: 500, Times: 1, Method: "POST"}, pauses: []time.Duration{time.Second}},
		{name: "502 for ever", answers: &testkit.Answers{Status: 502, Times: 1e6}, pauses: []time.Duration{time.Second, 2 * time.Second, 4 * time.Second}, fails: true},
		{name: "Retry-After", answers: &testkit.Answers{Status: 429, Header: header("7"), Times: 1}, pauses: []time.Duration{7 * time.Second}},
		{name: "Retry-After of an hour", answers: &testkit.Answers{Status: 503, Header: header("3600"), Times: 1}, pauses: []time.Duration{time.Minute}},
		{name: "Retry-After beyond all", answers: &testkit.Answers{Status: 503, Header: header("99999999999999999999"), Times: 1}, pauses: []time.Duration{time.Second}},
		{name: "Retry-After in the past", answers: &testkit.Answers{Status: 503, Header: header(later(-time.Hour)), Times: 1}, pauses: []time.Duration{time.Second}},
		{name: "Retry-After at a time far off", answers: &testkit.Answers{Status: 503, Header: header(later(time.Hour)), Times: 1}, pauses: []time.Duration{time.Minute}},
		{name: "Retry-After that is none", answers: &testkit.Answers{Status: 503, Header: header("soon"), Times: 1}, pauses: []time.Duration{time.Second}},
		{name: "404", answers: &testkit.Answers{Status: 404, Times: 1e6}, fails: true},
		{name: "401", answers: &testkit.Answers{Status: 401, Times: 1e6}, fails: true},
		{name: "403", answers: &testkit.Answers{Status: 403, Times: 1e6}, fails: true},
		{name: "410", answers: &testkit.Answers{Status: 410, Times: 1e6}, fails: true},
		{name: "501", answers: &testkit.Answers{Status: 501, Times: 1e6}, fails: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.answers.Next = b
			s := httptest.NewServer(tt.answers)
			defer s.Close()
			var seen testkit.Events
			c, p := impatient(t, Options{Sink: seen.Sink})
			_, err := c.Find(t.Context(), Request{Module: "a", URL: s.URL + "/" + r.Path(), Ref: "v1.0.0", Choose: tag("v1.0.0")})
			if (err != nil) != tt.fails {
				t.Errorf("error %v", err)
			}
			if !slices.Equal(p.all, tt.pauses) {
				t.Errorf("pauses %v, want %v", p.all, tt.pauses)
			}
			if n := seen.Count(event.Retry); n != len(tt.pauses) {
				t.Errorf("%d events of retries, want %d", n, len(tt.pauses))
			}
		})
	}
}

// TestUnreachable has a host that is down: its repositories wait for it
// together, and a mirror that is up is taken without a wait.
func TestUnreachable(t *testing.T) {
	r := testkit.MustParse(t, testkit.ModuleArchive("a"))
	b := testkit.ServeHTTP(t, testkit.HTTPBackendOptions{Repos: testkit.WriteRepos(t, r)})
	down := closedAddr(t)
	c, p := impatient(t, Options{})
	_, err := c.Find(t.Context(), Request{URL: "http://" + down + "/a.git", Choose: refuse(t)})
	testkit.WantError(t, err, "http://"+down+"/a.git: dial tcp "+down+": connect: connection refused")
	if len(p.all) != 3 {
		t.Errorf("pauses %v, want three", p.all)
	}
	_, err = c.Find(t.Context(), Request{URL: "http://" + down + "/b.git", Choose: refuse(t)})
	if err == nil || len(p.all) != 3 {
		t.Errorf("the second repository: error %v, pauses %v", err, p.all)
	}
	c, p = impatient(t, Options{Mirrors: mirrorTo("https://git.corp/", "http://"+down+"/", b.URL+"/")})
	mustFind(t, c, Request{URL: "https://git.corp/acme/a.git", Choose: tag("v1.0.0")}, r.Commit("v1.0.0"))
	if len(p.all) != 0 {
		t.Errorf("pauses %v before a mirror was tried", p.all)
	}
}

// TestSilentServers have connections that are taken, and nothing more.
func TestSilentServers(t *testing.T) {
	b := testkit.ServeHTTP(t, testkit.HTTPBackendOptions{Repos: t.TempDir()})
	f, err := testkit.StartFaults(strings.TrimPrefix(b.URL, "http://"), func(int) testkit.Fault { return testkit.Fault{Kind: testkit.Stall} })
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	short := func(p config.Patience) Options { return Options{Git: config.Git{Patience: p}} }
	c, p := impatient(t, short(config.Patience{Timeout: 100 * time.Millisecond, ConnectTimeout: time.Minute, Retries: 1}))
	_, err = c.Find(t.Context(), Request{URL: "http://" + f.Addr + "/a.git", Choose: refuse(t)})
	testkit.WantError(t, err, "http://"+f.Addr+"/a.git: the server has sent nothing for 100ms",
		"if it needs longer than 100ms, give it more time in the config:\n  [git]\n  timeout = \"200ms\"")
	if len(p.all) != 1 {
		t.Errorf("pauses %v, want one", p.all)
	}
	c, p = impatient(t, short(config.Patience{Timeout: time.Minute, ConnectTimeout: 100 * time.Millisecond, Retries: 1}))
	_, err = c.Find(t.Context(), Request{URL: "ssh://git@" + f.Addr + "/a.git", Choose: refuse(t)})
	testkit.WantError(t, err, "ssh git@"+f.Addr+": no answer within 100ms",
		"if it needs longer than 100ms, give it more time in the config:\n  [git]\n  connect_timeout = \"200ms\"")
	if len(p.all) != 1 {
		t.Errorf("pauses %v, want one", p.all)
	}
}

// TestStopWhileWaiting has somebody stop vxlite between two attempts.
func TestStopWhileWaiting(t *testing.T) {
	busy := httptest.NewServer(&testkit.Answers{Status: 429, Header: http.Header{"Retry-After": {"30"}}, Times: 1e6})
	defer busy.Close()
	c := newClient(t, Options{Git: config.Git{Patience: patienceForTests}})
	stop := errors.New("stopped")
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(50*time.Millisecond, func() { cancel(stop) })
	start := time.Now()
	_, err := c.Find(ctx, Request{URL: busy.URL + "/a.git", Choose: refuse(t)})
	if !errors.Is(err, stop) || time.Since(start) > 20*time.Second {
		t.Errorf("error %v after %v", err, time.Since(start))
	}
}

// TestRedirect has a server send its guests to another one. The credentials
// were not meant for that.
func TestRedirect(t *testing.T) {
	r := testkit.MustParse(t, testkit.ModuleArchive("a"))
	repos := testkit.WriteRepos(t, r)
	other := testkit.ServeHTTP(t, testkit.HTTPBackendOptions{Repos: repos})
	// Go takes 127.0.0.1 and localhost for two hosts.
	target := strings.Replace(other.URL, "127.0.0.1", "localhost", 1)
	first := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if _, _, ok := req.BasicAuth(); !ok {
			w.Header().Set("WWW-Authenticate", "Basic")
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		http.Redirect(w, req, target+req.URL.RequestURI(), http.StatusFound)
	}))
	defer first.Close()
	git := config.Git{Credentials: []config.Credential{{Host: "127.0.0.1", Username: "ci", Password: "s3cret"}}}
	c := newClient(t, Options{Git: git})
	_, err := c.Find(t.Context(), Request{URL: first.URL + "/" + r.Path(), Choose: tag("v1.0.0")})
	if err != nil {
		t.Logf("refused, which is as good: %v", err)
	}
	if len(other.Requests()) == 0 {
		t.Error("the other server was not asked")
	}
	for _, q := range other.Requests() {
		if q.Username != "" {
			t.Errorf("%s %s came with credentials", q.Method, q.URL)
		}
	}
}

// TestReadOnlyStore has a store that nobody may write to, as far as the user
// running the tests is bound by that.
func TestReadOnlyStore(t *testing.T) {
	testkit.NeedsUnix(t, "a folder's mode keeps nobody from writing")
	if os.Getuid() == 0 {
		t.Skip("root may write everywhere")
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o555); err != nil {
		t.Fatal(err)
	}
	_, err := store.Open(filepath.Join(dir, "store"))
	testkit.WantError(t, err, "store: mkdir "+filepath.Join(dir, "store")+": permission denied")
}
