// Release compiles vxlite for every platform that it supports and packs each
// binary into an archive, with the schema of velox.toml and a list of all checksums
// beside them:
//
//	go run ./internal/release DIR
//
// The same commit and the same Go give the same bytes, wherever and whenever
// that is done: nothing in an archive is of the machine, the user or the time
// of day. Times are those of the commit, or SOURCE_DATE_EPOCH.
package main

import (
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vxlite/vxlite/internal/schema"
)

// platforms are those of a release.
var platforms = []string{"darwin/amd64", "darwin/arm64", "linux/amd64", "linux/arm64", "windows/amd64", "windows/arm64"}

// documents go into each archive: the README, and what it and its pages link
// to.
func documents(root string) ([]string, error) {
	pages, err := fs.Glob(os.DirFS(root), "docs/*")
	return append([]string{"CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "README.md"}, pages...), err
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: release DIR")
		os.Exit(2)
	}
	if err := release(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

// release makes all archives and then their list, SHA256SUMS.
func release(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	tmp, err := os.MkdirTemp("", "release")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	text, err := schema.JSON()
	if err != nil {
		return err
	}
	var lines []string
	add := func(name string, data []byte) error {
		sum := sha256.Sum256(data)
		lines = append(lines, hex.EncodeToString(sum[:])+"  "+name+"\n")
		return os.WriteFile(filepath.Join(dir, name), data, 0o644)
	}
	// Beside the archives for the line in a config that names it, and in each.
	if err := errors.Join(add(schema.File, text), os.WriteFile(filepath.Join(tmp, schema.File), text, 0o644)); err != nil {
		return err
	}
	for _, p := range platforms {
		goos, goarch, _ := strings.Cut(p, "/")
		name, data, err := platform(tmp, goos, goarch)
		if err != nil {
			return fmt.Errorf("%s: %w", p, err)
		}
		if err := add(name, data); err != nil {
			return err
		}
	}
	slices.SortFunc(lines, func(a, b string) int { return strings.Compare(a[sha256.Size*2:], b[sha256.Size*2:]) })
	list := strings.Join(lines, "")
	fmt.Print(list)
	return os.WriteFile(filepath.Join(dir, "SHA256SUMS"), []byte(list), 0o644)
}

// platform compiles vxlite and returns its archive with the archive's name.
func platform(tmp, goos, goarch string) (name string, data []byte, err error) {
	binary := "vxlite"
	if goos == "windows" {
		binary += ".exe"
	}
	out := filepath.Join(tmp, goos+"-"+goarch, binary)
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=auto", "-ldflags=-s", "-o", out, "./cmd/vxlite")
	cmd.Env = append(os.Environ(), "GOOS="+goos, "GOARCH="+goarch, "CGO_ENABLED=0", "GOAMD64=v1", "GOARM64=v8.0", "GOEXPERIMENT=")
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		return "", nil, err
	}
	version, at, err := stamped(out)
	if err != nil {
		return "", nil, err
	}
	base := "vxlite_" + version + "_" + goos + "_" + goarch
	docs, err := documents(".")
	if err != nil {
		return "", nil, err
	}
	files := contents(tmp, file{name: binary, path: out, program: true}, docs)
	if goos == "windows" {
		data, err = zipped(base, files, at)
		return base + ".zip", data, err
	}
	data, err = tarred(base, files, at)
	return base + ".tar.gz", data, err
}

// contents are an archive's files: the program, the schema that lies in tmp, and
// the documents.
func contents(tmp string, program file, documents []string) []file {
	files := []file{program, {name: schema.File, path: filepath.Join(tmp, schema.File)}}
	for _, d := range documents {
		files = append(files, file{name: d, path: d})
	}
	return files
}

// stamped reads a binary's version and the time of its commit, which is
// SOURCE_DATE_EPOCH where that is set.
func stamped(binary string) (version string, at time.Time, err error) {
	info, err := buildinfo.ReadFile(binary)
	if err != nil {
		return "", at, err
	}
	version = strings.Trim(info.Main.Version, "()")
	at = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC) // the first that a zip can have
	for _, s := range info.Settings {
		if s.Key == "vcs.time" {
			if at, err = time.Parse(time.RFC3339, s.Value); err != nil {
				return "", at, err
			}
		}
	}
	if epoch := os.Getenv("SOURCE_DATE_EPOCH"); epoch != "" {
		sec, err := strconv.ParseInt(epoch, 10, 64)
		if err != nil {
			return "", at, fmt.Errorf("SOURCE_DATE_EPOCH is %q, not a number of seconds", epoch)
		}
		at = time.Unix(sec, 0)
	}
	return version, at.UTC(), nil
}
