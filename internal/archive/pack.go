package archive

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"slices"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/vxlite/vxlite/internal/disk"
)

// Pack writes the folder dir, which has its list, as one archive. The list
// comes first, then its signature where there is one, then all files by name.
func (f *Form) Pack(ctx context.Context, dir string, w io.Writer) error {
	files, err := f.Walk(dir)
	if err != nil {
		return err
	}
	first := []string{ListFile}
	if slices.Contains(files, SignatureFile) {
		first = append(first, SignatureFile)
	}
	files = slices.DeleteFunc(files, func(name string) bool { return slices.Contains(first, name) })
	p, err := f.NewPacker(w)
	if err != nil {
		return err
	}
	for _, name := range append(first, files...) {
		if _, err := p.Copy(ctx, name, join(dir, name)); err != nil {
			p.Abort()
			return err
		}
	}
	return p.Close()
}

// Packer writes an archive file by file: the list first, then its signature where
// there is one, then the files that the list names.
type Packer struct {
	top string
	z   *zstd.Encoder
	tar *tar.Writer
}

// NewPacker begins an archive. It ends with Close, or with Abort after an error.
func (f *Form) NewPacker(w io.Writer) (*Packer, error) {
	// One goroutine, so that how many processors there are plays no part.
	z, err := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedDefault))
	if err != nil {
		return nil, err
	}
	return &Packer{top: f.Top, z: z, tar: tar.NewWriter(z)}, nil
}

func (p *Packer) begin(name string, size int64) error {
	return p.tar.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: p.top + name, Size: size, Mode: 0o644, ModTime: time.Unix(0, 0)})
}

// Write adds a file with that content.
func (p *Packer) Write(name string, data []byte) error {
	if err := p.begin(name, int64(len(data))); err != nil {
		return err
	}
	_, err := p.tar.Write(data)
	return err
}

// Copy adds a file of that content, and returns the content's hash in hex.
func (p *Packer) Copy(ctx context.Context, name, file string) (sum string, err error) {
	if ctx.Err() != nil {
		return "", context.Cause(ctx)
	}
	f, err := disk.Open(file)
	if err != nil {
		return "", err
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		return "", err
	}
	if err := p.begin(name, fi.Size()); err != nil {
		return "", err
	}
	h := sha256.New()
	_, err = io.Copy(io.MultiWriter(p.tar, h), f)
	return hex.EncodeToString(h.Sum(nil)), err
}

// Close ends the archive.
func (p *Packer) Close() error {
	if err := p.tar.Close(); err != nil {
		p.Abort()
		return err
	}
	return p.z.Close()
}

// Abort lets go of an archive that is of no use.
func (p *Packer) Abort() { _ = p.z.Close() }
