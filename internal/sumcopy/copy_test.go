package sumcopy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/module"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/vxlite/vxlite/internal/testkit"
)

// fillers are modules that nobody wants, so that a database has more than one tile.
const fillers = "example.com/filler"

// proxied serves the modules of testdata/mod, and any filler.
func proxied(t *testing.T) http.Handler {
	t.Helper()
	mods, err := testkit.Data("mod")
	testkit.Check(t, err)
	p, err := testkit.StartProxy(t.Context(), testkit.ProxyOptions{Archives: os.DirFS(mods)})
	testkit.Check(t, err)
	text := "/example.com/third/text/@v/v1.0.0" // what a filler holds
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/"+fillers) {
			r.URL.Path = text + filepath.Ext(r.URL.Path)
		}
		p.ServeHTTP(w, r)
	})
}

func fill(t *testing.T, db *testkit.SumDB, from, to int) {
	t.Helper()
	for i := range to - from {
		testkit.Check(t, db.Add(t.Context(), module.Version{Path: fmt.Sprint(fillers, from+i), Version: "v1.0.0"}))
	}
}

func versions(names ...string) (out []module.Version) {
	for _, n := range names {
		p, v, _ := strings.Cut(n, "@")
		out = append(out, module.Version{Path: p, Version: v})
	}
	return out
}

// remote is a database as GOSUMDB names it by its address.
func remote(t *testing.T, setting string) *Remote {
	t.Helper()
	d, err := ParseSetting(setting)
	testkit.Check(t, err)
	r, err := d.Find(t.Context(), http.DefaultClient, "off")
	testkit.Check(t, err)
	return r
}

// add writes what Copy returns.
func add(t *testing.T, r *Remote, dir string, mods []module.Version, seen ...byte) *Added {
	t.Helper()
	a, err := r.Copy(t.Context(), dir, mods, seen)
	testkit.Check(t, err)
	for _, f := range a.Files {
		testkit.WriteFile(t, filepath.Join(dir, filepath.FromSlash(f.Name)), string(f.Data))
	}
	return a
}

// serve writes the files of modules into a proxy's tree.
func serve(t *testing.T, proxy http.Handler, tree string, mods []module.Version) {
	t.Helper()
	for _, m := range mods {
		for _, ext := range []string{".info", ".mod", ".zip"} {
			rec := httptest.NewRecorder()
			name := "/" + m.Path + "/@v/" + m.Version + ext
			proxy.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, name, nil))
			testkit.WriteFile(t, filepath.Join(tree, filepath.FromSlash(name)), rec.Body.String())
		}
	}
}

// gopher is somebody with a go command and a memory of trees.
type gopher struct{ home, tree, key string }

// download downloads modules into a new module cache.
func (g gopher) download(t *testing.T, mods ...string) error {
	t.Helper()
	cmd := exec.Command("go", append([]string{"mod", "download"}, mods...)...)
	cmd.Dir = t.TempDir()
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + g.home, "GOPATH=" + g.home, "GOMODCACHE=" + filepath.Join(cmd.Dir, "cache"), "GOCACHE=off", "GOFLAGS=-modcacherw",
		"GOTOOLCHAIN=local", "GOENV=off", "GOPROXY=file://" + filepath.ToSlash(g.tree), "GOSUMDB=" + g.key}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}

// TestCopy has the go command ask a copy that grows, in several orders.
func TestCopy(t *testing.T) {
	proxy := proxied(t)
	db, err := testkit.StartSumDB(t.Context(), "sum.example.com/db", proxy)
	testkit.Check(t, err)
	tree := t.TempDir()
	dir := filepath.Join(tree, "sumdb", "sum.example.com", "db")
	r := remote(t, db.Key+" "+db.URL)
	early := versions("example.com/third/tally@v1.0.0", "example.com/third/text@v1.0.0")
	late := versions("example.com/third/text@v1.1.0")
	serve(t, proxy, tree, slices.Concat(early, late))
	old, fresh := gopher{testkit.TempHome(t), tree, db.Key}, func() gopher { return gopher{testkit.TempHome(t), tree, db.Key} }
	if err := old.download(t, "example.com/third/text@v1.0.0"); err == nil {
		t.Fatal("the go command does not ask the database")
	}

	fill(t, db, 0, 300)
	rare := versions("example.com/third/tally@v1.0.2")
	testkit.Check(t, db.Add(t.Context(), rare[0]))
	a := add(t, r, dir, slices.Concat(early, versions("example.com/nobody@v1.0.0")))
	if got := fmt.Sprint(a.Unknown); got != "[example.com/nobody@v1.0.0]" {
		t.Errorf("unknown: %s", got)
	}
	testkit.Check(t, old.download(t, "example.com/third/tally@v1.0.0"))
	before := contentsOf(t, dir)
	if err := fresh().download(t, "example.com/third/text@v1.1.0"); err == nil {
		t.Error("the go command does without a record")
	}

	fill(t, db, 300, 1500)
	if a := add(t, r, dir, nil); len(a.Files) > 0 {
		t.Errorf("nothing new, and yet %s", a.Files[0].Name)
	}
	add(t, r, dir, late)
	after := contentsOf(t, dir)
	for _, name := range slices.Sorted(maps.Keys(before)) {
		if before[name] != after[name] && name != "latest" {
			t.Errorf("%s has changed", name)
		}
	}
	testkit.Check(t, old.download(t, "example.com/third/text@v1.0.0", "example.com/third/text@v1.1.0"))
	testkit.Check(t, old.download(t, "example.com/third/tally@v1.0.0"))
	last := fresh()
	testkit.Check(t, last.download(t, "example.com/third/text@v1.1.0"))
	testkit.Check(t, last.download(t, "example.com/third/tally@v1.0.0"))

	// One who has asked the database itself, and then with the copy alone.
	elsewhere := gopher{testkit.TempHome(t), tree, db.Key + " " + db.URL}
	fill(t, db, 1500, 1700)
	testkit.Check(t, elsewhere.download(t, "example.com/third/text@v1.1.0"))
	elsewhere.key = db.Key
	if err := elsewhere.download(t, "example.com/third/text@v1.1.0"); err == nil {
		t.Error("a tree that the copy does not have is no hindrance")
	}
	seen, err := os.ReadFile(filepath.Join(elsewhere.home, "pkg", "sumdb", "sum.example.com", "db", "latest"))
	testkit.Check(t, err)
	add(t, r, dir, nil, seen...)
	if a := add(t, r, dir, nil, seen...); len(a.Files) > 0 {
		t.Errorf("the tree is there, and yet %s", a.Files[0].Name)
	}
	testkit.Check(t, elsewhere.download(t, "example.com/third/tally@v1.0.0"))
	fill(t, db, 1700, 1750)
	between, err := r.get(t.Context(), "latest", mostText)
	testkit.Check(t, err)
	fill(t, db, 1750, 1800)
	add(t, r, dir, versions("example.com/third/forcing@v1.0.0"), seen...)
	serve(t, proxy, tree, versions("example.com/third/forcing@v1.0.0"))
	testkit.Check(t, elsewhere.download(t, "example.com/third/forcing@v1.0.0", "example.com/third/text@v1.1.0"))
	testkit.Check(t, old.download(t, "example.com/third/forcing@v1.0.0"))

	// A record that was there before all trees, and nothing has come since.
	was := contentsOf(t, dir)
	a = add(t, r, dir, rare)
	if got := contentsOf(t, dir); len(a.Files) == 0 || got["latest"] != was["latest"] {
		t.Errorf("%d files, the latest tree is %s", len(a.Files), got["latest"])
	}
	serve(t, proxy, tree, rare)
	testkit.Check(t, fresh().download(t, "example.com/third/tally@v1.0.2"))
	testkit.Check(t, old.download(t, "example.com/third/tally@v1.0.2", "example.com/third/text@v1.1.0"))

	// A tree between others of the copy.
	a = add(t, r, dir, nil, between...)
	if got := contentsOf(t, dir); len(a.Files) == 0 || got["latest"] != was["latest"] {
		t.Errorf("%d files, the latest tree is %s", len(a.Files), got["latest"])
	}

	// Somebody removes a tile.
	whole := contentsOf(t, dir)
	testkit.Check(t, os.Remove(filepath.Join(dir, "tile", "8", "0", "001")))
	add(t, r, dir, nil)
	if !maps.Equal(contentsOf(t, dir), whole) {
		t.Error("a tile that was removed does not come back")
	}

	// A copy of the copy.
	other := t.TempDir()
	serve(t, proxy, other, early)
	address := &url.URL{Scheme: "file", Path: filepath.ToSlash(dir)}
	add(t, remote(t, r.Setting(address)), filepath.Join(other, "sumdb", "sum.example.com", "db"), early)
	testkit.Check(t, gopher{testkit.TempHome(t), other, db.Key}.download(t, "example.com/third/text@v1.0.0"))

	testkit.Check(t, os.RemoveAll(filepath.Join(dir, "tile", "8", "1")))
	if err := fresh().download(t, "example.com/third/text@v1.1.0"); err == nil {
		t.Error("the go command does without tiles")
	}
}

func contentsOf(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, file := range testkit.Files(t, dir) {
		name, data, _ := strings.Cut(file, ": ")
		out[name] = data
	}
	return out
}

// TestRefusals has databases and copies that are not what was signed.
func TestRefusals(t *testing.T) {
	proxy := proxied(t)
	db, err := testkit.StartSumDB(t.Context(), "sum.example.com", proxy)
	testkit.Check(t, err)
	target, err := url.Parse(db.URL)
	testkit.Check(t, err)
	change := func(string, []byte) []byte { return nil }
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		switch {
		case strings.HasSuffix(req.URL.Path, "/none@v1.0.0"):
			http.Error(w, "no", http.StatusServiceUnavailable)
			return
		case req.URL.Path == "/tile/8/0/001": // which is not complete, and the library's server panics
			http.NotFound(w, req)
			return
		}
		resp, err := http.Get(target.JoinPath(req.URL.Path).String())
		if err != nil {
			return
		}
		defer resp.Body.Close()
		var b bytes.Buffer
		b.ReadFrom(resp.Body)
		w.WriteHeader(resp.StatusCode)
		w.Write(change(req.URL.Path, b.Bytes()))
	}))
	defer server.Close()
	asIs := func(_ string, data []byte) []byte { return data }
	fill(t, db, 0, 300)
	dir := t.TempDir()
	r := remote(t, db.Key+" "+server.URL)
	change = asIs
	add(t, r, dir, versions("example.com/third/text@v1.0.0"))
	mods := versions("example.com/third/text@v1.1.0")
	for _, tt := range []struct {
		name   string
		change func(name string, data []byte) []byte
		mods   []module.Version
		want   string
		hint   bool
	}{
		{"other checksums", func(name string, data []byte) []byte {
			if strings.HasPrefix(name, "/lookup/") {
				return bytes.Replace(data, []byte("h1:"), []byte("h1:A"), 1)
			}
			return data
		}, mods, "lookup/example.com/third/text@v1.1.0 is not what the database signed", false},
		{"another signature", func(name string, data []byte) []byte {
			return bytes.Replace(data, []byte("go.sum database tree\n3"), []byte("go.sum database tree\n4"), 1)
		}, mods, "latest: it is not signed by the key of sum.example.com", false},
		{"no record", func(name string, data []byte) []byte {
			if strings.HasPrefix(name, "/lookup/") {
				return []byte("<html>")
			}
			return data
		}, mods, "lookup/example.com/third/text@v1.1.0: malformed record data", false},
		{"no record's number", func(name string, data []byte) []byte {
			if _, rest, ok := bytes.Cut(data, []byte("\n")); ok && strings.HasPrefix(name, "/lookup/") {
				return append([]byte("-1\n"), rest...)
			}
			return data
		}, mods, "lookup/example.com/third/text@v1.1.0: malformed record data", false},
		{"a number too great", func(name string, data []byte) []byte {
			if _, rest, ok := bytes.Cut(data, []byte("\n")); ok && strings.HasPrefix(name, "/lookup/") {
				return append([]byte("1000\n"), rest...)
			}
			return data
		}, mods, "lookup/example.com/third/text@v1.1.0: record 1000 is not in the tree of 302 records", false},
		{"another hash", func(name string, data []byte) []byte {
			if strings.HasPrefix(name, "/tile/8/0/001") {
				data[0]++
			}
			return data
		}, mods, "downloaded inconsistent tile", true},
		{"a short tile", func(name string, data []byte) []byte {
			if strings.HasPrefix(name, "/tile/8/0/001") {
				data = data[1:]
			}
			return data
		}, mods, "tile/8/0/001.p/46 has 1471 bytes, and not 1472", false},
		{"more than any answer", func(string, []byte) []byte { return make([]byte, mostText+1) }, mods, "latest: the answer has more than 1000000 bytes", true},
		{"an error", asIs, versions("example.com/none@v1.0.0"), server.URL + "/lookup/example.com/none@v1.0.0: the server answers 503 Service Unavailable", true},
	} {
		change = tt.change
		_, err := r.Copy(t.Context(), dir, tt.mods, nil)
		e, ok := errors.AsType[*Error](err)
		if !ok || !strings.Contains(e.Error(), tt.want) || len(e.Hints()) > 0 != tt.hint {
			t.Errorf("%s: %v, %v", tt.name, err, ok && len(e.Hints()) > 0)
		}
	}
	change = asIs
	fork(t, dir, r)

	// An answer that a proxy has kept for a while.
	kept, err := os.ReadFile(filepath.Join(dir, "latest"))
	testkit.Check(t, err)
	fill(t, db, 300, 310)
	change = func(name string, data []byte) []byte {
		if strings.HasPrefix(name, "/lookup/") {
			data = slices.Concat(data[:bytes.Index(data, []byte("\n\n"))+2], kept)
		}
		return data
	}
	a, err := r.Copy(t.Context(), dir, versions(fillers+"7@v1.0.0"), nil)
	testkit.Check(t, err)
	if latest := a.Files[len(a.Files)-1]; !bytes.HasPrefix(latest.Data, []byte("go.sum database tree\n312\n")) {
		t.Errorf("%s: %s", latest.Name, latest.Data)
	}
	change = asIs

	name := filepath.Join(dir, "lookup", "example.com", "third", "text@v1.0.0")
	data, err := os.ReadFile(name)
	testkit.Check(t, err)
	testkit.WriteFile(t, name, strings.Replace(string(data), "h1:", "h1:A", 1))
	if _, err := r.Copy(t.Context(), dir, mods, nil); err == nil || !strings.HasSuffix(err.Error(), ": lookup/example.com/third/text@v1.0.0 is not what the database signed") {
		t.Errorf("a damaged copy: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Copy(ctx, dir, mods, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
}

// fork has a tree in a copy that the database does not know.
func fork(t *testing.T, dir string, r *Remote) {
	t.Helper()
	tree := signedTree{Tree: tlog.Tree{N: 2}}
	tiles := &tiles{ctx: t.Context(), remote: r, dir: dir, known: map[string][]byte{}, fresh: map[string][]byte{}}
	now, err := r.readCopy(dir)
	testkit.Check(t, err)
	err = prove(now.trees[0], tiles, contents{now.records, []signedTree{tree}})
	if _, ok := errors.AsType[*ProofError](err); !ok || err.Error() != "it denies what it signed before: its tree of 2 records is not the beginning of that of 301" {
		t.Errorf("a fork: %v", err)
	}
}

// TestParseSetting has what GOSUMDB may say.
func TestParseSetting(t *testing.T) {
	const sum = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
	for setting, want := range map[string]string{
		"off":                              "",
		"sum.golang.org":                   "sum.golang.org <nil>",
		"sum.golang.google.cn":             "sum.golang.org https://sum.golang.google.cn",
		sum + " file:///srv/sums":          "sum.golang.org file:///srv/sums",
		"":                                 "GOSUMDB: it is not a key, or a key and a URL",
		"a b c":                            "GOSUMDB: it is not a key, or a key and a URL",
		"example.com":                      "GOSUMDB: the key is malformed",
		sum + " %zz":                       "GOSUMDB: the URL is malformed",
		"..+cd45ad5b+" + sum[len(sum)-44:]: "GOSUMDB: the key is malformed",
	} {
		got := ""
		d, err := ParseSetting(setting)
		if err != nil {
			got = err.Error()
		} else if d != nil {
			got = fmt.Sprint(d.Name, " ", d.address)
		}
		if got != want {
			t.Errorf("%q: %s, want %s", setting, got, want)
		}
	}
}

// TestFind has proxies of each kind.
func TestFind(t *testing.T) {
	proxy := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch user, password, _ := r.BasicAuth(); {
		case strings.HasPrefix(r.URL.Path, "/has/sumdb/sum.golang.org/") && user+password == "", strings.HasPrefix(r.URL.Path, "/secret/") && user+password == "mepw":
		case strings.HasPrefix(r.URL.Path, "/broken/"), strings.HasPrefix(r.URL.Path, "/secret/"):
			w.WriteHeader(http.StatusForbidden)
		default:
			w.WriteHeader(http.StatusGone)
		}
	}))
	defer proxy.Close()
	tree := t.TempDir()
	testkit.WriteFile(t, filepath.Join(tree, "sumdb", "sum.golang.org", "supported"), "")
	file := "file://" + filepath.ToSlash(tree)
	d, err := ParseSetting("sum.golang.org")
	testkit.Check(t, err)
	for goproxy, want := range map[string]string{
		"":                             "https://sum.golang.org",
		"direct," + proxy.URL + "/has": "https://sum.golang.org",
		proxy.URL + "/none," + proxy.URL + "/has/":                     proxy.URL + "/has/sumdb/sum.golang.org",
		proxy.URL + "/broken|" + proxy.URL + "/has":                    proxy.URL + "/has/sumdb/sum.golang.org",
		proxy.URL + "/broken," + proxy.URL + "/has":                    "checksum database sum.golang.org: " + proxy.URL + "/broken/sumdb/sum.golang.org/supported: the server answers 403 Forbidden",
		"file:///none," + file + ",off":                                file + "/sumdb/sum.golang.org",
		"file:///none,off":                                             "https://sum.golang.org",
		strings.Replace(proxy.URL, "//", "//me:pw@", 1) + "/secret":    strings.Replace(proxy.URL, "//", "//me:pw@", 1) + "/secret/sumdb/sum.golang.org",
		strings.Replace(proxy.URL, "//", "//me:wrong@", 1) + "/secret": "checksum database sum.golang.org: " + proxy.URL + "/secret/sumdb/sum.golang.org/supported: the server answers 403 Forbidden",
		"http://me:pw@127.0.0.1/":                                      "checksum database sum.golang.org: http://127.0.0.1/sumdb/sum.golang.org/supported: refusing to pass credentials to insecure URL",
		"://me:pw@":                                                    "checksum database sum.golang.org: GOPROXY has a malformed URL",
	} {
		got := ""
		if r, err := d.Find(t.Context(), proxy.Client(), goproxy); err != nil {
			got = err.Error()
		} else {
			got = r.Address.String()
		}
		if got != want {
			t.Errorf("%s: %s, want %s", goproxy, got, want)
		}
	}
}

// FuzzRecord has answers of a database that is anybody's.
func FuzzRecord(f *testing.F) {
	f.Add([]byte("1\nexample.com/a v1.0.0 h1:AAAA=\nexample.com/a v1.0.0/go.mod h1:AAAA=\n\ngo.sum database tree\n2\nAAAA=\n\n— sum.golang.org Az3g=\n"))
	d, err := ParseSetting("sum.golang.org")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := d.parse("lookup/x", data); err == nil {
			t.Error("nobody has the key")
		}
	})
}
