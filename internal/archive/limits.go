package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"

	"github.com/vxlite/vxlite/internal/brief"
	"github.com/vxlite/vxlite/internal/disk"
)

// What a folder or an archive of any form may hold at most, whoever made it.
// [Form.WriteList] keeps these limits too.
const (
	mostName      = 1 << 10  // bytes of a file's path
	mostList      = 32 << 20 // bytes of the list, which is read whole
	mostRead      = 16 << 20 // bytes of a file that is read whole, where its form names no limit
	mostSignature = 64 << 10

	mostHeader  = 16 << 10 // bytes that tar has between two files
	mostHeld    = 8 << 20  // bytes of a file that is hashed and written beside others
	mostExtra   = 100      // files of an archive that its list does not name
	maxWindow   = 32 << 20 // bytes of zstd's window
	mostRatio   = 100      // bytes that one of an archive becomes
	ratioAllows = 64 << 20 // bytes that an archive becomes in any case
)

// whole is how many bytes a file may have that is read whole, or false for one
// that is not.
func (f *Form) whole(name string) (most int64, ok bool) {
	switch name {
	case ListFile:
		return mostList, true
	case SignatureFile:
		return mostSignature, true
	}
	most, ok = f.Whole[name]
	return most, ok
}

// allowance counts what a folder or an archive holds.
type allowance struct {
	form    *Form
	entries int
	bytes   int64
}

// take counts a file or a directory, and says what of it is too much, or "".
func (a *allowance) take(name string, size int64) string {
	a.entries++
	whole, isWhole := a.form.whole(name)
	switch {
	case len(name) > mostName:
		return fmt.Sprintf("the name %s is longer than %d bytes", brief.Name(name), mostName)
	case a.entries > a.form.Files:
		return fmt.Sprintf("it holds more than %d files and directories", a.form.Files)
	case isWhole && size > whole:
		return fmt.Sprintf("%s has more than %d KiB", name, whole>>10)
	case size > a.form.Bytes-a.bytes:
		return fmt.Sprintf("it holds more than %d GiB", a.form.Bytes>>30)
	}
	a.bytes += size
	return ""
}

// ReadWhole reads a file of a folder, which must be a regular one and within
// the limit of its name. One that is too large is not opened.
func (f *Form) ReadWhole(dir, name string) ([]byte, error) {
	file := join(dir, name)
	fi, err := os.Lstat(file)
	if err != nil {
		return nil, err
	}
	most, ok := f.whole(name)
	if !ok {
		most = mostRead
	}
	switch {
	case !fi.Mode().IsRegular():
		return nil, f.Not(dir, name+" is not a regular file")
	case fi.Size() > most:
		return nil, f.Not(dir, fmt.Sprintf("%s has more than %d KiB", brief.Name(name), most>>10))
	}
	return disk.ReadRegular(file, most) // it may have been replaced meanwhile
}

// meter passes on what an archive holds, as long as it is within the limits.
type meter struct {
	ctx     context.Context // ends large files too
	archive *counter        // in zstd
	r       io.Reader
	n       int64 // bytes that came out
	left    int64 // bytes that may come
}

var (
	errHeader = fmt.Errorf("a file's header has more than %d KiB", mostHeader>>10)
	errRatio  = fmt.Errorf("it unpacks to more than %d times its size", mostRatio)
)

func (m *meter) Read(p []byte) (int, error) {
	if m.ctx.Err() != nil {
		return 0, context.Cause(m.ctx)
	}
	if m.left <= 0 {
		return 0, errHeader // what a file has itself is counted before it is read
	}
	n, err := m.r.Read(p[:min(int64(len(p)), m.left)])
	m.left -= int64(n)
	m.n += int64(n)
	if m.n > ratioAllows+mostRatio*m.archive.n.Load() {
		return n, errRatio
	}
	return n, err
}

// isLimit reports whether an error is one of a meter's.
func isLimit(err error) bool { return errors.Is(err, errHeader) || errors.Is(err, errRatio) }

// counter counts what is read. The decoder reads ahead of what it gives.
type counter struct {
	r io.Reader
	n atomic.Int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n.Add(int64(n))
	return n, err
}
