package vendordir

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/vxlite/vxlite/internal/brief"
	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/signature"
)

// list is what SHA256SUMS says: hex hashes by slash-separated path.
type list map[string]string

// WriteList writes the list of all files in dir, which has none yet, and
// returns the list's own hash in hex.
func WriteList(ctx context.Context, dir string) (sum string, err error) {
	files, err := walk(dir)
	if err != nil {
		return "", err
	}
	sums, err := hashAll(ctx, dir, files)
	if err != nil {
		return "", err
	}
	var b bytes.Buffer
	for _, name := range files { // sorted
		if !isName(name) {
			return "", fmt.Errorf("%q is not a valid name for a vendored file", brief.Name(name))
		}
		fmt.Fprintf(&b, "%s  %s\n", sums[name], name)
	}
	h := sha256.Sum256(b.Bytes())
	return hex.EncodeToString(h[:]), os.WriteFile(filepath.Join(dir, ListFile), b.Bytes(), 0o644)
}

// Contents are a folder's files, as they were checked.
type Contents struct {
	dir string
	// Place is the folder or archive, as messages have it.
	Place string
	// Signer is the key that signed the list, where that was asked for.
	Signer string
	sums   list
}

// Check compares all files of a folder with its list, and the list with its
// signature by one of the keys, unless these are nil. The error is a
// [*FormatError], a [*DamageError] or a [*SignatureError], or says what could
// not be read.
func Check(ctx context.Context, dir string, keys *signature.Keys) (*Contents, error) {
	want, data, err := readList(dir)
	if err != nil {
		return nil, err
	}
	files, err := walk(dir)
	if err != nil {
		return nil, err
	}
	e := &DamageError{Place: dir}
	var known []string
	for _, name := range files {
		if _, ok := want[name]; ok {
			known = append(known, name)
		} else if name != ListFile && name != SignatureFile {
			e.Extra = append(e.Extra, name)
		}
	}
	got, err := hashAll(ctx, dir, known)
	if err != nil {
		return nil, err
	}
	e.compare(want, got)
	if e.any() {
		return nil, e
	}
	return newContents(dir, dir, want, data, keys)
}

// newContents are those of the folder dir, which has the files that are listed.
// data is the list that they were compared with.
func newContents(place, dir string, sums list, data []byte, keys *signature.Keys) (*Contents, error) {
	c := &Contents{dir: dir, Place: place, sums: sums}
	var err error
	if keys != nil {
		c.Signer, err = signer(place, dir, data, keys)
	}
	return c, err
}

// readList reads a folder's list.
func readList(dir string) (want list, data []byte, err error) {
	data, err = readWhole(dir, ListFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, &FormatError{Place: dir, Reason: "is not a vendor folder: it has no " + ListFile}
	}
	if err != nil {
		return nil, nil, err
	}
	want, err = parseList(data)
	if err != nil {
		return nil, nil, &FormatError{Place: filepath.Join(dir, ListFile), Reason: err.Error(), Damaged: true}
	}
	return want, data, nil
}

// compare notes what is missing and what is changed.
func (e *DamageError) compare(want, got list) {
	for name, sum := range want {
		switch have, ok := got[name]; {
		case !ok:
			e.Missing = append(e.Missing, name)
		case have != sum:
			e.Changed = append(e.Changed, name)
		}
	}
	slices.Sort(e.Missing)
	slices.Sort(e.Changed)
	slices.Sort(e.Extra)
}

// parseList reads a list. Each line is a hash, two spaces and a path.
func parseList(data []byte) (list, error) {
	out, dirs := list{}, map[string]bool{".": true}
	line := 0
	for text := range bytes.Lines(data) {
		line++
		sum, name, ok := strings.Cut(strings.TrimSuffix(string(text), "\n"), "  ")
		if !ok || !isSum(sum) || !isName(name) {
			return nil, fmt.Errorf("line %d is not a hash and a path", line)
		}
		if _, twice := out[name]; twice {
			return nil, fmt.Errorf("line %d repeats %s", line, brief.Name(name))
		}
		out[name] = sum
		for dir := path.Dir(name); !dirs[dir] && len(dirs) <= mostFiles; dir = path.Dir(dir) {
			dirs[dir] = true
		}
		if len(out)+len(dirs) > mostFiles {
			return nil, fmt.Errorf("it has more than %d files and directories", mostFiles)
		}
	}
	if _, ok := out[LockFile]; !ok {
		return nil, fmt.Errorf("it does not name %s", LockFile)
	}
	return out, nil
}

// isSum reports whether s is a hash in the one way that a list has it.
func isSum(s string) bool {
	return len(s) == hex.EncodedLen(sha256.Size) && strings.Trim(s, "0123456789abcdef") == ""
}

// isName refuses paths that lead elsewhere, those that sha256sum would write in
// another way, and those that are too long.
func isName(name string) bool {
	return len(name) <= mostName && fs.ValidPath(name) && filepath.IsLocal(filepath.FromSlash(name)) &&
		name != ListFile && name != SignatureFile && name != "." &&
		!strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\\' })
}

// walk lists the files below dir, sorted, within the limits. What is neither a
// file nor a folder is an error: a link could lead anywhere, and a pipe never
// ends.
func walk(dir string) ([]string, error) {
	w := &walker{dir: dir}
	err := w.folder("")
	slices.Sort(w.files)
	return w.files, err
}

type walker struct {
	dir   string
	total allowance
	files []string
}

// folder reads a directory in parts, since it may have any number of entries.
func (w *walker) folder(name string) error {
	f, err := os.Open(join(w.dir, name))
	if err != nil {
		return err
	}
	defer f.Close()
	for {
		entries, err := f.ReadDir(1024)
		for _, e := range entries {
			if err := w.entry(path.Join(name, e.Name()), e); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (w *walker) entry(name string, e fs.DirEntry) error {
	var size int64
	switch {
	case e.Type().IsRegular():
		fi, err := e.Info()
		if err != nil {
			return err
		}
		size = fi.Size()
		w.files = append(w.files, name)
	case !e.IsDir():
		return &FormatError{Place: w.dir, Reason: brief.Name(name) + " is not a regular file"}
	}
	if reason := w.total.take(name, size); reason != "" {
		return &FormatError{Place: w.dir, Reason: reason}
	}
	if e.IsDir() {
		return w.folder(name)
	}
	return nil
}

// hashAll hashes files, several at once.
func hashAll(ctx context.Context, dir string, files []string) (list, error) {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	var mu sync.Mutex
	out := make(list, len(files))
	for _, name := range files {
		g.Go(func() error {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			sum, err := disk.Sum(join(dir, name))
			mu.Lock()
			defer mu.Unlock()
			out[name] = hex.EncodeToString(sum[:])
			return err
		})
	}
	return out, g.Wait()
}
