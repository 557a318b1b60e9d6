// Package vulndb reads databases of known vulnerabilities in Go modules, of the
// form that go.dev/security/vuln/database describes: begin at [Read].
//
// A database is an address, a folder, or an archive of one, .zip or .tar.zst. In a
// folder, the entries are files ID.json: in the folder itself, in ID/, or in
// data/osv/ as in the module golang.org/x/vulndb, whose zip is read as it lies in
// the module cache. All are read alike, and an index is only asked for over HTTP,
// so that nothing can be in the one and not in the other.
//
// Who writes a database is trusted with what it says and with nothing else: names,
// sizes and numbers are bounded, and no file is written.
package vulndb

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/semver"

	"github.com/vxlite/vxlite/internal/disk"
)

// Module is the module that the database is to a module proxy.
const Module = "golang.org/x/vulndb"

// Entry is one vulnerability.
type Entry struct {
	ID      string   `json:"id"`
	Aliases []string `json:"aliases"`
	// Summary is a line of English.
	Summary  string    `json:"summary"`
	Modified time.Time `json:"modified"`
	// Published is when it became known. In the module, entries have no other time.
	Published time.Time  `json:"published"`
	Affected  []Affected `json:"affected"`
	// Data is all of it, as it was read.
	Data []byte `json:"-"`
}

// Affected is a module that an entry is about. Those of the standard library and
// of the go command are "stdlib" and "toolchain".
type Affected struct {
	Package struct {
		Name string `json:"name"`
	} `json:"package"`
	Ranges []struct {
		// Events are versions without v in ascending order; "0" is before all.
		Events []struct {
			Introduced string `json:"introduced"`
			Fixed      string `json:"fixed"`
		} `json:"events"`
	} `json:"ranges"`
}

// FixedAfter returns the version that fixes the entry for those who have a version of
// a module; empty where that is not vulnerable, or nothing fixes it. Versions begin
// with v.
func (e *Entry) FixedAfter(module, version string) string {
	for _, a := range e.Affected {
		if a.Package.Name != module {
			continue
		}
		for _, r := range a.Ranges {
			since := ""
			for _, ev := range r.Events {
				if ev.Introduced != "" {
					since = "v" + ev.Introduced
				}
				if fixed := "v" + ev.Fixed; ev.Fixed != "" && since != "" {
					if (since == "v0" || semver.Compare(since, version) <= 0) && semver.Compare(version, fixed) < 0 {
						return fixed
					}
					since = ""
				}
			}
		}
	}
	return ""
}

// Database is what was read of a database.
type Database struct {
	// Name is the address, file or folder, without a password.
	Name string
	// Modified is when an entry was last changed, or published, as far as the entries
	// say.
	Modified time.Time
	// IDs are those of all entries, sorted.
	IDs []string
	// Entries are those that were asked for, sorted by ID.
	Entries []Entry
}

// Has reports whether the database has an entry of that ID.
func (d *Database) Has(id string) bool {
	_, ok := slices.BinarySearch(d.IDs, id)
	return ok
}

// Read reads all of the database at a place. client asks servers, which have all of
// it in one archive, vulndb.zip; it is nil where none may be asked. The error is an
// [*Error], unless ctx has ended.
func Read(ctx context.Context, place string, client *http.Client) (*Database, error) {
	d, err := read(ctx, place, client)
	return d.checked(ctx, place, err)
}

// checked is a database that was read from a place, or why there is none.
func (d *Database) checked(ctx context.Context, place string, err error) (*Database, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err == nil && len(d.IDs) == 0 {
		err = errEmpty
	}
	if err != nil {
		return nil, &Error{Place: shown(place), Err: err}
	}
	d.Name = shown(place)
	slices.Sort(d.IDs)
	slices.SortFunc(d.Entries, func(a, b Entry) int { return cmp.Compare(a.ID, b.ID) })
	return d, nil
}

func read(ctx context.Context, place string, client *http.Client) (*Database, error) {
	d := &Database{}
	seen := map[string]bool{}
	use := func(name string, data []byte) error {
		e, err := parse(name, data)
		if err != nil {
			return err
		}
		if seen[e.ID] {
			return fmt.Errorf("%s: there is another file for %s", name, e.ID)
		}
		seen[e.ID] = true
		d.IDs = append(d.IDs, e.ID)
		for _, t := range []time.Time{e.Modified, e.Published} {
			if t.After(d.Modified) {
				d.Modified = t
			}
		}
		d.Entries = append(d.Entries, e)
		return nil
	}
	if isAddress(place) {
		return d, fetchAll(ctx, place, client, use)
	}
	return d, walk(ctx, FilePath(place), use)
}

// Source is a database that is known to be there and can be read, before it is known
// what it will be asked about.
type Source struct {
	// Database has all entries, but of a server's none.
	Database
	place string
	index []indexed // a server's
}

// Open opens the database at a place: of a server's, the index is read, of any other
// all. client and the error are as those of [Read].
func Open(ctx context.Context, place string, client *http.Client) (*Source, error) {
	if !isAddress(place) {
		d, err := Read(ctx, place, nil)
		if err != nil {
			return nil, err
		}
		return &Source{Database: *d, place: place}, nil
	}
	d, index, err := fetchIndex(ctx, place, client)
	if d, err = d.checked(ctx, place, err); err != nil {
		return nil, err
	}
	return &Source{Database: *d, place: place, index: index}, nil
}

// About returns the database with the entries on modules that are wanted, which client
// asks a server for.
func (s *Source) About(ctx context.Context, client *http.Client, wanted func(module string) bool) (*Database, error) {
	d := s.Database
	if isAddress(s.place) {
		var err error
		if d.Entries, err = fetchEntries(ctx, s.place, client, s.index, wanted); err != nil {
			return (*Database)(nil).checked(ctx, s.place, err)
		}
		return &d, nil
	}
	d.Entries = slices.DeleteFunc(slices.Clone(d.Entries), func(e Entry) bool { return !e.concerns(wanted) })
	return &d, nil
}

// concerns reports whether an entry is about a module that is wanted.
func (e *Entry) concerns(wanted func(string) bool) bool {
	return slices.ContainsFunc(e.Affected, func(a Affected) bool { return wanted(a.Package.Name) })
}

// The limits. The Go vulnerability database has 5000 entries, of 32 KB at most.
const (
	mostEntry = 4 << 20   // bytes
	mostNames = 1 << 18   // files and directories, those that are no entries among them
	mostBytes = 512 << 20 // of all entries
	mostIndex = 16 << 20  // bytes of an index
)

// idForm is what an ID may look like: it becomes a file's name.
var idForm = regexp.MustCompile(`^[A-Z][A-Za-z0-9]{0,15}(-[A-Za-z0-9]{1,20}){1,5}$`)

// isEntry reports whether a file of a folder is an entry. The repository of
// golang.org/x/vulndb has other files of such names below data/, and in tests.
func isEntry(name string) bool {
	dir, base := path.Split(name)
	id, ok := strings.CutSuffix(base, ".json")
	if !ok || !idForm.MatchString(id) {
		return false
	}
	parents := strings.Split(strings.TrimSuffix(dir, "/"), "/")
	if i := slices.Index(parents, "data"); i >= 0 {
		parents = append(parents[:i:i], parents[i+1:]...)
		if !slices.Equal(parents[i:], []string{"osv"}) {
			return false
		}
	}
	return !slices.Contains(parents, "testdata")
}

// parse reads an entry.
func parse(name string, data []byte) (Entry, error) {
	e := Entry{Data: data}
	if err := json.Unmarshal(data, &e); err != nil {
		return e, fmt.Errorf("%s: %s", name, reason(err))
	}
	if want := strings.TrimSuffix(path.Base(name), ".json"); e.ID != want {
		return e, fmt.Errorf("%s: it is the entry of %q", name, e.ID)
	}
	return e, nil
}

// reason leaves out what JSON is decoded into.
func reason(err error) string {
	switch e := err.(type) {
	case *json.UnmarshalTypeError:
		return fmt.Sprintf("not an entry: %s is JSON's %s", cmp.Or(e.Field, "it"), e.Value)
	case *json.SyntaxError:
		return fmt.Sprintf("not JSON: %v at byte %d", e, e.Offset)
	}
	return err.Error()
}

// Zip returns the database's entries as an archive that Read reads. The same
// entries give the same bytes.
func (d *Database) Zip() ([]byte, error) {
	var out bytes.Buffer
	if err := writeZip(&out, d.Entries); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// Error is a database that cannot be used.
type Error struct {
	// Place is the database's, without a password.
	Place string
	Err   error
}

// Error implements error.
func (e *Error) Error() string {
	return "vulnerability database " + e.Place + ": " + disk.Reason(e.Err)
}

// Unwrap returns what is wrong with it.
func (e *Error) Unwrap() error { return e.Err }

// Hints says what would be one.
func (e *Error) Hints() []string {
	return []string{"name one with --db or GOVULNDB: an address such as https://vuln.go.dev, a folder of files ID.json, or a .zip or .tar.zst of one"}
}

type emptyError struct{}

func (emptyError) Error() string {
	return "it has no entries: no file is named as GO-2026-0001.json is"
}

var errEmpty error = emptyError{}
