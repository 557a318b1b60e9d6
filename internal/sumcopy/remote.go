package sumcopy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"path/filepath"
	"strings"

	"github.com/vxlite/vxlite/internal/disk"
)

// Remote is a checksum database at an address where it answers.
type Remote struct {
	*Database
	Address *url.URL
	client  *http.Client
}

// Find asks the proxies of a GOPROXY setting for the database, as the go command
// does: see go.dev/design/25530-sumdb#proxying-a-checksum-database. Where none of
// them has it, it is the database itself.
func (d *Database) Find(ctx context.Context, client *http.Client, goproxy string) (*Remote, error) {
	r := &Remote{Database: d, Address: d.address, client: client}
	if r.Address != nil {
		return r, nil
	}
	for goproxy != "" {
		at := strings.IndexAny(goproxy, ",|")
		proxy, rest, anyError := goproxy, "", false
		if at >= 0 {
			proxy, rest, anyError = goproxy[:at], goproxy[at+1:], goproxy[at] == '|'
		}
		if proxy = strings.TrimSpace(proxy); proxy == "off" || proxy == "direct" {
			break
		}
		goproxy = rest
		if proxy == "" || proxy == "noproxy" {
			continue
		}
		u, err := url.Parse(proxy)
		if err != nil {
			return nil, &Error{d.Name, errors.New("GOPROXY has a malformed URL")}
		}
		r.Address = u.JoinPath("sumdb", d.Name)
		_, err = r.get(ctx, "supported", mostText)
		switch {
		case err == nil:
			return r, nil
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case !errors.Is(err, fs.ErrNotExist) && !anyError:
			return nil, &Error{d.Name, err}
		}
	}
	r.Address = &url.URL{Scheme: "https"}
	r.Address.Host, r.Address.Path, _ = strings.Cut(d.Name, "/")
	return r, nil
}

// mostText is how large a text of the database may be, in bytes. The library's
// limit for a signed tree is the same.
const mostText = 1_000_000

// get reads a file of the database. What it does not have is [fs.ErrNotExist].
func (r *Remote) get(ctx context.Context, name string, most int64) ([]byte, error) {
	u := r.Address.JoinPath(name)
	if u.Scheme == "file" {
		return disk.ReadRegular(filePath(u), most)
	}
	body, err := r.ask(ctx, u)
	if err != nil {
		shown := *u
		shown.User = nil
		return nil, fmt.Errorf("%s: %w", shown.String(), err)
	}
	defer body.Close()
	data, err := io.ReadAll(io.LimitReader(body, most+1))
	if err == nil && int64(len(data)) > most {
		err = fmt.Errorf("the answer has more than %d bytes", most)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path.Base(name), err)
	}
	return data, nil
}

func (r *Remote) ask(ctx context.Context, u *url.URL) (io.ReadCloser, error) {
	if u.User != nil && u.Scheme != "https" { // as in cmd/go/internal/web
		return nil, errors.New("refusing to pass credentials to insecure URL")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, errors.New("malformed URL")
	}
	resp, err := r.client.Do(req)
	if err != nil {
		if e, ok := errors.AsType[*url.Error](err); ok {
			err = e.Err // which does not repeat the address
		}
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		resp.Body.Close()
		return nil, &statusError{resp.StatusCode, resp.Status}
	}
	return resp.Body, nil
}

// statusError is a server's refusal.
type statusError struct {
	code   int
	status string
}

func (e *statusError) Error() string { return "the server answers " + e.status }

// Is tells what a proxy does not have from what it cannot give: see
// go.dev/ref/mod#goproxy-protocol.
func (e *statusError) Is(target error) bool {
	return target == fs.ErrNotExist && (e.code == http.StatusNotFound || e.code == http.StatusGone)
}

// filePath is the file that a URL names. On Windows it has a slash before the drive.
func filePath(u *url.URL) string {
	name := filepath.FromSlash(u.Path)
	if drive := strings.TrimPrefix(name, string(filepath.Separator)); filepath.VolumeName(drive) != "" {
		return drive
	}
	return name
}
