package sumcopy

import (
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// Database is a checksum database as GOSUMDB names it: see go.dev/ref/mod#environment-variables.
type Database struct {
	// Name is a host, or a host with a path.
	Name string

	key      string
	verifier note.Verifier
	address  *url.URL // where GOSUMDB has one; no module proxy is asked then
}

// keys are those that the go command knows by a database's name: see
// cmd/go/internal/modfetch/key.go.
var keys = map[string]string{
	"sum.golang.org": "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8",
}

// ParseSetting reads GOSUMDB. The database is nil where that is off.
func ParseSetting(setting string) (*Database, error) {
	switch setting {
	case "off":
		return nil, nil
	case "sum.golang.google.cn":
		setting = "sum.golang.org https://sum.golang.google.cn"
	}
	fields := strings.Fields(setting)
	if len(fields) == 0 || len(fields) > 2 {
		return nil, &SettingError{"it is not a key, or a key and a URL"}
	}
	d := &Database{key: fields[0]}
	if known := keys[d.key]; known != "" {
		d.key = known
	}
	var err error
	if d.verifier, err = note.NewVerifier(d.key); err != nil {
		return nil, &SettingError{"the key is malformed"} // and may be a password
	}
	d.Name = d.verifier.Name()
	direct, err := url.Parse("https://" + d.Name)
	if err != nil || direct.String() != "https://"+d.Name || direct.Host == "" || direct.User != nil || direct.RawQuery != "" ||
		strings.HasSuffix(d.Name, "/") || !filepath.IsLocal(filepath.FromSlash(d.Name)) {
		return nil, &SettingError{fmt.Sprintf("%.100q is not HOST or HOST/PATH", d.Name)}
	}
	if len(fields) == 2 {
		if d.address, err = url.Parse(fields[1]); err != nil {
			return nil, &SettingError{"the URL is malformed"}
		}
	}
	return d, nil
}

// Setting is what GOSUMDB is where the database is asked at that address alone.
func (d *Database) Setting(address *url.URL) string { return d.key + " " + address.String() }

// SettingError is a GOSUMDB that cannot be read.
type SettingError struct{ Reason string }

// Error implements error.
func (e *SettingError) Error() string { return "GOSUMDB: " + e.Reason }

// Hints says what is usual.
func (*SettingError) Hints() []string {
	return []string{"set it to sum.golang.org, which Go takes by itself, to a database's key, or to off: go env -w GOSUMDB=…"}
}

// Error is a checksum database that could not be copied.
type Error struct {
	Name string
	Err  error
}

// Error implements error.
func (e *Error) Error() string { return "checksum database " + e.Name + ": " + e.Err.Error() }

// Unwrap returns what failed.
func (e *Error) Unwrap() error { return e.Err }

// Hints says how to do without it.
func (e *Error) Hints() []string {
	if _, ok := errors.AsType[*ProofError](e.Err); ok {
		return nil
	}
	return []string{"ask for it through another module proxy, with GOPROXY; or leave it out with GOSUMDB=off, which builds from the mirror then need too"}
}

// ProofError is a database that contradicts itself, or a copy that is not what the
// database signed.
type ProofError struct{ Reason string }

// Error implements error.
func (e *ProofError) Error() string { return e.Reason }
