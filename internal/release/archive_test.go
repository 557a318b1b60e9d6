package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

var at = time.Date(2026, 3, 4, 5, 6, 8, 0, time.UTC)

// made writes the files of an archive with modes and times of their own.
func made(t *testing.T, mode os.FileMode, when time.Time) []file {
	t.Helper()
	dir := t.TempDir()
	files := []file{{name: "vxlite", program: true}, {name: "LICENSE"}}
	for i := range files {
		f := &files[i]
		f.path = filepath.Join(dir, f.name)
		err := errors.Join(os.WriteFile(f.path, []byte("of "+f.name), mode), os.Chmod(f.path, mode), os.Chtimes(f.path, when, when))
		if err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// TestSameBytes packs the same contents twice, from files of other modes and
// times.
func TestSameBytes(t *testing.T) {
	for name, pack := range map[string]func(string, []file, time.Time) ([]byte, error){"tar": tarred, "zip": zipped} {
		one, err := pack("v", made(t, 0o600, at), at)
		if err != nil {
			t.Fatal(err)
		}
		two, err := pack("v", made(t, 0o777, at.Add(time.Hour)), at)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(one, two) {
			t.Errorf("%s: the bytes differ", name)
		}
	}
}

func TestTarred(t *testing.T) {
	data, err := tarred("v", made(t, 0o600, at), at)
	if err != nil {
		t.Fatal(err)
	}
	gz, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for tr := tar.NewReader(gz); ; {
		h, err := tr.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(tr)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%s %o %s %q", h.Name, h.Mode, h.ModTime.UTC().Format(time.RFC3339), body))
	}
	checkEntries(t, got)
}

func TestZipped(t *testing.T) {
	data, err := zipped("v", made(t, 0o600, at), at)
	if err != nil {
		t.Fatal(err)
	}
	zr, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range zr.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%s %o %s %q", f.Name, f.Mode(), f.Modified.UTC().Format(time.RFC3339), body))
	}
	checkEntries(t, got)
}

func checkEntries(t *testing.T, got []string) {
	t.Helper()
	want := []string{`v/vxlite 755 2026-03-04T05:06:08Z "of vxlite"`, `v/LICENSE 644 2026-03-04T05:06:08Z "of LICENSE"`}
	if !slices.Equal(got, want) {
		t.Errorf("%q, not %q", got, want)
	}
}
