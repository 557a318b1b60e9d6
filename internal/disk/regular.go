package disk

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// IrregularError is a file that is none to read: a pipe, which waits for its
// writer, a device, which may have no end, or one that is larger than any of its
// kind.
type IrregularError struct {
	Name string
	What string // it is
}

// Error implements error.
func (e *IrregularError) Error() string { return e.Name + " is " + e.What }

// CheckRegular looks at a file without opening it. One that is not there is as
// good as a regular one.
func CheckRegular(name string, most int64) error {
	fi, err := os.Stat(name)
	if err != nil {
		return nil
	}
	return regular(name, fi, most)
}

func regular(name string, fi fs.FileInfo, most int64) error {
	switch mode := fi.Mode(); {
	case mode&fs.ModeNamedPipe != 0:
		return &IrregularError{name, "a named pipe, not a file"}
	case mode&(fs.ModeDevice|fs.ModeCharDevice) != 0:
		return &IrregularError{name, "a device, not a file"}
	case mode&fs.ModeSocket != 0:
		return &IrregularError{name, "a socket, not a file"}
	case mode.IsDir():
		return &IrregularError{name, "a directory, not a file"}
	case !mode.IsRegular():
		return &IrregularError{name, "not a regular file"}
	case fi.Size() > most:
		return &IrregularError{name, fmt.Sprintf("too large: %d bytes, limit %d", fi.Size(), most)}
	}
	return nil
}

// OpenRegular opens a file of somebody else's, which has to be a regular one, or
// a link to one, of so many bytes at most.
func OpenRegular(name string, most int64) (*os.File, error) {
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

// ReadRegular reads such a file.
func ReadRegular(name string, most int64) ([]byte, error) {
	f, err := OpenRegular(name, most)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	b.Grow(int(fi.Size()) + bytes.MinRead)         // in one piece: one that grows is held twice
	_, err = b.ReadFrom(io.LimitReader(f, most+1)) // it may grow, or lie, as those of /proc do
	if err == nil && int64(b.Len()) > most {
		err = &IrregularError{name, fmt.Sprintf("too large: more than %d bytes", most)}
	}
	return b.Bytes(), err
}
