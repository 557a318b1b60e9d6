package vendordir

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/vxlite/vxlite/internal/archive"
	"github.com/vxlite/vxlite/internal/testkit"
)

// contents are a small vendor folder's.
var contents = map[string]string{
	"velox.toml":        "config",
	"velox.lock":        "version = 1\ngo = \"go1.26.4\"\n",
	"git/abc/HEAD":      "ref: refs/heads/main\n",
	"git/abc/empty":     "",
	"proxy/a/@v/v1.mod": "module a\n",
	"proxy/a/@v/v1.zip": strings.Repeat("zip", 3<<20),
	"cache/aa/aa-d":     "object",
}

// folder writes a vendor folder, in the order of a map.
func folder(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "folder")
	for name, data := range contents {
		put(t, dir, name, data)
	}
	if _, err := WriteList(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

func put(t *testing.T, dir, name, data string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(join(dir, name)), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(join(dir, name), []byte(data), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestRoundTrip packs a folder twice, at different times and from files with
// other modes: the bytes are the same, and what is unpacked is the folder.
func TestRoundTrip(t *testing.T) {
	dir := folder(t)
	var first, second bytes.Buffer
	if err := Pack(t.Context(), dir, &first); err != nil {
		t.Fatal(err)
	}
	later := time.Now().Add(time.Hour)
	for name := range contents {
		if err := errors.Join(os.Chtimes(join(dir, name), later, later), os.Chmod(join(dir, name), 0o755)); err != nil {
			t.Fatal(err)
		}
	}
	if err := Pack(t.Context(), dir, &second); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Error("packed twice, the bytes differ")
	}
	out := t.TempDir()
	if _, err := Unpack(t.Context(), "x.tar.zst", &first, out, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := Check(t.Context(), out, nil); err != nil {
		t.Error(err)
	}
	if !Is(out) || !Is(dir) {
		t.Error("it is no vendor folder")
	}
	for name, want := range contents {
		if got, err := os.ReadFile(join(out, name)); err != nil || string(got) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestSkippable has frames that zstd passes over, before and after what Pack wrote.
func TestSkippable(t *testing.T) {
	var packed bytes.Buffer
	if err := Pack(t.Context(), folder(t), &packed); err != nil {
		t.Fatal(err)
	}
	skippable := "\x50\x2a\x4d\x18\x04\x00\x00\x00note"
	out := t.TempDir()
	if _, err := Unpack(t.Context(), "x.tar.zst", strings.NewReader(skippable+packed.String()+skippable), out, nil); err != nil {
		t.Fatal(err)
	}
	if files, err := form.Walk(out); err != nil || len(files) != len(contents)+1 { // and the list
		t.Errorf("unpacked are %q, %v", files, err)
	}
}

// TestCheck damages a folder in each way.
func TestCheck(t *testing.T) {
	for _, tt := range []struct {
		name   string
		damage func(dir string) error
		want   string
	}{
		{"nothing", func(string) error { return nil }, ""},
		{"changed", func(dir string) error { return os.WriteFile(filepath.Join(dir, "velox.toml"), []byte("Config"), 0o644) },
			"DIR is damaged: changed: velox.toml"},
		{"missing", func(dir string) error { return os.Remove(join(dir, "git/abc/empty")) }, "DIR is damaged: missing: git/abc/empty"},
		{"extra", func(dir string) error { return os.WriteFile(join(dir, "git/x"), nil, 0o644) }, "DIR is damaged: not in SHA256SUMS: git/x"},
		{"all", func(dir string) error { return os.RemoveAll(join(dir, "proxy")) },
			"DIR is damaged: missing: proxy/a/@v/v1.mod, proxy/a/@v/v1.zip"},
		{"link", func(dir string) error {
			return errors.Join(os.Remove(join(dir, "velox.toml")), os.Symlink("velox.lock", join(dir, "velox.toml")))
		}, "DIR: velox.toml is not a regular file"},
		{"no list", func(dir string) error { return os.Remove(join(dir, archive.ListFile)) }, "DIR: is not a vendor folder: it has no SHA256SUMS"},
		{"bad list", func(dir string) error { return os.WriteFile(join(dir, archive.ListFile), []byte("hello\n"), 0o644) },
			"DIR/SHA256SUMS: line 1 is not a hash and a path"},
		{"leads elsewhere", func(dir string) error {
			return os.WriteFile(join(dir, archive.ListFile), []byte(strings.Repeat("0", 64)+"  ../velox.lock\n"), 0o644)
		}, "DIR/SHA256SUMS: line 1 is not a hash and a path"},
		{"without a lock", func(dir string) error { return os.WriteFile(join(dir, archive.ListFile), nil, 0o644) },
			"DIR/SHA256SUMS: it does not name velox.lock"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.name == "link" {
				testkit.NeedsLinks(t)
			}
			dir := folder(t)
			if err := tt.damage(dir); err != nil {
				t.Fatal(err)
			}
			got := ""
			if _, err := Check(t.Context(), dir, nil); err != nil {
				got = strings.ReplaceAll(testkit.Unix(err.Error()), testkit.Unix(dir), "DIR")
			}
			if got != tt.want {
				t.Errorf("%s\nwant %s", got, tt.want)
			}
		})
	}
}

// entry is a file of a hostile archive.
type entry struct {
	name string
	kind byte
	data string
}

// archived packs entries, behind a list of the regular ones.
func archived(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var list bytes.Buffer
	for _, e := range append([]entry{{name: "vendor/" + LockFile, data: "lock"}}, entries...) {
		if name, ok := strings.CutPrefix(e.name, "vendor/"); ok && archive.IsName(name) && !strings.Contains(list.String(), "  "+name+"\n") {
			fmt.Fprintf(&list, "%x  %s\n", sha256.Sum256([]byte(e.data)), name)
		}
	}
	all := append([]entry{{name: "vendor/" + archive.ListFile, data: list.String()}, {name: "vendor/" + LockFile, data: "lock"}}, entries...)
	return pack(t, all...)
}

func pack(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var b bytes.Buffer
	z, err := zstd.NewWriter(&b)
	if err != nil {
		t.Fatal(err)
	}
	w := tar.NewWriter(z)
	for _, e := range entries {
		h := &tar.Header{Name: e.name, Typeflag: e.kind, Size: int64(len(e.data)), Mode: 0o644}
		if e.kind == tar.TypeSymlink || e.kind == tar.TypeLink {
			h.Linkname, h.Size = e.data, 0
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if h.Size > 0 {
			if _, err := io.WriteString(w, e.data); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := errors.Join(w.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestUnpackHostile has archives that no vxlite writes. Whatever they hold,
// nothing is written beside the folder.
func TestUnpackHostile(t *testing.T) {
	good := archived(t, entry{name: "vendor/a", data: "a"})
	for _, tt := range []struct {
		name string
		data []byte
		want string
	}{
		{"good", good, ""},
		{"empty", nil, "X is damaged or no vendored archive: it does not begin with SHA256SUMS"},
		{"no zstd", []byte("hello, this is text"), "X is damaged or no vendored archive: it does not begin as a zstd file does"},
		{"no tar", func() []byte {
			z, _ := zstd.NewWriter(nil)
			return z.EncodeAll(bytes.Repeat([]byte("x"), 1024), nil)
		}(), "X is damaged or no vendored archive: a file in it does not begin as in a tar file"},
		{"cut off", good[:len(good)-10], "X is damaged or no vendored archive: it is truncated"},
		{"text behind it", append(slices.Clone(good), "and more"...), "X is damaged or no vendored archive: something follows its end"},
		{"an archive behind it", append(slices.Clone(good), good...), "X is damaged or no vendored archive: something follows its end"},
		{"zeros behind it", append(slices.Clone(good), zeroed(t, 8<<10)...), ""},
		{"too many zeros behind it", append(slices.Clone(good), zeroed(t, 1<<20)...), "X is damaged or no vendored archive: something follows its end"},
		{"its checksum", append(slices.Clone(good[:len(good)-1]), good[len(good)-1]^1), "X is damaged or no vendored archive: checksum mismatch"},
		{"up", archived(t, entry{name: "vendor/../../up", data: "x"}), `X: "vendor/../../up" is not a valid name for a vendored file`},
		{"absolute", archived(t, entry{name: "/etc/passwd", data: "x"}), `X: "/etc/passwd" is not a valid name for a vendored file`},
		{"outside", archived(t, entry{name: "other/file", data: "x"}), `X: "other/file" is not a valid name for a vendored file`},
		{"symlink", archived(t, entry{name: "vendor/link", kind: tar.TypeSymlink, data: "/etc"}), `X: "vendor/link" is not a regular file`},
		{"link", archived(t, entry{name: "vendor/link", kind: tar.TypeLink, data: "vendor/velox.lock"}), `X: "vendor/link" is not a regular file`},
		{"device", archived(t, entry{name: "vendor/null", kind: tar.TypeChar}), `X: "vendor/null" is not a regular file`},
		{"folder", archived(t, entry{name: "vendor/dir/", kind: tar.TypeDir}), `X: "vendor/dir/" is not a regular file`},
		{"twice", archived(t, entry{name: "vendor/a", data: "a"}, entry{name: "vendor/a", data: "b"}), `X: it has "a" twice`},
		{"no list", pack(t, entry{name: "vendor/velox.lock", data: "lock"}), "X is damaged or no vendored archive: it does not begin with SHA256SUMS"},
		{"file and folder", archived(t, entry{name: "vendor/a", data: "a"}, entry{name: "vendor/a/b", data: "b"}), "any"}, // which of the two comes first is open,
		{"damaged", pack(t, entry{name: "vendor/SHA256SUMS", data: strings.Repeat("0", 64) + "  velox.lock\n" + strings.Repeat("1", 64) + "  velox.toml\n"},
			entry{name: "vendor/velox.lock", data: "lock"}, entry{name: "vendor/more", data: "more"}),
			"X is damaged: missing: velox.toml; changed: velox.lock; not in SHA256SUMS: more"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			parent := t.TempDir()
			dir := filepath.Join(parent, "in")
			if err := os.Mkdir(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			_, err := Unpack(t.Context(), "X", bytes.NewReader(tt.data), dir, nil)
			if tt.want == "any" && err != nil {
				return
			}
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.HasPrefix(err.Error(), tt.want)) {
				t.Errorf("%v\nwant %s", err, tt.want)
			}
			if beside, _ := os.ReadDir(parent); len(beside) != 1 {
				t.Errorf("beside the folder: %v", beside)
			}
		})
	}
}

// zeroed is so many zeros in zstd.
func zeroed(t *testing.T, n int) []byte {
	t.Helper()
	z, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	return z.EncodeAll(make([]byte, n), nil)
}

// TestUnpackFlipped flips a bit in each byte of an archive, and cuts it off there.
// All of them are damage, but for what unpacks to the same bytes.
func TestUnpackFlipped(t *testing.T) {
	good := archived(t, entry{name: "vendor/a", data: "a"})
	z, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	want, err := z.DecodeAll(good, nil)
	if err != nil {
		t.Fatal(err)
	}
	refused := func(what string, data []byte) {
		t.Helper()
		_, err := Unpack(t.Context(), "X", bytes.NewReader(data), t.TempDir(), nil)
		if got, same := z.DecodeAll(data, nil); err == nil && same == nil && bytes.Equal(got, want) {
			return // zeros are as far away as others
		}
		var status interface{ ExitStatus() int }
		if !errors.As(err, &status) || status.ExitStatus() != 3 {
			t.Errorf("%s: %v", what, err)
		}
	}
	for i := range good {
		refused(fmt.Sprintf("%d bytes of %d", i, len(good)), good[:i])
		data := slices.Clone(good)
		data[i] ^= 1 << (i % 8)
		refused(fmt.Sprintf("byte %d of %d flipped", i, len(good)), data)
	}
}

// FuzzParseList has any text for a list: what is read leads nowhere else.
func FuzzParseList(f *testing.F) {
	f.Add([]byte(strings.Repeat("0", 64) + "  velox.lock\n"))
	f.Add([]byte(strings.Repeat("0", 64) + "  ../velox.lock\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		l, err := form.ParseList(data)
		if err != nil {
			return
		}
		for name := range l {
			if !filepath.IsLocal(filepath.FromSlash(name)) {
				t.Errorf("%q leads elsewhere", name)
			}
		}
	})
}

// TestWriteProxy takes from a module cache what a proxy serves, and nothing of
// the times and locks beside it.
func TestWriteProxy(t *testing.T) {
	cache := t.TempDir()
	for name, data := range map[string]string{
		"example.com/!acme/lib/@v/list":                           "v1.0.0\n",
		"example.com/!acme/lib/@v/v1.0.0.info":                    `{"Version":"v1.0.0","Time":"2026-01-01T00:00:00Z","Origin":{"VCS":"git"}}`,
		"example.com/!acme/lib/@v/v1.0.0.mod":                     "module",
		"example.com/!acme/lib/@v/v1.0.0.zip":                     "zip",
		"example.com/!acme/lib/@v/v1.0.0.ziphash":                 "h1:",
		"example.com/!acme/lib/@v/v1.0.0.lock":                    "",
		"example.com/!acme/lib/@v/v1.1.0.mod":                     "module",
		"example.com/!acme/lib/@v/v1.1.0.info":                    "{}",
		"sumdb/sum.golang.org/lookup/x@v/v1.mod":                  "x",
		"golang.org/toolchain/@v/v0.0.1-go1.26.4.linux-amd64.zip": "go",
		"lock.mod": "x",
		"example.com/!acme/lib/@v/v1.0.0-!r!c.1.0.20260101000000-abcdefabcdef.zip": "rc",
		"example.com/!acme/lib/@v/v1.0.0.zip123.tmp":                               "partial",
	} {
		put(t, cache, name, data)
	}
	dst := t.TempDir()
	if err := WriteProxy(t.Context(), cache, dst, ProxyOptions{}); err != nil {
		t.Fatal(err)
	}
	got, err := form.Walk(dst)
	want := []string{
		"example.com/!acme/lib/@v/v1.0.0-!r!c.1.0.20260101000000-abcdefabcdef.info",
		"example.com/!acme/lib/@v/v1.0.0-!r!c.1.0.20260101000000-abcdefabcdef.zip",
		"example.com/!acme/lib/@v/v1.0.0.info",
		"example.com/!acme/lib/@v/v1.0.0.mod",
		"example.com/!acme/lib/@v/v1.0.0.zip",
		"example.com/!acme/lib/@v/v1.1.0.mod",
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%v\n%s\nwant\n%s", err, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	info, err := os.ReadFile(join(dst, want[0]))
	if string(info) != `{"Version":"v1.0.0-RC.1.0.20260101000000-abcdefabcdef"}` {
		t.Errorf("info: %s %v", info, err)
	}
	put(t, cache, "example.com/times/@v/v1.0.0.info", `{"Version":"v9.0.0","Time":"2026-01-01T00:00:00Z","Origin":{"VCS":"git"}}`)
	put(t, cache, "example.com/times/@v/v2.0.0.info", `{"Version":"v2.0.0","Time":"noon"}`)
	for _, v := range []string{"v1.0.0", "v2.0.0"} {
		put(t, cache, "example.com/times/@v/"+v+".zip", "zip")
	}
	with := t.TempDir()
	if err := WriteProxy(t.Context(), cache, filepath.Join(with, ProxyDir), ProxyOptions{Toolchains: true, Times: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(join(with, "proxy/golang.org/toolchain/@v/v0.0.1-go1.26.4.linux-amd64.zip")); err != nil {
		t.Error(err)
	}
	for _, tt := range []struct{ version, want string }{
		{"v1.0.0", `{"Version":"v1.0.0","Time":"2026-01-01T00:00:00Z"}`},
		{"v2.0.0", `{"Version":"v2.0.0"}`},
	} {
		info, err := os.ReadFile(join(with, "proxy/example.com/times/@v/"+tt.version+".info"))
		if string(info) != tt.want {
			t.Errorf("%s: %s %v", tt.version, info, err)
		}
	}
}

// TestProxyURL has directories whose names mean something to GOPROXY.
func TestProxyURL(t *testing.T) {
	if got, want := ProxyURL("/a b/c,d|e/100%"), "file:///a%20b/c%2Cd%7Ce/100%25"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// TestCheckPlace says what may be replaced.
func TestCheckPlace(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "full/file", "x")
	put(t, dir, "text.tar.zst", "text")
	put(t, dir, "good.tar.zst", string(archived(t)))
	put(t, dir, "empty.tar.zst", "")
	if err := os.Mkdir(filepath.Join(dir, "dir.tar.zst"), 0o755); err != nil {
		t.Fatal(err)
	}
	odd := folder(t)
	put(t, odd, "src/main.go", "package main")
	got := map[string]string{}
	for _, place := range []string{"full", "full/file", "text.tar.zst", "good.tar.zst", "empty.tar.zst", "dir.tar.zst", "new", "new.tar.zst", "x.zip", "full/file/below"} {
		if err := CheckPlace(filepath.Join(dir, place)); err != nil {
			got[place] = strings.TrimPrefix(err.Error(), "output "+filepath.Join(dir, place)+": ")
		}
	}
	want := map[string]string{
		"full":            "exists and is not a vendor folder",
		"full/file":       "is a file",
		"text.tar.zst":    "exists and is not a zstd file",
		"dir.tar.zst":     "is a directory",
		"x.zip":           "an archive ends in .tar.zst",
		"full/file/below": "not a directory",
	}
	if runtime.GOOS == "windows" {
		delete(want, "full/file/below") // is found out when it is written
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%v\nwant %v", got, want)
	}
	if CheckPlace(folder(t)) != nil || CheckPlace(odd) == nil {
		t.Error("a vendor folder may be replaced, and one with more in it may not")
	}
}

// TestReplace puts one folder in another's place, also a read-only one's.
func TestReplace(t *testing.T) {
	parent := t.TempDir()
	made, old := filepath.Join(parent, "made"), filepath.Join(parent, "old")
	put(t, made, "new", "new")
	put(t, old, "sub/old", "old")
	if err := os.Chmod(filepath.Join(old, "sub"), 0o555); err != nil {
		t.Fatal(err)
	}
	if err := Replace(made, old); err != nil {
		t.Fatal(err)
	}
	left, err := form.Walk(parent)
	if want := []string{"old/new"}; err != nil || !slices.Equal(left, want) {
		t.Errorf("%v %v", left, err)
	}
}
