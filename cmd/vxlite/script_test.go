package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/rpc"
	"net/rpc/jsonrpc"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/vxlite/vxlite/internal/testkit"
)

func TestMain(m *testing.M) {
	testscript.Main(tests{m}, map[string]func(){"vxlite": main})
}

// TestScript runs the real program against real repositories: those of
// testdata/git, from a folder, over OpenSSH and from git's http-backend.
func TestScript(t *testing.T) {
	w := newWorld(t)
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("..", "..", "testdata", "script"),
		RequireExplicitExec: true,
		Setup:               w.setup,
		UpdateScripts:       os.Getenv("UPDATE_SCRIPTS") != "",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"gitrepo":      w.gitrepo,
			"gitbuild":     w.gitbuild,
			"gitgrow":      gitGrow,
			"goproxy":      w.goproxy,
			"gorelease":    goRelease,
			"withsumdb":    w.withSumDB,
			"warmgo":       w.warmGo,
			"asked":        w.asked,
			"logins":       w.logins,
			"stall":        w.stall,
			"answers":      answers,
			"rpccall":      rpccall,
			"rpcuntil":     rpcuntil,
			"writable":     writable,
			"registry":     startRegistry,
			"unpack":       unpack,
			"cacheserver":  cacheServer,
			"https":        w.startHTTPS,
			"sshd":         w.startSSHD,
			"pushservers":  w.startPush,
			"validbom":     validBOM,
			"saves":        saves,
			"documented":   documented,
			"cijob":        cijob,
			"racedetector": raceDetector,
		},
		Condition: w.condition,
	})
}

// world is what all scripts share. It is read-only but for what the servers
// record.
type world struct {
	repos    string // the folder of bare repositories
	proxy    *testkit.Proxy
	public   []*testkit.Repo      // those that the proxy has
	sshd     *testkit.SSHD        // nil where OpenSSH is not installed
	http     *testkit.HTTPBackend // nil where git is not installed
	goCache  string
	modCache string
}

const httpUser, httpPassword = "reader", "s3cret-marker"

func newWorld(t *testing.T) *world {
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	w := &world{repos: filepath.Join(t.TempDir(), "repos"), modCache: filepath.Join(t.TempDir(), "mod")}
	data, err := testkit.Data("git")
	testkit.Check(t, err)
	repos, err := testkit.BuildRepos(w.repos, os.DirFS(data))
	testkit.Check(t, err)
	mods, err := testkit.Data("mod")
	testkit.Check(t, err)
	w.public = public(repos)
	w.proxy, err = testkit.StartProxy(ctx, testkit.ProxyOptions{Archives: os.DirFS(mods), Repos: w.public})
	testkit.Check(t, err)
	t.Cleanup(w.proxy.Close)
	out, err := exec.Command("go", "env", "GOCACHE").Output()
	testkit.Check(t, err)
	w.goCache = strings.TrimSpace(string(out))
	w.startServers(ctx, t)
	return w
}

// noRaceSleep has a program not sleep for a second before it exits, as it would if
// compiled with the race detector: the tests start thousands. Races that were
// found until then are reported all the same.
const noRaceSleep = "GORACE=atexit_sleep_ms=0"

// goEnv is what the go command, and vxlite before it, are to find set.
func (w *world) goEnv() []string {
	return []string{
		"GOENV=off", "GOFLAGS=-modcacherw", "GOTOOLCHAIN=local", "GOSUMDB=off",
		"GOPROXY=" + w.proxy.URL, "GOCACHE=" + w.goCache, "GOMODCACHE=" + w.modCache, noRaceSleep,
	}
}

// startServers starts what git and OpenSSH serve. In CI they must be there.
func (w *world) startServers(ctx context.Context, t *testing.T) {
	sshDir := t.TempDir()
	sshd, err := testkit.StartSSHD(ctx, testkit.SSHDOptions{Dir: sshDir, Repos: w.repos})
	if err == nil {
		w.sshd = sshd
		t.Cleanup(sshd.Close)
	} else if os.Getenv("CI") != "" {
		t.Fatal(err)
	}
	backend, err := testkit.StartHTTPBackend(ctx, testkit.HTTPBackendOptions{Repos: w.repos, Username: httpUser, Password: httpPassword})
	if err == nil {
		w.http = backend
		t.Cleanup(backend.Close)
	} else if os.Getenv("CI") != "" {
		t.Fatal(err)
	}
}

// public leaves out the repositories that no proxy may have.
func public(all []*testkit.Repo) []*testkit.Repo {
	var out []*testkit.Repo
	for _, r := range all {
		if !strings.Contains(r.URL, "/acme/") {
			out = append(out, r)
		}
	}
	return out
}

// condition lets a script ask for a server.
func (w *world) condition(cond string) (bool, error) {
	switch cond {
	case "sshd":
		return w.sshd != nil, nil
	case "http":
		return w.http != nil, nil
	case "unshare":
		return exec.Command("unshare", "-rnm", "true").Run() == nil, nil
	case "airgap":
		return airgap()
	case "hangup": // who is started under nohup ignores it
		return !signal.Ignored(syscall.SIGHUP), nil
	case "root":
		return os.Getuid() == 0, nil
	}
	return false, fmt.Errorf("unknown condition %q", cond)
}

// airgap reports whether there can be a network with nobody else in it, and servers of
// root's there. In CI root must have both.
func airgap() (bool, error) {
	out, err := exec.Command("unshare", "--net", "--pid", "--fork", "sh", "-c", "ip link set lo up && /usr/sbin/nginx -v").CombinedOutput()
	if err != nil && os.Getuid() == 0 && os.Getenv("CI") != "" {
		return false, fmt.Errorf("no network of its own for a script: %w: %s", err, out)
	}
	return err == nil, nil
}

// setup gives a script its own home, store and folder of repositories: the
// latter holds links to the shared ones, and what the script adds.
func (w *world) setup(env *testscript.Env) error {
	home := filepath.Join(env.WorkDir, "home")
	repos := filepath.Join(env.WorkDir, "repos")
	for _, dir := range []string{home, repos, filepath.Join(env.WorkDir, "tmp")} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	if err := w.link(repos); err != nil {
		return err
	}
	if err := testkit.TelemetryOff(home); err != nil {
		return err
	}
	env.Setenv("HOME", home)
	env.Setenv("REPOS", repos)
	env.Setenv("VXLITE_CACHE", filepath.Join(env.WorkDir, "store"))
	rec := &record{next: w.proxy}
	proxy := httptest.NewServer(rec)
	env.Defer(proxy.Close)
	env.Values["asked"] = rec
	env.Vars = append(env.Vars, w.goEnv()...)
	env.Setenv("GOPROXY", proxy.URL)
	env.Setenv("TMPDIR", filepath.Join(env.WorkDir, "tmp"))
	if err := usePlain(env); err != nil {
		return err
	}
	if w.sshd != nil {
		current := &sshServer{}
		env.Values["sshd"] = current
		current.use(w.sshd, env.Setenv)
	}
	if w.http != nil {
		env.Setenv("HTTP_URL", w.http.URL+"/")
		env.Setenv("HTTP_HOST", strings.TrimPrefix(w.http.URL, "http://"))
	}
	return nil
}

// record is the module proxy as one script sees it.
type record struct {
	next http.Handler
	mu   sync.Mutex
	seen []string
}

func (r *record) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	r.seen = append(r.seen, req.URL.Path)
	r.mu.Unlock()
	r.next.ServeHTTP(w, req)
}

func (r *record) paths() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.seen)
}

func (w *world) link(dir string) error {
	owners, err := os.ReadDir(w.repos)
	if err != nil {
		return err
	}
	for _, owner := range owners {
		names, err := os.ReadDir(filepath.Join(w.repos, owner.Name()))
		if err != nil {
			return err
		}
		if err := os.MkdirAll(filepath.Join(dir, owner.Name()), 0o755); err != nil {
			return err
		}
		for _, n := range names {
			if err := os.Symlink(filepath.Join(w.repos, owner.Name(), n.Name()), filepath.Join(dir, owner.Name(), n.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// gitrepo makes a repository of a directory's files, in place of a shared one
// of that name: gitrepo DIR HOST/OWNER/NAME TAG…
func (w *world) gitrepo(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: gitrepo DIR HOST/OWNER/NAME [TAG…]")
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "url %s\nbranch main\nadd 1\ncommit 2026-03-01T10:00:00Z Made by a script\n", args[1])
	for _, tag := range args[2:] {
		fmt.Fprintf(&b, "tag %s\n", tag)
	}
	dir := ts.MkAbs(args[0])
	err := filepath.WalkDir(dir, func(p string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, p)
		if err != nil {
			return err
		}
		data, err := os.ReadFile(p)
		fmt.Fprintf(&b, "-- 1/%s --\n%s", filepath.ToSlash(rel), data)
		return err
	})
	ts.Check(err)
	repo, err := testkit.ParseRepo(args[1], b.Bytes())
	ts.Check(err)
	ts.Check(os.RemoveAll(filepath.Join(ts.Getenv("REPOS"), filepath.FromSlash(repo.Path()))))
	ts.Check(repo.Write(ts.Getenv("REPOS")))
}

// gitbuild makes a repository of its description, as in testdata/git, in the
// place of one of that name in a folder of repositories: gitbuild FILE FOLDER.
// The file's own sections are quoted in a script, and unquoted before.
func (w *world) gitbuild(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: gitbuild FILE FOLDER")
	}
	data, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	repo, err := testkit.ParseRepo(args[0], data)
	ts.Check(err)
	ts.Check(os.RemoveAll(filepath.Join(ts.MkAbs(args[1]), filepath.FromSlash(repo.Path()))))
	ts.Check(repo.Write(ts.MkAbs(args[1])))
}

// gitGrow makes one of testdata's repositories with more commands at the end of its
// description, in its place in a folder of repositories: gitgrow NAME FOLDER COMMAND…
func gitGrow(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: gitgrow NAME FOLDER COMMAND…")
	}
	file, err := testkit.Data("git", args[0]+".txtar")
	ts.Check(err)
	archive, err := txtar.ParseFile(file)
	ts.Check(err)
	archive.Comment = fmt.Appendf(nil, "%s%s\n", archive.Comment, strings.Join(args[2:], "\n"))
	repo, err := testkit.ParseRepo(args[0], txtar.Format(archive))
	ts.Check(err)
	ts.Check(os.RemoveAll(filepath.Join(ts.MkAbs(args[1]), filepath.FromSlash(repo.Path()))))
	ts.Check(repo.Write(ts.MkAbs(args[1])))
}

// goproxy sets GOPROXY to one of a script's own, with third-party modules that
// are described in a folder, in place of those of testdata/mod: goproxy FOLDER
func (w *world) goproxy(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: goproxy FOLDER")
	}
	shared, err := testkit.Data("mod")
	ts.Check(err)
	modules := fstest.MapFS{}
	for _, dir := range []string{shared, ts.MkAbs(args[0])} {
		entries, err := os.ReadDir(dir)
		ts.Check(err)
		for _, e := range entries {
			data, err := os.ReadFile(filepath.Join(dir, e.Name()))
			ts.Check(err)
			modules[e.Name()] = &fstest.MapFile{Data: data}
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	p, err := testkit.StartProxy(ctx, testkit.ProxyOptions{Archives: modules, Repos: w.public})
	ts.Check(err)
	ts.Defer(func() { p.Close(); cancel() })
	ts.Setenv("GOPROXY", p.URL)
}

// asked checks what the module proxy was asked about: [!] asked MODULE-PREFIX
func (w *world) asked(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: [!] asked MODULE-PREFIX")
	}
	var got []string
	for _, p := range ts.Value("asked").(*record).paths() {
		if strings.HasPrefix(p, "/"+args[0]) {
			got = append(got, p)
		}
	}
	if neg && len(got) > 0 {
		ts.Fatalf("the proxy was asked for %s", strings.Join(got, ", "))
	}
	if !neg && len(got) == 0 {
		ts.Fatalf("the proxy was not asked for %s", args[0])
	}
}

// logins compares how many SSH connections a script made to a server of its own:
// logins START|COUNT
func (w *world) logins(ts *testscript.TestScript, neg bool, args []string) {
	s := ts.Value("sshd").(*sshServer).SSHD
	if s == w.sshd {
		ts.Fatalf("other scripts use this server too: start one with sshd")
	}
	n := fmt.Sprint(s.Connections())
	if args[0] == "start" {
		ts.Setenv("SSH_LOGINS", n)
		return
	}
	var before, after int
	fmt.Sscan(ts.Getenv("SSH_LOGINS"), &before)
	fmt.Sscan(n, &after)
	if got := fmt.Sprint(after - before); got != args[0] {
		ts.Fatalf("%s SSH connections were made, not %s", got, args[0])
	}
}

// rpccall calls a method of a running server and writes its answer as JSON to
// a file: rpccall SOCKET METHOD ARGUMENT FILE. It waits until the server listens.
func rpccall(ts *testscript.TestScript, neg bool, args []string) {
	var client *rpc.Client
	var err error
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if client, err = jsonrpc.Dial("unix", ts.MkAbs(args[0])); err == nil {
			break
		}
	}
	ts.Check(err)
	defer client.Close()
	var answer any
	ts.Check(client.Call(args[1], argument(args[2]), &answer))
	out, err := json.Marshal(answer)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[3]), append(out, '\n'), 0o644))
}

// rpcuntil calls a method until it gives that answer, a string or else JSON:
// rpcuntil SOCKET METHOD ARGUMENT ANSWER. The server may come and go meanwhile.
func rpcuntil(ts *testscript.TestScript, neg bool, args []string) {
	var last any
	for deadline := time.Now().Add(3 * time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		client, err := jsonrpc.Dial("unix", ts.MkAbs(args[0]))
		if err != nil {
			last = err
			continue
		}
		var answer any
		err = client.Call(args[1], argument(args[2]), &answer)
		client.Close()
		if _, ok := answer.(string); !ok && err == nil {
			text, err := json.Marshal(answer)
			ts.Check(err)
			answer = string(text)
		}
		if last = answer; err != nil {
			last = err
		} else if answer == args[3] {
			return
		}
	}
	ts.Fatalf("%s answers %v, not %s", args[1], last, args[3])
}

// argument is what a method is called with: a string, or JSON where it is true
// or an object.
func argument(s string) any {
	if s == "true" || strings.HasPrefix(s, "{") {
		return json.RawMessage(s)
	}
	return s
}

// writable makes a file or directory read-only or not: [!] writable PATH
func writable(ts *testscript.TestScript, neg bool, args []string) {
	mode := os.FileMode(0o755)
	if neg {
		mode = 0o555
	}
	ts.Check(os.Chmod(ts.MkAbs(args[0]), mode))
}
