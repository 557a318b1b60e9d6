package testkit

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

// Unix words a text as Unix would: with its slashes, and its names for what the
// system refuses. There, it changes nothing.
func Unix(text string) string {
	if runtime.GOOS != "windows" {
		return text
	}
	return strings.NewReplacer(
		syscall.Errno(2).Error(), "no such file or directory", // ERROR_FILE_NOT_FOUND
		syscall.Errno(3).Error(), "no such file or directory", // ERROR_PATH_NOT_FOUND
		syscall.Errno(10061).Error(), "connection refused", // WSAECONNREFUSED
		"connectex: ", "connect: ",
	).Replace(filepath.ToSlash(text))
}

// NeedsUnix skips a test of what only Unix has: modes, scripts as programs, or
// absolute paths without a drive.
func NeedsUnix(t testing.TB, what string) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip(what)
	}
}

// NeedsLinks skips a test where this user may not make symbolic links, as on
// Windows most may not.
func NeedsLinks(t testing.TB) {
	t.Helper()
	if err := os.Symlink("to", filepath.Join(t.TempDir(), "from")); err != nil && runtime.GOOS == "windows" {
		t.Skip(err)
	}
}
