package archive

import (
	"archive/tar"
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/sync/errgroup"

	"github.com/vxlite/vxlite/internal/brief"
	"github.com/vxlite/vxlite/internal/signature"
)

// Unpack writes the contents of an archive into dir, which is empty, and
// compares every file with the archive's list, as [Check] does. place names the
// archive in errors. Nothing outside dir is written to, whatever the archive
// holds, and nothing beyond the limits is kept, in memory or on disk.
func (f *Form) Unpack(ctx context.Context, place string, r io.Reader, dir string, keys *signature.Keys) (*Contents, error) {
	packed := &counter{r: r}
	z, err := zstd.NewReader(packed, zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderMaxMemory(uint64(f.Bytes)))
	if err != nil {
		return nil, err
	}
	defer z.Close()
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	m := &meter{ctx: ctx, archive: packed, r: z}
	u := &unpacker{form: f, place: place, root: root, meter: m, tar: tar.NewReader(m), made: map[string]bool{".": true}, got: List{}, total: allowance{form: f}}
	for _, step := range []func() error{u.list, u.files, u.rest} {
		if err := step(); err != nil {
			return nil, cmp.Or(context.Cause(ctx), err)
		}
	}
	damage := &DamageError{Place: place, Extra: u.extra, form: f}
	damage.compare(u.want, u.got)
	if damage.any() {
		return nil, damage
	}
	data, err := f.ReadWhole(dir, ListFile) // this run's own folder
	if err != nil {
		return nil, err
	}
	return f.newContents(place, dir, u.want, data, keys)
}

// unpacker writes one archive's files.
type unpacker struct {
	form  *Form
	place string
	root  *os.Root
	meter *meter
	tar   *tar.Reader
	total allowance
	made  map[string]bool // directories
	want  List
	seen  map[string]bool // of want
	extra []string
	free  sync.Pool // of *[]byte; clearing new ones would take as long as hashing

	mu  sync.Mutex
	got List
}

// bad is an archive that vxlite did not write.
func (u *unpacker) bad(format string, args ...any) error {
	return u.form.Not(u.place, fmt.Sprintf(format, args...))
}

// next returns the header of the next file, or nil at the end, and the file's
// name in the folder. The file before it was read to its end.
func (u *unpacker) next() (*tar.Header, string, error) {
	u.meter.left = mostHeader
	h, err := u.tar.Next()
	if err == io.EOF {
		return nil, "", nil
	}
	if err != nil {
		return nil, "", u.broken(err)
	}
	name, ok := strings.CutPrefix(h.Name, u.form.Top)
	switch {
	case h.Typeflag != tar.TypeReg:
		return nil, "", u.bad("%q is not a regular file", brief.Name(h.Name))
	case !plain(h):
		return nil, "", u.bad("%q is a sparse file, or has attributes", brief.Name(h.Name))
	case !ok || name != ListFile && name != SignatureFile && !IsName(name):
		return nil, "", u.bad("%q is not a valid name for a %s", brief.Name(h.Name), u.form.File)
	}
	if reason := u.total.take(name, h.Size); reason != "" {
		return nil, "", u.bad("%s", reason)
	}
	u.meter.left = h.Size
	return h, name, nil
}

// plain reports whether a header has nothing but what Pack writes, so that the
// file is as long as what the archive has of it.
func plain(h *tar.Header) bool {
	for key := range h.PAXRecords {
		if key != "path" && key != "size" {
			return false
		}
	}
	return true
}

// damaged is an archive that is not any more as vxlite wrote it, or never was.
func (u *unpacker) damaged(format string, args ...any) error {
	return &BrokenError{Place: u.place, Reason: fmt.Sprintf(format, args...), form: u.form}
}

// broken words an error of the tar or zstd reader: the file is cut off or
// damaged, or is none.
func (u *unpacker) broken(err error) error {
	var pe *os.PathError
	switch {
	case errors.As(err, &pe):
		return err
	case isLimit(err):
		return u.bad("%v", err)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return u.damaged("it is truncated")
	case errors.Is(err, zstd.ErrMagicMismatch) && u.want == nil:
		return u.damaged("it does not begin as a zstd file does")
	case errors.Is(err, zstd.ErrMagicMismatch):
		return u.damaged("something follows its end")
	case errors.Is(err, zstd.ErrCRCMismatch):
		return u.damaged("checksum mismatch")
	case errors.Is(err, tar.ErrHeader):
		return u.damaged("a file in it does not begin as in a tar file")
	}
	return u.damaged("it cannot be decompressed")
}

// rest reads on behind the end of the tar file, where there are zeros at most:
// only at the end of all does zstd compare its checksum.
func (u *unpacker) rest() error {
	u.meter.left = mostHeader // of zeros: tar fills up to 10 KiB
	block := make([]byte, 4<<10)
	for {
		n, err := u.meter.Read(block)
		if errors.Is(err, errHeader) || len(bytes.Trim(block[:n], "\x00")) > 0 {
			return u.damaged("something follows its end")
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return u.broken(err)
		}
	}
}

// list reads the archive's first file.
func (u *unpacker) list() error {
	h, name, err := u.next()
	if err != nil {
		return err
	}
	if h == nil || name != ListFile {
		return u.damaged("it does not begin with %s", ListFile)
	}
	data := make([]byte, h.Size) // within the list's limit
	if _, err := io.ReadFull(u.tar, data); err != nil {
		return u.broken(err)
	}
	if u.want, err = u.form.ParseList(data); err != nil {
		return u.damaged("%s: %v", ListFile, err)
	}
	return u.write(ListFile, bytes.NewReader(data))
}

// files reads all others. Small ones are hashed and written beside each other.
func (u *unpacker) files() error {
	u.seen = map[string]bool{ListFile: true}
	g := new(errgroup.Group)
	g.SetLimit(runtime.GOMAXPROCS(0))
	err := u.each(g)
	return errors.Join(err, g.Wait())
}

func (u *unpacker) each(g *errgroup.Group) error {
	for {
		h, name, err := u.next()
		if err != nil || h == nil {
			return err
		}
		if u.seen[name] {
			return u.bad("it has %q twice", brief.Name(name))
		}
		if _, ok := u.want[name]; !ok && name != SignatureFile {
			if err := u.pass(name); err != nil {
				return err
			}
			continue
		}
		u.seen[name] = true
		if err := u.mkdir(path.Dir(name)); err != nil {
			return err
		}
		if h.Size > mostHeld {
			if err := u.take(name, u.tar); err != nil {
				return u.broken(err)
			}
			continue
		}
		data := u.buffer(int(h.Size))
		if _, err := io.ReadFull(u.tar, data); err != nil {
			return u.broken(err)
		}
		g.Go(func() error {
			defer u.free.Put(&data)
			return u.takeHeld(name, data)
		})
	}
}

// buffer returns one of so many bytes, which hold anything.
func (u *unpacker) buffer(size int) []byte {
	if b, ok := u.free.Get().(*[]byte); ok && cap(*b) >= size {
		return (*b)[:size]
	}
	return make([]byte, size, max(size, 256<<10))
}

// pass reads a file that the list does not name.
func (u *unpacker) pass(name string) error {
	if u.extra = append(u.extra, name); len(u.extra) > mostExtra {
		return u.bad("it holds more than %d files that %s does not name", mostExtra, ListFile)
	}
	if _, err := io.Copy(io.Discard, u.tar); err != nil {
		return u.broken(err)
	}
	return nil
}

func (u *unpacker) mkdir(dir string) error {
	if u.made[dir] {
		return nil
	}
	u.made[dir] = true
	return u.root.MkdirAll(filepath.FromSlash(dir), 0o755)
}

// take hashes and writes one file.
func (u *unpacker) take(name string, r io.Reader) error {
	h := sha256.New()
	if err := u.write(name, io.TeeReader(r, h)); err != nil {
		return err
	}
	u.note(name, h.Sum(nil))
	return nil
}

// takeHeld is take for a file that is in memory.
func (u *unpacker) takeHeld(name string, data []byte) error {
	if err := u.write(name, bytes.NewReader(data)); err != nil {
		return err
	}
	sum := sha256.Sum256(data)
	u.note(name, sum[:])
	return nil
}

func (u *unpacker) note(name string, sum []byte) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.got[name] = hex.EncodeToString(sum)
}

func (u *unpacker) write(name string, r io.Reader) error {
	f, err := u.root.OpenFile(filepath.FromSlash(name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	if _, err := io.Copy(f, r); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}
