package vendordir

import (
	"archive/tar"
	"bytes"
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/vxlite/vxlite/internal/archive"
	"github.com/vxlite/vxlite/internal/testkit"
)

// rawHeader is one block of tar, which [tar.Writer] would not write like this.
func rawHeader(name string, kind byte, size int) []byte {
	b := make([]byte, 512)
	copy(b, name)
	copy(b[100:], "0000644\x000000000\x000000000\x00")
	copy(b[124:], fmt.Sprintf("%011o\x00", size))
	copy(b[136:], "00000000000\x00        ")
	b[156] = kind
	copy(b[257:], "ustar\x0000")
	sum := 0
	for _, c := range b {
		sum += int(c)
	}
	copy(b[148:], fmt.Sprintf("%06o\x00 ", sum))
	return b
}

// padded fills up to a block of tar.
func padded(data string) []byte {
	return append([]byte(data), make([]byte, (512-len(data)%512)%512)...)
}

// record is a PAX record.
func record(key, value string) string {
	n := len(key) + len(value) + 3
	for n != len(fmt.Sprintf("%d %s=%s\n", n, key, value)) {
		n++
	}
	return fmt.Sprintf("%d %s=%s\n", n, key, value)
}

// pax is a header with records, before the file that they are for.
func pax(records ...string) []byte {
	all := strings.Join(records, "")
	return append(rawHeader("PaxHeaders/x", tar.TypeXHeader, len(all)), padded(all)...)
}

// sumLine is a line of a list.
func sumLine(name, data string) string {
	return fmt.Sprintf("%x  %s\n", sha256.Sum256([]byte(data)), name)
}

// stream compresses what write writes, behind a list that names the lock and
// has more lines.
func stream(t testing.TB, more string, write func(w io.Writer)) []byte {
	t.Helper()
	var b bytes.Buffer
	z, err := zstd.NewWriter(&b, zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		t.Fatal(err)
	}
	list := sumLine(LockFile, "lock") + more
	for _, e := range []entry{{name: archive.ListFile, data: list}, {name: LockFile, data: "lock"}} {
		z.Write(rawHeader(form.Top+e.name, tar.TypeReg, len(e.data)))
		z.Write(padded(e.data))
	}
	write(z)
	z.Write(make([]byte, 1024))
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// zeros writes so many of them.
func zeros(w io.Writer, n int) {
	for block := make([]byte, 1<<20); n > 0; n -= len(block) {
		w.Write(block[:min(n, len(block))])
	}
}

// onDisk is how many bytes and entries there are below dir.
func onDisk(t testing.TB, dir string) (bytes int64, entries int) {
	t.Helper()
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		fi, err := d.Info()
		entries++
		if err == nil && !d.IsDir() {
			bytes += fi.Size()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return bytes, entries
}

// TestHostileArchives has archives of a few hundred KB that would take gigabytes
// of memory or of the disk. Each is refused before.
func TestHostileArchives(t *testing.T) {
	const mib = 1 << 20
	long := strings.Repeat("n", mib-1024)
	sparse10 := "1\n0\n1\n" // one hole
	for _, tt := range []struct {
		name  string
		data  func() []byte
		want  string
		bytes int64 // on disk
		files int   // the limit of files and directories; 0 for the form's
	}{
		{"names of a megabyte", func() []byte {
			return stream(t, "", func(w io.Writer) {
				for i := range 2 {
					w.Write(pax(record("path", fmt.Sprintf("vendor/%d%s", i, long))))
					w.Write(rawHeader("x", tar.TypeReg, 0))
				}
			})
		}, "X: a file's header has more than 16 KiB", mib, 0},
		{"names of two kilobytes", func() []byte {
			return stream(t, "", func(w io.Writer) {
				w.Write(pax(record("path", "vendor/"+long[:2048])))
				w.Write(rawHeader("x", tar.TypeReg, 0))
			})
		}, `X: "vendor/nnnnnnnnnn`, mib, 0},
		{"records of a megabyte", func() []byte {
			return stream(t, "", func(w io.Writer) {
				w.Write(pax(record("comment", long)))
				w.Write(rawHeader("vendor/x", tar.TypeReg, 0))
			})
		}, "X: a file's header has more than 16 KiB", mib, 0},
		{"headers without a file", func() []byte {
			return stream(t, "", func(w io.Writer) {
				for range 100 {
					w.Write(pax(record("comment", "none")))
				}
			})
		}, "X: a file's header has more than 16 KiB", mib, 0},
		{"names of GNU tar", func() []byte {
			return stream(t, "", func(w io.Writer) {
				w.Write(rawHeader("././@LongLink", tar.TypeGNULongName, len(long)))
				w.Write(padded(long))
			})
		}, "X: a file's header has more than 16 KiB", mib, 0},
		{"a sparse file, PAX 1.0", func() []byte {
			return stream(t, sumLine("x", "x"), func(w io.Writer) {
				w.Write(pax(record("GNU.sparse.major", "1"), record("GNU.sparse.minor", "0"), record("GNU.sparse.name", "vendor/x"),
					record("GNU.sparse.realsize", fmt.Sprint(3<<30))))
				w.Write(rawHeader("vendor/x", tar.TypeReg, 512))
				w.Write(padded(sparse10[:4] + fmt.Sprint(3<<30) + "\n0\n"))
			})
		}, `X: "vendor/x" is a sparse file, or has attributes`, mib, 0},
		{"a sparse file, PAX 0.1", func() []byte {
			return stream(t, sumLine("x", "x"), func(w io.Writer) {
				w.Write(pax(record("GNU.sparse.size", fmt.Sprint(3<<30)), record("GNU.sparse.numblocks", "1"), record("GNU.sparse.map", fmt.Sprintf("%d,0", 3<<30))))
				w.Write(rawHeader("vendor/x", tar.TypeReg, 0))
			})
		}, `X: "vendor/x" is a sparse file, or has attributes`, mib, 0},
		{"a sparse file of GNU tar", func() []byte {
			return stream(t, sumLine("x", "x"), func(w io.Writer) {
				w.Write(rawHeader("vendor/x", tar.TypeGNUSparse, 0))
			})
		}, `X is damaged or no vendored archive: a file in it does not begin as in a tar file`, mib, 0},
		{"four gigabytes of zeros", func() []byte {
			return stream(t, sumLine("x", "x"), func(w io.Writer) {
				w.Write(pax(record("size", fmt.Sprint(4<<30))))
				w.Write(rawHeader("vendor/x", tar.TypeReg, 0))
				zeros(w, 80*mib) // and more to come
			})
		}, "X: it unpacks to more than 100 times its size", 80 * mib, 0},
		{"files of zeros", func() []byte {
			var list strings.Builder
			for i := range 80 {
				list.WriteString(sumLine(fmt.Sprint(i), "x"))
			}
			return stream(t, list.String(), func(w io.Writer) {
				for i := range 80 {
					w.Write(rawHeader(fmt.Sprintf("vendor/%d", i), tar.TypeReg, mib))
					zeros(w, mib)
				}
			})
		}, "X: it unpacks to more than 100 times its size", 80 * mib, 0},
		{"seventeen gigabytes, it says", func() []byte {
			return stream(t, sumLine("x", "x"), func(w io.Writer) {
				w.Write(pax(record("size", fmt.Sprint(17<<30))))
				w.Write(rawHeader("vendor/x", tar.TypeReg, 0))
			})
		}, "X: it holds more than 16 GiB", mib, 0},
		{"a long list", func() []byte {
			return stream(t, strings.Repeat("\n", 32<<20), func(io.Writer) {})
		}, "X: SHA256SUMS has more than 32768 KiB", mib, 0},
		{"many files", func() []byte {
			var list strings.Builder
			sum := sumLine("", "x")
			for i := range form.Files {
				fmt.Fprintf(&list, "%s%d\n", sum[:len(sum)-1], i)
			}
			return stream(t, list.String(), func(io.Writer) {})
		}, "X is damaged or no vendored archive: SHA256SUMS: it has more than 131072 files and directories", mib, 0},
		{"many directories", func() []byte {
			var list strings.Builder
			for i := range 3 {
				list.WriteString(sumLine(fmt.Sprint(i)+strings.Repeat("/d", 500), "x"))
			}
			return stream(t, list.String(), func(io.Writer) {})
		}, "X is damaged or no vendored archive: SHA256SUMS: it has more than 1000 files and directories", mib, 1000},
		{"files that the list does not name", func() []byte {
			return stream(t, "", func(w io.Writer) {
				for i := range 1000 {
					w.Write(rawHeader(fmt.Sprintf("vendor/%d", i), tar.TypeReg, 0))
				}
			})
		}, "X: it holds more than 100 files that SHA256SUMS does not name", mib, 0},
		{"a large config", func() []byte {
			return stream(t, sumLine(ConfigFile, "x"), func(w io.Writer) {
				w.Write(rawHeader("vendor/velox.toml", tar.TypeReg, 17*mib))
				zeros(w, 17*mib)
			})
		}, "X: velox.toml has more than 16384 KiB", mib, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			data, dir := tt.data(), t.TempDir()
			if len(data) > 10*mib {
				t.Fatalf("an archive of %d bytes is no attack", len(data))
			}
			limited := *form
			limited.Files = cmp.Or(tt.files, form.Files)
			var err error
			grown := testkit.Peak(func() { _, err = limited.Unpack(t.Context(), "X", bytes.NewReader(data), dir, nil) })
			if err == nil || !strings.HasPrefix(err.Error(), tt.want) || len(err.Error()) > 400 {
				t.Errorf("%.500v\nwant %s", err, tt.want)
			}
			if grown > 100*mib {
				t.Errorf("it took %d MiB of memory", grown/mib)
			}
			if n, entries := onDisk(t, dir); n > tt.bytes || entries > 1000 {
				t.Errorf("it took %d bytes of the disk in %d entries", n, entries)
			}
			t.Logf("%d bytes, %d KiB of memory: %.200v", len(data), grown/1024, err)
		})
	}
}

// TestHostileFolders has folders with what has no end, or leads elsewhere. None
// of it is opened.
func TestHostileFolders(t *testing.T) {
	testkit.NeedsUnix(t, "pipes and devices")
	fifo := func(t *testing.T, name string) {
		t.Helper()
		if out, err := exec.Command("mkfifo", name).CombinedOutput(); err != nil {
			t.Fatalf("mkfifo: %v %s", err, out)
		}
	}
	instead := func(name string) func(t *testing.T, dir string) string {
		return func(t *testing.T, dir string) string {
			if err := os.Remove(join(dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				t.Fatal(err)
			}
			return join(dir, name)
		}
	}
	long := func(name string, size int64) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			if err := errors.Join(os.WriteFile(join(dir, name), nil, 0o644), os.Truncate(join(dir, name), size)); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, tt := range []struct {
		name   string
		damage func(t *testing.T, dir string)
		want   string
	}{
		{"a pipe for the list", func(t *testing.T, dir string) { fifo(t, instead(archive.ListFile)(t, dir)) }, "DIR: SHA256SUMS is not a regular file"},
		{"a pipe for the lock", func(t *testing.T, dir string) { fifo(t, instead(LockFile)(t, dir)) }, "DIR: velox.lock is not a regular file"},
		{"a pipe beside the rest", func(t *testing.T, dir string) { fifo(t, instead("git/pipe")(t, dir)) }, "DIR: git/pipe is not a regular file"},
		{"a device for the list", func(t *testing.T, dir string) { must(t, os.Symlink("/dev/zero", instead(archive.ListFile)(t, dir))) }, "DIR: SHA256SUMS is not a regular file"},
		{"a device for the config", func(t *testing.T, dir string) { must(t, os.Symlink("/dev/zero", instead(ConfigFile)(t, dir))) }, "DIR: velox.toml is not a regular file"},
		{"a folder that is elsewhere", func(t *testing.T, dir string) {
			must(t, errors.Join(os.RemoveAll(join(dir, "git")), os.Symlink("/", join(dir, "git"))))
		}, "DIR: git is not a regular file"},
		{"a list of a terabyte", long(archive.ListFile, 1<<40), "DIR: SHA256SUMS has more than 32768 KiB"},
		{"a lock of a terabyte", long(LockFile, 1<<40), "DIR: velox.lock has more than 16384 KiB"},
		{"a module of a terabyte", long("proxy/a/@v/v1.zip", 1<<40), "DIR: it holds more than 16 GiB"},
		{"a folder in a folder in a folder", func(t *testing.T, dir string) {
			must(t, os.MkdirAll(join(dir, strings.Repeat("deep/", 300)), 0o755))
		}, "DIR: the name deep/deep/"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := folder(t)
			tt.damage(t, dir)
			var err error
			grown := testkit.Peak(func() { _, err = Check(t.Context(), dir, nil) })
			if err == nil || !strings.HasPrefix(strings.ReplaceAll(err.Error(), dir, "DIR"), tt.want) || len(err.Error()) > 400 {
				t.Errorf("%.500v\nwant %s", err, tt.want)
			}
			if grown > 100<<20 {
				t.Errorf("it took %d MiB of memory", grown>>20)
			}
			if _, err := Prune(t.Context(), dir); err == nil {
				t.Error("it was pruned")
			}
		})
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
