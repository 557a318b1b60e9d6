package vendoring

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/vxlite/vxlite/internal/disk"
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
			return "", fmt.Errorf("%q cannot be the name of a vendored file", name)
		}
		fmt.Fprintf(&b, "%s  %s\n", sums[name], name)
	}
	h := sha256.Sum256(b.Bytes())
	return hex.EncodeToString(h[:]), os.WriteFile(filepath.Join(dir, ListFile), b.Bytes(), 0o644)
}

// Check compares all files of a folder with its list. The error is a
// [*FormatError] or a [*DamageError], or says what could not be read.
func Check(ctx context.Context, dir string) error {
	data, err := os.ReadFile(filepath.Join(dir, ListFile))
	if err != nil {
		return &FormatError{Place: dir, Reason: "is no vendor folder: it has no " + ListFile}
	}
	want, err := parseList(data)
	if err != nil {
		return &FormatError{Place: filepath.Join(dir, ListFile), Reason: err.Error(), Damaged: true}
	}
	files, err := walk(dir)
	if err != nil {
		return err
	}
	e := &DamageError{Place: dir}
	var known []string
	for _, name := range files {
		if _, ok := want[name]; ok {
			known = append(known, name)
		} else if name != ListFile {
			e.Extra = append(e.Extra, name)
		}
	}
	got, err := hashAll(ctx, dir, known)
	if err != nil {
		return err
	}
	e.compare(want, got)
	if e.any() {
		return e
	}
	return nil
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
	out := list{}
	s := bufio.NewScanner(bytes.NewReader(data))
	for line := 1; s.Scan(); line++ {
		sum, name, ok := strings.Cut(s.Text(), "  ")
		if raw, err := hex.DecodeString(sum); !ok || err != nil || len(raw) != sha256.Size || strings.ToLower(sum) != sum || !isName(name) {
			return nil, fmt.Errorf("line %d is not a hash and a path", line)
		}
		if _, twice := out[name]; twice {
			return nil, fmt.Errorf("line %d names %s again", line, name)
		}
		out[name] = sum
	}
	if err := s.Err(); err != nil {
		return nil, err
	}
	if _, ok := out[LockFile]; !ok {
		return nil, fmt.Errorf("it does not name %s", LockFile)
	}
	return out, nil
}

// isName refuses paths that lead elsewhere, and those that sha256sum would
// write in another way.
func isName(name string) bool {
	return fs.ValidPath(name) && filepath.IsLocal(filepath.FromSlash(name)) && name != ListFile && name != "." &&
		!strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\\' })
}

// walk lists the files below dir, sorted. What is neither a file nor a folder
// is an error: a link could lead anywhere.
func walk(dir string) ([]string, error) {
	var files []string
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, p)
		if err != nil {
			return err
		}
		if !d.Type().IsRegular() {
			return &FormatError{Place: dir, Reason: filepath.ToSlash(rel) + " is not a regular file"}
		}
		files = append(files, filepath.ToSlash(rel))
		return nil
	})
	slices.Sort(files)
	return files, err
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
