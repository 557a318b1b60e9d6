package archive

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
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

// List is what SHA256SUMS says: hex hashes by slash-separated path.
type List map[string]string

// WriteList writes the list of all files in dir, which has none yet, and
// returns the list's own hash in hex.
func (f *Form) WriteList(ctx context.Context, dir string) (sum string, err error) {
	files, err := f.Walk(dir)
	if err != nil {
		return "", err
	}
	sums, err := HashAll(ctx, dir, files)
	if err != nil {
		return "", err
	}
	for _, name := range files {
		if !IsName(name) {
			return "", fmt.Errorf("%q is not a valid name for a %s", brief.Name(name), f.File)
		}
	}
	data := sums.Format()
	h := sha256.Sum256(data)
	return hex.EncodeToString(h[:]), os.WriteFile(filepath.Join(dir, ListFile), data, 0o644)
}

// Format returns the list as its file has it, sorted by path.
func (l List) Format() []byte {
	var b bytes.Buffer
	for _, name := range l.Names() {
		fmt.Fprintf(&b, "%s  %s\n", l[name], name)
	}
	return b.Bytes()
}

// Names returns the paths, sorted.
func (l List) Names() []string { return slices.Sorted(maps.Keys(l)) }

// Contents are a folder's files, as they were checked.
type Contents struct {
	// Place is the folder or archive, as messages have it.
	Place string
	// Signer is the key that signed the list, where that was asked for.
	Signer string
	// Sums is the list.
	Sums List
}

// Check compares all files of a folder with its list, and the list with its
// signature by one of the keys, unless these are nil. The error is a
// [*FormatError], a [*DamageError] or a [*SignatureError], or says what could
// not be read.
func (f *Form) Check(ctx context.Context, dir string, keys *signature.Keys) (*Contents, error) {
	want, data, err := f.ReadList(dir)
	if err != nil {
		return nil, err
	}
	files, err := f.Walk(dir)
	if err != nil {
		return nil, err
	}
	e := &DamageError{Place: dir, form: f}
	var known []string
	for _, name := range files {
		if _, ok := want[name]; ok {
			known = append(known, name)
		} else if name != ListFile && name != SignatureFile {
			e.Extra = append(e.Extra, name)
		}
	}
	got, err := HashAll(ctx, dir, known)
	if err != nil {
		return nil, err
	}
	e.compare(want, got)
	if e.any() {
		return nil, e
	}
	return f.newContents(dir, dir, want, data, keys)
}

// newContents are those of the folder dir, which has the files that are listed.
// data is the list that they were compared with.
func (f *Form) newContents(place, dir string, sums List, data []byte, keys *signature.Keys) (*Contents, error) {
	c := &Contents{Place: place, Sums: sums}
	var err error
	if keys != nil {
		c.Signer, err = f.signer(place, dir, data, keys)
	}
	return c, err
}

// ReadList reads a folder's list, and its bytes.
func (f *Form) ReadList(dir string) (want List, data []byte, err error) {
	data, err = f.ReadWhole(dir, ListFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, f.Not(dir, "is not a "+f.Folder+": it has no "+ListFile)
	}
	if err != nil {
		return nil, nil, err
	}
	want, err = f.ParseList(data)
	if err != nil {
		return nil, nil, &FormatError{Place: filepath.Join(dir, ListFile), Reason: err.Error(), Damaged: true, form: f}
	}
	return want, data, nil
}

// ParseList reads a list. Each line is a hash, two spaces and a path.
func (f *Form) ParseList(data []byte) (List, error) {
	out, dirs := List{}, map[string]bool{".": true}
	line := 0
	for text := range bytes.Lines(data) {
		line++
		sum, name, ok := strings.Cut(strings.TrimSuffix(string(text), "\n"), "  ")
		if !ok || !isSum(sum) || !IsName(name) {
			return nil, fmt.Errorf("line %d is not a hash and a path", line)
		}
		if _, twice := out[name]; twice {
			return nil, fmt.Errorf("line %d repeats %s", line, brief.Name(name))
		}
		out[name] = sum
		for dir := path.Dir(name); !dirs[dir] && len(dirs) <= f.Files; dir = path.Dir(dir) {
			dirs[dir] = true
		}
		if len(out)+len(dirs) > f.Files {
			return nil, fmt.Errorf("it has more than %d files and directories", f.Files)
		}
	}
	if _, ok := out[f.Needs]; !ok {
		return nil, fmt.Errorf("it does not name %s", f.Needs)
	}
	return out, nil
}

// isSum reports whether s is a hash in the one way that a list has it.
func isSum(s string) bool {
	return len(s) == hex.EncodedLen(sha256.Size) && strings.Trim(s, "0123456789abcdef") == ""
}

// IsName refuses paths that lead elsewhere, those that sha256sum would write in
// another way, and those that are too long.
func IsName(name string) bool {
	return len(name) <= mostName && fs.ValidPath(name) && filepath.IsLocal(filepath.FromSlash(name)) &&
		name != ListFile && name != SignatureFile && name != "." &&
		!strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\\' })
}

// Walk lists the files below dir, sorted, within the limits. What is neither a
// file nor a folder is an error: a link could lead anywhere, and a pipe never
// ends.
func (f *Form) Walk(dir string) ([]string, error) {
	w := &walker{dir: dir, total: allowance{form: f}}
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
		return w.total.form.Not(w.dir, brief.Name(name)+" is not a regular file")
	}
	if reason := w.total.take(name, size); reason != "" {
		return w.total.form.Not(w.dir, reason)
	}
	if e.IsDir() {
		return w.folder(name)
	}
	return nil
}

// HashAll hashes files below dir, several at once.
func HashAll(ctx context.Context, dir string, files []string) (List, error) {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	var mu sync.Mutex
	out := make(List, len(files))
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
