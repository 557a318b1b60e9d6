package workspace

import (
	"context"
	"net/http"

	"golang.org/x/mod/module"

	"github.com/vxlite/vxlite/internal/vulndb"
)

// VulnDB reads the database of known vulnerabilities that was named, else the vendor
// folder's, else the newest that the module proxy has. about says which modules'
// entries are wanted; nil is for all.
func (k *Kit) VulnDB(ctx context.Context, client *http.Client, place string, about func(string) bool) (*vulndb.Database, error) {
	o := vulndb.Options{HTTP: client, About: about}
	if k.Offline || k.Vendored != nil {
		o.HTTP = nil
	}
	switch {
	case place != "":
		return vulndb.Read(ctx, place, o)
	case k.Vendored != nil:
		if place = k.Vendored.VulnDB(); place == "" {
			return nil, &NoDatabaseError{Vendored: true}
		}
		return vulndb.Read(ctx, place, o)
	}
	version, zip, err := k.Tool.DownloadLatest(ctx, vulndb.Module, k.Offline)
	if err != nil {
		return nil, &NoDatabaseError{Err: err, Offline: k.Offline}
	}
	db, err := vulndb.Read(ctx, zip, o)
	if err != nil {
		return nil, err
	}
	db.Name = vulndb.Module + " " + version
	if t, err := module.PseudoVersionTime(version); err == nil {
		db.Modified = t // the commit's; its entries do not say
	}
	return db, nil
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
