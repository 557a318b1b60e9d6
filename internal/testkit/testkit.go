// Package testkit makes the world that vxlite's tests and its demo run in:
// git repositories, the servers that offer them, and a Go module proxy, all on
// the loopback interface and all from the text files below testdata.
//
// # Repositories
//
// A file testdata/git/NAME.txtar describes one git repository. The comment at
// its top is a script of one command per line; the files below it are what the
// script puts into commits. Blank lines and lines that begin with # are skipped.
//
//	url HOST/OWNER/NAME    where upstream has it; it comes first, and once
//	branch NAME            go to a branch; a new one begins at the current commit.
//	                       The first one named is the repository's HEAD
//	add PREFIX             take the archive's files PREFIX/…, over what is there
//	rm PATH                drop a file, or all files below a directory
//	edit OLD NEW           replace a text in every file
//	exec PATH              make a file executable
//	symlink PATH TARGET    add a symbolic link
//	submodule PATH COMMIT  add a submodule's entry
//	commit TIME MESSAGE…   commit the tree; TIME is as in RFC 3339
//	tag [-a] NAME          tag the current commit; -a makes an annotated tag
//
// Author and times are pinned, so the same archive gives the same hashes on
// every machine. Paths are taken as they are written: an archive may describe a
// tree that no git program would check out, which is what tests of a safe
// checkout need.
//
// [BuildRepos] writes them as bare repositories, without needing a git program:
// github.com/acme/lib becomes DIR/acme/lib.git.
//
// Whatever stands in for upstream has its module path and its seams, and is
// otherwise vxlite's own and small: it shows that vxlite assembles a server, not
// what RoadRunner does. The go.sum files in the archives are real;
// "go test ./internal/testkit -run GoSum -update" writes them anew.
//
// # Servers
//
// [StartSSHD], [StartHTTPBackend] and [StartProxy] serve what was built and
// keep a record, so that a test can say what was asked for and what was not.
// The first two run OpenSSH and git; where these are not installed the error is
// a [MissingError], which [Check] turns into a skipped test, or, in CI, into a
// failed one.
package testkit

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// T is what [Check] needs of a test; testing.TB and testscript.T both are one.
type T interface {
	Skip(args ...any)
	Fatal(args ...any)
}

// Check ends the test t unless err is nil. A program that is missing skips the
// test on a developer's machine and fails it in CI, where a skipped test would
// go unnoticed.
func Check(t T, err error) {
	if h, ok := t.(interface{ Helper() }); ok {
		h.Helper()
	}
	var missing *MissingError
	switch {
	case err == nil:
	case errors.As(err, &missing) && os.Getenv("CI") == "":
		t.Skip(err)
	default:
		t.Fatal(err)
	}
}

// MissingError says that a program is not installed.
type MissingError struct {
	Program string
	Install string // what to install
	Err     error
}

func (e *MissingError) Error() string {
	return fmt.Sprintf("no %s found: %v; install %s", e.Program, e.Err, e.Install)
}

func (e *MissingError) Unwrap() error { return e.Err }

// Data is the absolute path of a file or directory below the module's
// testdata, found from the working directory upwards: tests run in their
// package's directory, the demo at the top.
func Data(elem ...string) (string, error) {
	start, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for dir := start; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return filepath.Join(append([]string{dir, "testdata"}, elem...)...), nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("no go.mod in or above %s", start)
		}
	}
}
