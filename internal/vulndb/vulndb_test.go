package vulndb

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// entry is a whole one about a module.
func entry(id, module string) string {
	return fmt.Sprintf(`{"id":%q,"modified":"2026-02-01T00:00:00Z","aliases":["CVE-1"],"affected":[{"package":{"name":%q,"ecosystem":"Go"}}]}`, id, module)
}

var two = map[string]string{
	"ID/GO-0000-0001.json":       entry("GO-0000-0001", "example.com/a"),
	"ID/GO-0000-0002.json":       entry("GO-0000-0002", "example.com/b"),
	"index/modules.json":         "[]",
	"data/cve/GO-0000-0003.json": "no entry",
	"testdata/GO-0000-0004.json": "no entry",
	".git/GO-0000-0005.json":     "no entry",
	"README.md":                  "no entry",
}

func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, data := range files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func aboutA(module string) bool { return module == "example.com/a" }

// tarZstd packs files.
func tarZstd(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var out bytes.Buffer
	z, err := zstd.NewWriter(&out)
	if err != nil {
		t.Fatal(err)
	}
	w := tar.NewWriter(z)
	for name, data := range files {
		if err := w.WriteHeader(&tar.Header{Name: name, Size: int64(len(data)), Mode: 0o644, Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		io.WriteString(w, data)
	}
	w.Close()
	z.Close()
	return out.Bytes()
}

// TestRead reads the same from each form of a database.
func TestRead(t *testing.T) {
	dir := write(t, two)
	whole, err := Read(t.Context(), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	zipped, err := whole.Zip()
	if err != nil {
		t.Fatal(err)
	}
	zstdOf := maps(two)
	delete(zstdOf, ".git/GO-0000-0005.json") // an archive has no such folder
	archives := write(t, map[string]string{"db.zip": string(zipped), "db.tar.zst": string(tarZstd(t, zstdOf))})
	server := httptest.NewServer(served(two, zipped))
	defer server.Close()
	if d, err := Read(t.Context(), server.URL+"/v1", server.Client()); err != nil || len(d.Entries) != 2 || len(d.IDs) != 2 {
		t.Errorf("all: %v, %v", d, err)
	}
	for _, place := range []string{dir, "file://" + filepath.ToSlash(dir), filepath.Join(archives, "db.zip"), filepath.Join(archives, "db.tar.zst"), server.URL + "/v1/"} {
		source, err := Open(t.Context(), place, server.Client())
		if err != nil {
			t.Error(err)
			continue
		}
		d, err := source.About(t.Context(), server.Client(), aboutA)
		if err != nil {
			t.Error(err)
			continue
		}
		if got := strings.TrimSpace(fmt.Sprintln(d.IDs, len(d.Entries), d.Entries[0].ID, d.Entries[0].Aliases, d.Modified.Year(), d.Has("GO-0000-0002"), d.Has("GO-0000-0003"))); got != "[GO-0000-0001 GO-0000-0002] 1 GO-0000-0001 [CVE-1] 2026 true false" {
			t.Errorf("%s: %s", place, got)
		}
	}
}

func maps(m map[string]string) map[string]string {
	out := map[string]string{}
	for k, v := range m {
		out[k] = v
	}
	return out
}

// served is a database behind HTTP: as go.dev/security/vuln/database has it.
func served(files map[string]string, all []byte) http.Handler {
	index := map[string]string{
		"index/db.json":      `{"modified":"2026-02-01T00:00:00Z"}`,
		"index/modules.json": `[{"path":"example.com/a","vulns":[{"id":"GO-0000-0001"}]},{"path":"example.com/b","vulns":[{"id":"GO-0000-0002"},{"id":"GO-0000-0001"}]}]`,
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimSuffix(strings.TrimPrefix(r.URL.Path, "/v1/"), ".gz")
		if name == "vulndb.zip" {
			w.Write(all)
			return
		}
		data, ok := index[name]
		if !ok {
			data, ok = files[name]
		}
		if !ok {
			http.NotFound(w, r)
			return
		}
		z := gzip.NewWriter(w)
		io.WriteString(z, data)
		z.Close()
	})
}

// TestHostile has databases that are none, or that are made to do harm.
func TestHostile(t *testing.T) {
	const id = "GO-0000-0001.json"
	bomb := func(size int) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			var part bytes.Buffer
			z := gzip.NewWriter(&part)
			z.Write(bytes.Repeat([]byte(" "), 1<<20))
			z.Close()
			for range size>>20 + 1 { // a file may be of several parts
				w.Write(part.Bytes())
			}
		})
	}
	for _, tt := range []struct {
		name  string
		files map[string]string
		serve http.Handler
		want  string
	}{
		{name: "empty", files: map[string]string{"a.json": "{}"}, want: "it has no entries: no file is named as GO-2026-0001.json is"},
		{name: "no JSON", files: map[string]string{id: `{"id":`}, want: id + ": not JSON: unexpected end of JSON input at byte 6"},
		{name: "other JSON", files: map[string]string{id: `[]`}, want: id + ": not an entry: it is JSON's array"},
		{name: "other field", files: map[string]string{id: `{"id":1}`}, want: id + ": not an entry: id is JSON's number"},
		{name: "other ID", files: map[string]string{id: entry("../GO-0000-0002", "a")}, want: id + `: it is the entry of "../GO-0000-0002"`},
		{name: "twice", files: map[string]string{id: entry("GO-0000-0001", "a"), "ID/" + id: entry("GO-0000-0001", "a")}, want: "there is another file for GO-0000-0001"},
		{name: "huge", files: map[string]string{id: strings.Repeat(" ", mostEntry+1)}, want: id + " has more than 4 MiB"},
		{name: "no archive", files: map[string]string{"db.zip": "PK and no more"}, want: "zip: not a valid zip file"},
		{name: "no zstd", files: map[string]string{"db.tar.zst": "\x28\xb5\x2f\xfd and no more"}, want: "invalid input: reserved block type encountered"},
		{name: "text", files: map[string]string{"db.txt": "text"}, want: "neither a folder nor a .zip or .tar.zst file"},
		{name: "no server's", serve: http.NotFoundHandler(), want: "index/db.json.gz: the server answers 404 Not Found"},
		{name: "no gzip", serve: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "<html> and more than that") }), want: "index/db.json.gz: gzip: invalid header"},
		{name: "large", serve: bomb(mostIndex), want: "index/db.json.gz has more than 16 MiB"},
		{name: "odd ID", serve: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			z := gzip.NewWriter(w)
			if strings.Contains(r.URL.Path, "modules") {
				io.WriteString(z, `[{"path":"example.com/a","vulns":[{"id":"../x"}]}]`)
			} else {
				io.WriteString(z, "{}")
			}
			z.Close()
		}), want: `index/modules.json.gz: "../x" is no ID`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var place string
			var client *http.Client
			if tt.serve != nil {
				server := httptest.NewServer(tt.serve)
				defer server.Close()
				place, client = server.URL, server.Client()
			} else {
				place = write(t, tt.files)
				for name := range tt.files {
					if strings.HasPrefix(name, "db.") {
						place = filepath.Join(place, name)
					}
				}
			}
			source, err := Open(t.Context(), place, client)
			if err == nil {
				_, err = source.About(t.Context(), client, aboutA)
			}
			if err == nil || !strings.HasSuffix(err.Error(), tt.want) || !strings.HasPrefix(err.Error(), "vulnerability database "+place+": ") {
				t.Errorf("got %v\nwant %s", err, tt.want)
			}
		})
	}
	if _, err := Read(t.Context(), "https://user:secret@127.0.0.1:1/", nil); err == nil || strings.Contains(err.Error(), "secret") || !strings.Contains(err.Error(), "--offline forbids asking it") {
		t.Errorf("%v", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Read(ended, write(t, two), nil); err != context.Canceled {
		t.Errorf("ended: %v", err)
	}
}

// FuzzArchive reads archives of any bytes.
func FuzzArchive(f *testing.F) {
	d := &Database{Entries: []Entry{{ID: "GO-0000-0001", Data: []byte(entry("GO-0000-0001", "example.com/a"))}}}
	zipped, err := d.Zip()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(zipped)
	f.Add([]byte("\x28\xb5\x2f\xfd"))
	f.Fuzz(func(t *testing.T, data []byte) {
		file := filepath.Join(t.TempDir(), "db")
		if err := os.WriteFile(file, data, 0o644); err != nil {
			t.Fatal(err)
		}
		d, err := Read(t.Context(), file, nil)
		if (d == nil) != (err != nil) {
			t.Errorf("%v and %v", d, err)
		}
	})
}
