package vulndb

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/vxlite/vxlite/internal/brief"
	"github.com/vxlite/vxlite/internal/disk"
)

// walk calls use for each entry of a folder or an archive.
func walk(ctx context.Context, place string, use func(name string, data []byte) error) error {
	b := &budget{ctx: ctx, use: use}
	if disk.IsDir(place) {
		return b.folder(place)
	}
	f, err := disk.OpenNamed(place)
	if err != nil {
		return err
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		return err
	}
	head := make([]byte, 4)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return err
	}
	head = head[:n]
	switch {
	case bytes.HasPrefix(head, []byte("PK")):
		return b.zip(f, fi.Size())
	case bytes.Equal(head, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		return b.tarZstd(io.MultiReader(bytes.NewReader(head), f))
	}
	return errors.New("neither a folder nor a .zip or .tar.zst file")
}

// budget counts what is read.
type budget struct {
	ctx   context.Context
	use   func(name string, data []byte) error
	names int
	bytes int64
}

// name counts a file or directory, and reports whether it is an entry to read.
func (b *budget) name(name string) (bool, error) {
	if b.names++; b.names > mostNames {
		return false, fmt.Errorf("it has more than %d files and directories", mostNames)
	}
	if b.ctx.Err() != nil {
		return false, context.Cause(b.ctx)
	}
	return isEntry(name), nil
}

// entry reads an entry to its end.
func (b *budget) entry(name string, r io.Reader) error {
	name = brief.Name(name)
	data, err := io.ReadAll(io.LimitReader(r, mostEntry+1))
	if err != nil {
		return fmt.Errorf("%s: %s", name, disk.Reason(err))
	}
	if len(data) > mostEntry {
		return fmt.Errorf("%s has more than %d MiB", name, mostEntry>>20)
	}
	if b.bytes += int64(len(data)); b.bytes > mostBytes {
		return fmt.Errorf("its entries have more than %d MiB", mostBytes>>20)
	}
	return b.use(name, data)
}

func (b *budget) folder(dir string) error {
	return filepath.WalkDir(dir, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, file)
		if err != nil {
			return err
		}
		name := filepath.ToSlash(rel)
		wanted, err := b.name(name)
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name != "." && strings.HasPrefix(d.Name(), ".") { // .git
				return fs.SkipDir
			}
			return nil
		}
		if !wanted {
			return nil
		}
		f, err := disk.Open(file)
		if err != nil {
			return fmt.Errorf("%s: %s", brief.Name(name), disk.Reason(err))
		}
		defer f.Close()
		return b.entry(name, f)
	})
}

func (b *budget) zip(f io.ReaderAt, size int64) error {
	z, err := zip.NewReader(f, size)
	if err != nil {
		return err
	}
	for _, file := range z.File {
		wanted, err := b.name(file.Name)
		if err != nil {
			return err
		}
		if !wanted {
			continue
		}
		r, err := file.Open()
		if err != nil {
			return fmt.Errorf("%s: %s", brief.Name(file.Name), disk.Reason(err))
		}
		err = b.entry(file.Name, r)
		r.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

// maxWindow is that of zstd, in bytes, and mostUnpacked what an archive may
// become, with all that is no entry.
const (
	maxWindow    = 32 << 20
	mostUnpacked = 4 << 30
)

func (b *budget) tarZstd(r io.Reader) error {
	z, err := zstd.NewReader(r, zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderConcurrency(1))
	if err != nil {
		return err
	}
	defer z.Close()
	limited := &io.LimitedReader{R: z, N: mostUnpacked}
	for t := tar.NewReader(limited); ; {
		h, err := t.Next()
		switch {
		case limited.N <= 0:
			return fmt.Errorf("it unpacks to more than %d GiB", mostUnpacked>>30)
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		wanted, err := b.name(strings.TrimPrefix(h.Name, "./"))
		if err != nil {
			return err
		}
		if wanted && h.Typeflag == tar.TypeReg {
			if err := b.entry(h.Name, t); err != nil {
				return err
			}
		}
	}
}

func writeZip(w io.Writer, entries []Entry) error {
	z := zip.NewWriter(w)
	for _, e := range entries {
		f, err := z.CreateHeader(&zip.FileHeader{Name: "ID/" + e.ID + ".json", Method: zip.Deflate, Modified: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)})
		if err != nil {
			return err
		}
		if _, err := f.Write(e.Data); err != nil {
			return err
		}
	}
	return z.Close()
}
