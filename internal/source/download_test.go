package source

import (
	"io"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/vxlite/vxlite/internal/event"
	"github.com/vxlite/vxlite/internal/testkit"
)

// TestLargeRepository fetches what is not kept in memory.
func TestLargeRepository(t *testing.T) {
	data := make([]byte, 2<<20+1)
	_, _ = rand.NewChaCha8([32]byte{}).Read(data)
	dir, commit := fastImport(t, map[string]string{"go.mod": "module example.com/acme/lib\n", "data.txt": string(data)})
	b := testkit.ServeHTTP(t, testkit.HTTPBackendOptions{Repos: filepath.Dir(dir)})
	c := newClient(t, Options{})
	found := mustFind(t, c, Request{URL: b.URL + "/" + filepath.Base(dir), Choose: tag("v1.0.0")}, commit)
	if _, ok := c.objectsOf.Load(found.Commit); ok {
		t.Error("its objects are in memory")
	}
	if got := mustTree(t, c, found, ""); len(got) != 2 {
		t.Errorf("%d files, want go.mod and the large one", len(got))
	}
}

// TestCount tells of a fetch's bytes, each 256 kB.
func TestCount(t *testing.T) {
	var seen testkit.Events
	d := &download{client: &Client{sink: seen.Sink}, module: "lib"}
	r := &counter{r: io.LimitReader(rand.NewChaCha8([32]byte{}), 1<<20), report: d.count}
	if n, err := io.Copy(io.Discard, r); n != 1<<20 || err != nil {
		t.Fatal(n, err)
	}
	if n := seen.Count(event.FetchBytes); n != 4 || seen.All[3].Bytes != 1<<20 || seen.All[3].Module != "lib" {
		t.Errorf("%d reports, %+v; want one for each 256 kB", n, seen.All)
	}
}
