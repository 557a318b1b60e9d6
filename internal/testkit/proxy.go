package testkit

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"
	modzip "golang.org/x/mod/zip"
)

// ProxyOptions say what a module proxy has.
type ProxyOptions struct {
	// Archives holds one file PATH_VERSION.txt per module, as goproxytest
	// wants them; slashes in the path are written as underscores.
	Archives fs.FS
	// Repos are repositories whose tagged modules the proxy has too, as a
	// public proxy has RoadRunner's.
	Repos []*Repo
}

// Proxy is a module proxy on the loopback interface.
type Proxy struct {
	// URL is what to put into GOPROXY.
	URL string

	server   *http.Server
	files    map[string][]byte // by URL path
	requests record[string]
}

// StartProxy starts a module proxy, which ends with ctx or at Close.
//
// It is like goproxytest's, which keeps no record, and whose modules have to be
// files.
func StartProxy(ctx context.Context, o ProxyOptions) (*Proxy, error) {
	p := &Proxy{files: map[string][]byte{}}
	modules, err := readModules(o.Archives)
	if err != nil {
		return nil, err
	}
	for _, r := range o.Repos {
		released, err := r.Modules()
		if err != nil {
			return nil, err
		}
		modules = append(modules, released...)
	}
	if err := p.addAll(modules); err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p.URL = "http://" + l.Addr().String()
	p.server = &http.Server{Handler: p, ReadHeaderTimeout: time.Minute}
	go p.server.Serve(l)
	context.AfterFunc(ctx, p.Close)
	return p, nil
}

// Close ends the proxy.
func (p *Proxy) Close() { p.server.Close() }

// Requests are the paths that were asked for, in order: /MODULE/@v/list and so
// on, in the protocol's spelling.
func (p *Proxy) Requests() []string { return p.requests.all() }

// Asked are the requests for modules whose path begins with prefix; a test of
// private modules wants none.
func (p *Proxy) Asked(prefix string) []string {
	return slices.DeleteFunc(p.Requests(), func(r string) bool {
		return !strings.HasPrefix(r, "/"+prefix)
	})
}

// ServeHTTP implements [http.Handler].
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.requests.add(r.URL.Path)
	data, ok := p.files[r.URL.Path]
	if !ok {
		http.Error(w, "not found: "+r.URL.Path, http.StatusNotFound)
		return
	}
	w.Write(data)
}

func (p *Proxy) addAll(modules []*ModuleVersion) error {
	versions := map[string][]string{}
	for _, m := range modules {
		base, err := p.add(m)
		if err != nil {
			return fmt.Errorf("%s: %w", m.Version, err)
		}
		versions[base] = append(versions[base], m.Version.Version)
	}
	for base, list := range versions {
		semver.Sort(list)
		p.files[base+"/@v/list"] = []byte(strings.Join(list, "\n") + "\n")
		p.files[base+"/@latest"] = p.files[base+"/@v/"+latest(list)+".info"]
	}
	return nil
}

// add adds one module and returns its path as it stands in URLs.
func (p *Proxy) add(m *ModuleVersion) (string, error) {
	escapedPath, err := module.EscapePath(m.Path)
	if err != nil {
		return "", err
	}
	escapedVersion, err := module.EscapeVersion(m.Version.Version)
	if err != nil {
		return "", err
	}
	info, err := json.Marshal(struct {
		Version string
		Time    time.Time
	}{m.Version.Version, m.Time.UTC()})
	if err != nil {
		return "", err
	}
	base := "/" + escapedPath
	file := base + "/@v/" + escapedVersion
	if _, ok := p.files[file+".mod"]; ok {
		return "", fmt.Errorf("it is there twice")
	}
	p.files[file+".info"] = info
	p.files[file+".mod"] = m.GoMod
	p.files[file+".zip"] = m.Zip
	return base, nil
}

// latest is the highest release of a sorted list, or its highest pre-release.
func latest(sorted []string) string {
	for _, v := range slices.Backward(sorted) {
		if semver.Prerelease(v) == "" {
			return v
		}
	}
	return sorted[len(sorted)-1]
}

// readModules reads module archives. A file's .info and .mod are made from its
// name and its go.mod; none is needed in the archive.
func readModules(archives fs.FS) ([]*ModuleVersion, error) {
	if archives == nil {
		return nil, nil
	}
	names, err := fs.Glob(archives, "*.txt")
	if err != nil {
		return nil, err
	}
	var modules []*ModuleVersion
	for _, name := range names {
		data, err := fs.ReadFile(archives, name)
		if err != nil {
			return nil, err
		}
		m, err := readModule(name, data)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		modules = append(modules, m)
	}
	return modules, nil
}

func readModule(name string, data []byte) (*ModuleVersion, error) {
	base := strings.TrimSuffix(path.Base(name), ".txt")
	i := strings.LastIndex(base, "_v")
	if i < 0 {
		return nil, fmt.Errorf("the name is not PATH_VERSION.txt")
	}
	modulePath, err := module.UnescapePath(strings.ReplaceAll(base[:i], "_", "/"))
	if err != nil {
		return nil, err
	}
	m := &ModuleVersion{
		Version: module.Version{Path: modulePath, Version: base[i+1:]},
		Time:    time.Unix(0, 0),
	}
	var files []modzip.File
	for _, f := range txtar.Parse(data).Files {
		file := treeFile{path: f.Name, entry: regular(f.Data)}
		files = append(files, file)
		if f.Name == "go.mod" {
			m.GoMod = f.Data
		}
	}
	var buf bytes.Buffer
	if err := modzip.Create(&buf, m.Version, files); err != nil {
		return nil, err
	}
	m.Zip = buf.Bytes()
	return m, nil
}
