package disk

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
)

// MostText is more bytes than any file has that is read whole and was written by
// hand, or by a program in the place of one.
const MostText = 16 << 20

// MostLarge is more bytes than a program or a profile has that is read whole.
const MostLarge = 2 << 30

// IrregularError is a file that is none to read: a pipe, which waits for its
// writer, a device, which may have no end, or one that is larger than any of its
// kind. It is what a [fs.PathError] has.
type IrregularError struct{ Reason string }

// Error implements error.
func (e *IrregularError) Error() string { return e.Reason }

// Hints says what would do.
func (*IrregularError) Hints() []string {
	return []string{"name a regular file, or put one in its place"}
}

// CheckRegular looks at a file without opening it. One that is not there is as
// good as a regular one.
func CheckRegular(name string, most int64) error {
	fi, err := os.Stat(name)
	if err != nil {
		return nil
	}
	return regular(name, fi, most)
}

// Regular refuses what is no regular file by what is known of it.
func Regular(name string, fi fs.FileInfo) error { return regular(name, fi, math.MaxInt64-1) }

func regular(name string, fi fs.FileInfo, most int64) error {
	reason := ""
	switch mode := fi.Mode(); {
	case mode&fs.ModeNamedPipe != 0:
		reason = "is a named pipe, not a file"
	case mode&(fs.ModeDevice|fs.ModeCharDevice) != 0:
		if null, err := os.Stat(os.DevNull); err == nil && os.SameFile(fi, null) {
			return nil // as good as an empty file, and a usual way to say that there is none
		}
		reason = "is a device, not a file"
	case mode&fs.ModeSocket != 0:
		reason = "is a socket, not a file"
	case mode.IsDir():
		reason = "is a directory"
	case !mode.IsRegular():
		reason = "is not a regular file"
	case fi.Size() > most:
		reason = fmt.Sprintf("is too large: %d bytes, limit %d", fi.Size(), most)
	default:
		return nil
	}
	return &fs.PathError{Op: "open", Path: name, Err: &IrregularError{reason}}
}

// OpenRegular opens a file of somebody else's, which has to be a regular one, or
// a link to one, of so many bytes at most.
func OpenRegular(name string, most int64) (*os.File, error) {
	if err := CheckRegular(name, most); err != nil {
		return nil, err // to open a device may do something
	}
	f, err := os.OpenFile(name, os.O_RDONLY|nonblock, 0) // a pipe's other end may never be opened
	if err != nil {
		return nil, err
	}
	fi, err := f.Stat()
	if err == nil {
		err = regular(name, fi, most)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// Open is OpenRegular for a file of any size.
func Open(name string) (*os.File, error) { return OpenRegular(name, math.MaxInt64-1) }

// ReadRegular reads such a file.
func ReadRegular(name string, most int64) ([]byte, error) {
	f, err := OpenRegular(name, most)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readAll(f, most)
}

// ReadLarge is ReadRegular for a file of [MostLarge] at most.
func ReadLarge(name string) ([]byte, error) { return ReadRegular(name, MostLarge) }

// ReadText is ReadRegular for a file of [MostText] at most.
func ReadText(name string) ([]byte, error) { return ReadRegular(name, MostText) }

// OpenNamed is Open for a file that a command line names. It may be one that the
// process was given open, as a shell's <(command) is.
func OpenNamed(name string) (*os.File, error) { return openNamed(name, math.MaxInt64-1) }

func openNamed(name string, most int64) (*os.File, error) {
	dir := filepath.Dir(name)
	if name == "/dev/stdin" || dir == "/dev/fd" || strings.HasPrefix(dir, "/proc/") && filepath.Base(dir) == "fd" {
		return os.Open(name)
	}
	return OpenRegular(name, most)
}

// ReadNamed reads such a file, of [MostText] at most.
func ReadNamed(name string) ([]byte, error) {
	f, err := openNamed(name, MostText)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readAll(f, MostText)
}

func readAll(f *os.File, most int64) ([]byte, error) {
	fi, err := f.Stat()
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if fi.Mode().IsRegular() {
		b.Grow(int(min(fi.Size(), most)) + bytes.MinRead) // in one piece: one that grows is held twice
	}
	_, err = b.ReadFrom(io.LimitReader(f, most+1)) // it may grow, or lie, as those of /proc do
	if err == nil && int64(b.Len()) > most {
		err = &fs.PathError{Op: "read", Path: f.Name(), Err: &IrregularError{fmt.Sprintf("is too large: more than %d bytes", most)}}
	}
	return b.Bytes(), err
}
