package gitpack

import (
	"bufio"
	"bytes"
	"fmt"
	"hash/crc32"
	"io"
	"sync"

	"github.com/klauspost/compress/zlib"
)

// packReader reads entries of a pack, wherever they are. It is for one
// goroutine at a time.
type packReader struct {
	file  io.ReaderAt
	end   int64 // of the file, or of its entries; any large number where that is not known
	chunk int   // how many bytes are read at least

	data  []byte // what was read last
	start int64  // where that stands
	head  bytes.Reader
}

// packReaders are for reading here and there. Most deltas, and half of all
// files, are in one chunk.
var packReaders = sync.Pool{New: func() any { return &packReader{chunk: 4 << 10} }}

// reset takes another file. What was read goes, its memory stays.
func (r *packReader) reset(file io.ReaderAt) { r.file, r.end, r.data = file, 1<<62, r.data[:0] }

// at returns what stands at an offset: n bytes or more, or less where the end
// is. It is valid until the next call.
func (r *packReader) at(offset int64, n int) ([]byte, error) {
	if skip := offset - r.start; skip >= 0 && skip < int64(len(r.data)) {
		if have := r.data[skip:]; len(have) >= n || offset+int64(len(have)) == r.end {
			return have, nil
		}
	}
	if offset >= r.end {
		return nil, nil
	}
	n = int(min(int64(max(n, r.chunk)), r.end-offset))
	if cap(r.data) < n {
		r.data = make([]byte, n)
	}
	r.start, r.data = offset, r.data[:n]
	got, err := r.file.ReadAt(r.data, offset)
	if err == io.EOF && got < n {
		r.end = offset + int64(got)
	}
	r.data = r.data[:got]
	if err == io.EOF {
		err = nil
	}
	return r.data, err
}

// header reads the header of the entry at an offset, and returns where what is
// compressed begins.
func (r *packReader) header(offset int64) (h entryHeader, body int64, err error) {
	const most = 32 // bytes: 10 of a size, and 20 of a hash
	data, err := r.at(offset, most)
	if err != nil {
		return h, 0, err
	}
	r.head.Reset(data)
	h, err = readHeader(&r.head, offset)
	return h, offset + int64(len(data)-r.head.Len()), err
}

// inflate returns the size bytes that are compressed from an offset on, and
// where that ends.
func (r *packReader) inflate(offset int64, size int) (data []byte, end int64, err error) {
	end, err = r.stream(offset, func(in io.Reader) error {
		data, err = readSized(in, size)
		return err
	})
	return data, end, err
}

func sizeError(size int) error {
	return fmt.Errorf("an object is not of the %d bytes that it declares", size)
}

// readSized reads size bytes and wants the end there. The memory for them is
// taken as they come: a size is easily declared.
func readSized(in io.Reader, size int) ([]byte, error) {
	const atOnce = 4 << 20 // bytes for which memory is taken because a size is declared
	data := make([]byte, min(size, atOnce))
	for n := 0; ; {
		if _, err := io.ReadFull(in, data[n:]); err != nil {
			return nil, noEnd(err)
		}
		if n = len(data); n == size {
			break
		}
		data = append(data, make([]byte, min(size-n, 3*n))...)
	}
	return data, atEnd(in, size)
}

// atEnd wants the end after size bytes. Its checksum is compared when it is met.
func atEnd(in io.Reader, size int) error {
	var more [1]byte
	switch n, err := io.ReadFull(in, more[:]); {
	case n > 0:
		return sizeError(size)
	case err != io.EOF:
		return noEnd(err)
	}
	return nil
}

// inflateTo is inflate for what is too large to be held.
func (r *packReader) inflateTo(w io.Writer, offset int64, size int) (end int64, err error) {
	return r.stream(offset, func(in io.Reader) error {
		if _, err := io.CopyN(w, in, int64(size)); err != nil {
			return err
		}
		return atEnd(in, size)
	})
}

// inflater is what decompressing takes, kept between objects: most are smaller
// than the tables and buffers for it.
type inflater struct {
	file *bufio.Reader
	zlib io.ReadCloser // nil before the first object
}

var inflaters = sync.Pool{New: func() any { return &inflater{file: bufio.NewReaderSize(nil, 16<<10)} }}

// reset begins another object.
func (in *inflater) reset(file io.Reader) (err error) {
	in.file.Reset(file)
	if in.zlib == nil {
		in.zlib, err = zlib.NewReader(in.file)
		return err
	}
	return in.zlib.(zlib.Resetter).Reset(in.file, nil)
}

// stream lets take read what is compressed from an offset on, and returns where
// that ends.
func (r *packReader) stream(offset int64, take func(io.Reader) error) (end int64, err error) {
	in := inflaters.Get().(*inflater)
	defer inflaters.Put(in)
	file := io.NewSectionReader(r.file, offset, r.end-offset)
	if err := in.reset(file); err != nil {
		return 0, noEnd(err)
	}
	if err := take(in.zlib); err != nil {
		return 0, noEnd(err)
	}
	read, err := file.Seek(0, io.SeekCurrent)
	return offset + read - int64(in.file.Buffered()), err
}

// crc returns the CRC-32 of what stands between two places.
func (r *packReader) crc(from, to int64) (uint32, error) {
	const atOnce = 1 << 20
	if to-from <= atOnce {
		data, err := r.at(from, int(to-from))
		if err != nil {
			return 0, err
		}
		return crc32.ChecksumIEEE(data[:to-from]), nil
	}
	h := crc32.NewIEEE()
	_, err := io.Copy(h, io.NewSectionReader(r.file, from, to-from))
	return h.Sum32(), err
}
