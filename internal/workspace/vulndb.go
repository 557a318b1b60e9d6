package workspace

import (
	"context"
	"net/http"

	"golang.org/x/mod/module"

	"github.com/vxlite/vxlite/internal/vulndb"
)

// OpenVulnDB opens the database of known vulnerabilities that was named, else the
// vendor folder's, else the newest that the module proxy has.
func (k *Kit) OpenVulnDB(ctx context.Context, client *http.Client, place string) (*vulndb.Source, error) {
	place, version, err := k.vulnDB(ctx, place)
	if err != nil {
		return nil, err
	}
	db, err := vulndb.Open(ctx, place, k.mayAsk(client))
	if err != nil || version == "" {
		return db, err
	}
	db.Name = vulndb.Module + " " + version
	if t, err := module.PseudoVersionTime(version); err == nil {
		db.Modified = t // the commit's; its entries do not say
	}
	return db, nil
}

// VulnDBAbout returns a database that was opened, with the entries on modules that are
// wanted.
func (k *Kit) VulnDBAbout(ctx context.Context, client *http.Client, db *vulndb.Source, wanted func(module string) bool) (*vulndb.Database, error) {
	return db.About(ctx, k.mayAsk(client), wanted)
}

// VulnDB reads all of the database that OpenVulnDB would open.
func (k *Kit) VulnDB(ctx context.Context, client *http.Client, place string) (*vulndb.Database, error) {
	place, _, err := k.vulnDB(ctx, place)
	if err != nil {
		return nil, err
	}
	return vulndb.Read(ctx, place, k.mayAsk(client))
}

// mayAsk is the client, or nil where no server may be asked for a database.
func (k *Kit) mayAsk(client *http.Client) *http.Client {
	if k.Offline || k.Vendored != nil {
		return nil
	}
	return client
}

// vulnDB is where the database is, and which version of its module, if it is one's.
func (k *Kit) vulnDB(ctx context.Context, named string) (place, version string, err error) {
	switch {
	case named != "":
		return named, "", nil
	case k.Vendored != nil:
		if place = k.Vendored.VulnDB(); place == "" {
			return "", "", &NoDatabaseError{Vendored: true}
		}
		return place, "", nil
	}
	version, place, err = k.Tool.DownloadLatest(ctx, vulndb.Module, k.Offline)
	if err != nil {
		return "", "", &NoDatabaseError{Err: err, Offline: k.Offline}
	}
	return place, version, nil
}

// NoDatabaseError is a module proxy or a vendor folder without the vulnerability
// database.
type NoDatabaseError struct {
	Err               error
	Offline, Vendored bool
}

// Error implements error.
func (e *NoDatabaseError) Error() string {
	if e.Vendored {
		return "no vulnerability database: the vendor folder has none"
	}
	if e.Offline {
		return "no vulnerability database: the module cache has none, and --offline forbids asking the module proxy"
	}
	return "no vulnerability database: " + e.Err.Error()
}

// Unwrap returns what the go command said.
func (e *NoDatabaseError) Unwrap() error { return e.Err }

// Hints says where else there may be one.
func (e *NoDatabaseError) Hints() []string {
	if e.Vendored {
		return []string{"add one with vxlite vendor --with-vulndb, or name one with --db: a folder of files ID.json, or a .zip or .tar.zst of one"}
	}
	return []string{
		"the database is the module " + vulndb.Module + ": let the module proxy have it",
		"or name one with --db or GOVULNDB: an address such as https://vuln.go.dev, a folder of files ID.json, or a .zip or .tar.zst of one",
	}
}
