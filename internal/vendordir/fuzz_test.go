package vendordir

import (
	"archive/tar"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/vxlite/vxlite/internal/archive"
	"github.com/vxlite/vxlite/internal/lock"
)

// FuzzUnpack has any bytes for a tar archive, in a sound zstd frame and as they
// are: nothing panics, nothing is written elsewhere, and what is taken for good
// is good.
func FuzzUnpack(f *testing.F) {
	z, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		f.Fatal(err)
	}
	unz, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
	if err != nil {
		f.Fatal(err)
	}
	for _, e := range []entry{{name: "vendor/a", data: "a"}, {name: "vendor/../up", data: "x"}, {name: "vendor/link", kind: tar.TypeSymlink, data: ".."}} {
		packed := archived(f, e)
		plain, err := unz.DecodeAll(packed, nil)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(plain, true)
		f.Add(packed, false)
	}
	f.Fuzz(func(t *testing.T, data []byte, compress bool) {
		if compress {
			data = z.EncodeAll(data, nil)
		}
		parent := t.TempDir()
		dir := filepath.Join(parent, "in")
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		_, err := Unpack(t.Context(), "X", bytes.NewReader(data), dir, nil)
		if err == nil {
			if _, err = Check(t.Context(), dir, nil); err != nil {
				t.Errorf("unpacked without an error, and then: %v", err)
			}
		}
		if beside, _ := os.ReadDir(parent); len(beside) != 1 {
			t.Errorf("beside the folder: %v", beside)
		}
	})
}

// fuzzNames are what a random entry may be called, besides anything.
var fuzzNames = []string{"velox.toml", "velox.lock", "SHA256SUMS", "SHA256SUMS.sig", "mod/KINDS", "mod/SUMS/example.com/a@v1.0.0", "mod/example.com/a@v1.0.0/a.go",
	"mod/example.com/a@v1.0.0", "mod/cache/download/example.com/a/@v/v1.0.0.ziphash", "proxy/example.com/a/@v/v1.0.0.mod", "proxy/golang.org/toolchain/@v/v0.0.1-go1.99.0.linux-amd64.zip",
	"git/0/HEAD", "cache/00/00-d", "cache/trim.txt", "build.pgo", "../up", "/up", "a/../../up", ".", "", "a\x00b", "a\nb", "A", "a", strings.Repeat("d/", 600) + "f", strings.Repeat("n", 1<<20-1024)}

// fuzzRecords are those of PAX that a random entry may have.
var fuzzRecords = []string{"path", "size", "linkpath", "comment", "mtime", "GNU.sparse.major", "GNU.sparse.minor", "GNU.sparse.name", "GNU.sparse.realsize",
	"GNU.sparse.size", "GNU.sparse.map", "GNU.sparse.numblocks", "SCHILY.xattr.user.x"}

// dice makes choices of bytes, and is zero when these are used up.
type dice []byte

func (d *dice) pick(n int) int {
	if len(*d) == 0 {
		return 0
	}
	b := int((*d)[0])
	*d = (*d)[1:]
	return b % n
}

func (d *dice) string() string {
	n := min(d.pick(40), len(*d))
	s := string((*d)[:n])
	*d = (*d)[n:]
	return s
}

func (d *dice) name() string {
	if i := d.pick(len(fuzzNames) + 2); i < len(fuzzNames) {
		return fuzzNames[i]
	}
	return d.string()
}

// fuzzEntry writes one entry, several times, and its lines of the list.
func (d *dice) entry(tarred *bytes.Buffer, list *strings.Builder) {
	name, data := d.name(), strings.Repeat(d.string(), 1+d.pick(3)*5000)
	kind := []byte{tar.TypeReg, tar.TypeReg, tar.TypeReg, tar.TypeReg, 0, tar.TypeLink, tar.TypeSymlink, tar.TypeChar, tar.TypeBlock, tar.TypeDir, tar.TypeFifo,
		tar.TypeCont, tar.TypeXHeader, tar.TypeXGlobalHeader, tar.TypeGNUSparse, tar.TypeGNULongName, tar.TypeGNULongLink, 'Z'}[d.pick(18)]
	size := len(data)
	if d.pick(8) == 1 {
		size = d.pick(256) << d.pick(28)
	}
	var records []string
	for range d.pick(4) {
		value := d.string()
		switch d.pick(4) {
		case 1:
			value = "vendor/" + d.name()
		case 2:
			value = "3221225472"
		}
		records = append(records, record(fuzzRecords[d.pick(len(fuzzRecords))], value))
	}
	full := form.Top + name
	if d.pick(16) == 1 {
		full = name
	}
	if len(full) > 100 {
		records = append(records, record("path", full))
	}
	if archive.IsName(name) && d.pick(8) != 1 {
		list.WriteString(sumLine(name, data))
	}
	for range 1 + d.pick(2)*d.pick(256) {
		if len(records) > 0 {
			tarred.Write(pax(records...))
		}
		tarred.Write(rawHeader(full[:min(len(full), 100)], kind, size))
		tarred.Write(padded(data))
	}
}

// FuzzEntries has archives of random entries behind a list that fits them, more
// or less, through all that reads one: nothing panics, nothing is written
// elsewhere, what is taken for good is good, and neither memory nor disk is
// taken beyond the limits.
func FuzzEntries(f *testing.F) {
	f.Add([]byte{})
	for i := range fuzzNames {
		f.Add([]byte{1, byte(i), 3, 'a', 'b', 'c', 0, 0, 0, 0, 0, 0})
		f.Add([]byte{3, byte(i), 1, 'a', 2, byte(i), 0, 2, 0, 1, byte(i), 0, byte(i), 0, 0, 1, 255})
	}
	h1 := "h1:" + strings.Repeat("A", 43) + "="
	f.Fuzz(func(t *testing.T, data []byte) {
		d := dice(data)
		var tarred bytes.Buffer
		var list strings.Builder
		for range d.pick(8) {
			if d.entry(&tarred, &list); tarred.Len() > 32<<20 {
				break
			}
		}
		packed := stream(t, list.String(), func(w io.Writer) { w.Write(tarred.Bytes()) })
		parent := t.TempDir()
		dir := filepath.Join(parent, "in")
		must(t, os.Mkdir(dir, 0o755))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		c, err := Unpack(t.Context(), "X", bytes.NewReader(packed), dir, nil)
		if err == nil {
			c.Kinds()
			_ = c.OpenModules(t.Context(), filepath.Join(parent, "made"), false, []lock.Sum{{Path: "example.com/a", Version: "v1.0.0", H1: h1}})
			must(t, os.RemoveAll(filepath.Join(parent, "made")))
		}
		runtime.ReadMemStats(&after)
		if grown := after.TotalAlloc - before.TotalAlloc; grown > 256<<20 {
			t.Errorf("it took %d MiB of memory: %v", grown>>20, err)
		}
		if err == nil {
			if _, err := Check(t.Context(), dir, nil); err != nil {
				t.Errorf("unpacked without an error, and then: %v", err)
			}
		} else if len(err.Error()) > 2000 {
			t.Errorf("an error of %d bytes", len(err.Error()))
		}
		if n, entries := onDisk(t, dir); n > 64<<20+100*int64(len(packed)) || entries > len(data)*600+10 {
			t.Errorf("%d bytes and %d entries on disk of an archive of %d", n, entries, len(packed))
		}
		if beside, _ := os.ReadDir(parent); len(beside) != 1 {
			t.Errorf("beside the folder: %v", beside)
		}
	})
}
