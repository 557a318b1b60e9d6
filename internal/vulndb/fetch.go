package vulndb

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// isAddress reports whether a place is on a server.
func isAddress(place string) bool {
	return strings.HasPrefix(place, "https://") || strings.HasPrefix(place, "http://")
}

// FilePath is the path of a place that is no address: GOVULNDB has it as a URL.
func FilePath(place string) string {
	rest, ok := strings.CutPrefix(place, "file://")
	if !ok {
		return place
	}
	if p, err := url.PathUnescape(rest); err == nil {
		rest = p
	}
	if len(rest) > 2 && rest[0] == '/' && rest[2] == ':' { // file:///C:/vulndb
		rest = rest[1:]
	}
	return filepath.FromSlash(rest)
}

// shown is a place without a password.
func shown(place string) string {
	if !isAddress(place) {
		return FilePath(place)
	}
	u, err := url.Parse(place)
	if err != nil {
		return "(an address that cannot be read)"
	}
	return strings.TrimSuffix(u.Redacted(), "/")
}

// atOnce is how many entries are asked for at once, as govulncheck does.
const atOnce = 10

// indexed are the entries on a module, as a server's index has them.
type indexed struct {
	Path  string
	Vulns []struct{ ID string }
}

// fetchIndex reads what a server says that it has.
func fetchIndex(ctx context.Context, address string, client *http.Client) (*Database, []indexed, error) {
	base, err := asked(address, client)
	if err != nil {
		return nil, nil, err
	}
	d := &Database{}
	var meta struct{ Modified time.Time }
	if err := get(ctx, client, base, "index/db.json.gz", mostIndex, &meta); err != nil {
		return nil, nil, err
	}
	var modules []indexed
	if err := get(ctx, client, base, "index/modules.json.gz", mostIndex, &modules); err != nil {
		return nil, nil, err
	}
	d.Modified = meta.Modified
	for _, m := range modules {
		for _, v := range m.Vulns {
			if !idForm.MatchString(v.ID) {
				return nil, nil, fmt.Errorf("index/modules.json.gz: %.50q is no ID", v.ID)
			}
			d.IDs = append(d.IDs, v.ID)
		}
	}
	slices.Sort(d.IDs)
	d.IDs = slices.Compact(d.IDs)
	return d, modules, nil
}

// fetchEntries asks a server for the entries on modules that are wanted, sorted by ID.
func fetchEntries(ctx context.Context, address string, client *http.Client, index []indexed, wanted func(module string) bool) ([]Entry, error) {
	base, err := asked(address, client)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, m := range index {
		if wanted(m.Path) {
			for _, v := range m.Vulns {
				ids = append(ids, v.ID)
			}
		}
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	entries := make([]Entry, len(ids))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(atOnce)
	for i, id := range ids {
		g.Go(func() (err error) {
			var data json.RawMessage
			name := "ID/" + id + ".json"
			if err = get(ctx, client, base, name+".gz", mostEntry, &data); err == nil {
				entries[i], err = parse(name, data)
			}
			return err
		})
	}
	return entries, g.Wait()
}

// asked is an address that may be asked.
func asked(address string, client *http.Client) (*url.URL, error) {
	if client == nil {
		return nil, errOffline
	}
	base, err := url.Parse(address)
	if err != nil {
		return nil, errAddress
	}
	return base, nil
}

// fetchAll reads all of a database on a server.
func fetchAll(ctx context.Context, address string, client *http.Client, use func(name string, data []byte) error) error {
	base, err := asked(address, client)
	if err != nil {
		return err
	}
	body, err := ask(ctx, client, base, allName)
	if err != nil {
		return err
	}
	defer body.Close()
	data, err := io.ReadAll(io.LimitReader(body, mostBytes+1))
	if err != nil {
		return fmt.Errorf("%s: %w", allName, err)
	}
	if len(data) > mostBytes {
		return fmt.Errorf("%s has more than %d MiB", allName, mostBytes>>20)
	}
	return (&budget{ctx: ctx, use: use}).zip(bytes.NewReader(data), int64(len(data)))
}

// allName is the archive that a server has of all entries.
const allName = "vulndb.zip"

var (
	errOffline = errors.New("--offline forbids asking it")
	errAddress = errors.New("the address cannot be read")
)

// ask opens a file of a server.
func ask(ctx context.Context, client *http.Client, base *url.URL, name string) (io.ReadCloser, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base.JoinPath(name).String(), nil)
	if err != nil {
		return nil, err
	}
	resp, err := client.Do(req)
	if err != nil {
		if e, ok := errors.AsType[*url.Error](err); ok {
			err = e.Err // the address is named already
		}
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		resp.Body.Close()
		return nil, fmt.Errorf("%s: the server answers %s", name, resp.Status)
	}
	return resp.Body, nil
}

// get decodes a file of a server, which it has in gzip.
func get(ctx context.Context, client *http.Client, base *url.URL, name string, most int64, v any) error {
	body, err := ask(ctx, client, base, name)
	if err != nil {
		return err
	}
	defer body.Close()
	z, err := gzip.NewReader(io.LimitReader(body, most))
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	data, err := io.ReadAll(io.LimitReader(z, most+1))
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if int64(len(data)) > most {
		return fmt.Errorf("%s has more than %d MiB", name, most>>20)
	}
	if err := json.Unmarshal(data, v); err != nil {
		return fmt.Errorf("%s: %s", name, reason(err))
	}
	return nil
}
