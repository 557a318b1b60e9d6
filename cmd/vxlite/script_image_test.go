package main

import (
	"archive/tar"
	"compress/gzip"
	"encoding/json"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/rogpeppe/go-internal/testscript"
)

// startRegistry runs a container registry for the script, at $REGISTRY.
func startRegistry(ts *testscript.TestScript, neg bool, args []string) {
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	ts.Defer(server.Close)
	ts.Setenv("REGISTRY", strings.TrimPrefix(server.URL, "http://"))
}

// unpack lays the layers of an image over each other, as a container's root:
// unpack DIR ROOT, where DIR is what skopeo's dir: wrote.
func unpack(ts *testscript.TestScript, neg bool, args []string) {
	dir, root := ts.MkAbs(args[0]), ts.MkAbs(args[1])
	data, err := os.ReadFile(filepath.Join(dir, "manifest.json"))
	ts.Check(err)
	var m struct{ Layers []struct{ Digest string } }
	ts.Check(json.Unmarshal(data, &m))
	for _, l := range m.Layers {
		f, err := os.Open(filepath.Join(dir, strings.TrimPrefix(l.Digest, "sha256:")))
		ts.Check(err)
		gz, err := gzip.NewReader(f)
		ts.Check(err)
		for tr := tar.NewReader(gz); ; {
			h, err := tr.Next()
			if err == io.EOF {
				break
			}
			ts.Check(err)
			name := filepath.Join(root, filepath.FromSlash(h.Name))
			if h.Typeflag == tar.TypeDir {
				ts.Check(os.MkdirAll(name, 0o755))
				continue
			}
			data, err := io.ReadAll(tr)
			ts.Check(err)
			ts.Check(os.WriteFile(name, data, os.FileMode(h.Mode)))
		}
		ts.Check(f.Close())
	}
}
