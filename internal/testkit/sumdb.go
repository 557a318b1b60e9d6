package testkit

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"

	"golang.org/x/mod/module"
	"golang.org/x/mod/sumdb"
	"golang.org/x/mod/sumdb/note"
)

// SumDB is a checksum database on the loopback interface, of all that a module proxy
// has. It takes a module up when it is first asked for it.
type SumDB struct {
	// Key is what to put into GOSUMDB, with URL behind it where no proxy has it.
	Key, URL string
	ops      *sumdb.TestServer
}

// StartSumDB starts a checksum database, which ends with ctx. A module that the proxy
// does not have it does not know.
func StartSumDB(ctx context.Context, name string, proxy http.Handler) (*SumDB, error) {
	secret, public, err := note.GenerateKey(rand.Reader, name)
	if err != nil {
		return nil, err
	}
	ops := sumdb.NewTestServer(secret, func(path, version string) ([]byte, error) {
		return sumLines(proxy, module.Version{Path: path, Version: version})
	})
	server := httptest.NewServer(sumdb.NewServer(ops))
	context.AfterFunc(ctx, server.Close)
	return &SumDB{Key: public, URL: server.URL, ops: ops}, nil
}

// Add takes a module up, as if somebody had asked for it.
func (s *SumDB) Add(ctx context.Context, m module.Version) error {
	_, err := s.ops.Lookup(ctx, m)
	return err
}

// sumLines are the lines of go.sum for a module of a proxy.
func sumLines(proxy http.Handler, m module.Version) ([]byte, error) {
	path, err := module.EscapePath(m.Path)
	if err != nil {
		return nil, err
	}
	version, err := module.EscapeVersion(m.Version)
	if err != nil {
		return nil, err
	}
	get := func(ext string) ([]byte, error) {
		rec := httptest.NewRecorder()
		name := "/" + path + "/@v/" + version + ext
		proxy.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, name, nil))
		if rec.Code != http.StatusOK {
			return nil, &fs.PathError{Op: "get", Path: name, Err: fs.ErrNotExist}
		}
		return rec.Body.Bytes(), nil
	}
	found := &ModuleVersion{Version: m}
	if found.GoMod, err = get(".mod"); err != nil {
		return nil, err
	}
	if found.Zip, err = get(".zip"); err != nil {
		return nil, err
	}
	h1, err := found.Sum()
	if err != nil {
		return nil, err
	}
	line := sha256.Sum256(fmt.Appendf(nil, "%x  go.mod\n", sha256.Sum256(found.GoMod)))
	return fmt.Appendf(nil, "%s %s %s\n%[1]s %[2]s/go.mod h1:%[4]s\n", m.Path, m.Version, h1, base64.StdEncoding.EncodeToString(line[:])), nil
}
