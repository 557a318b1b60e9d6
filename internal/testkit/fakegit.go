package testkit

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// FakeGit is a PATH with a git that notes what it is asked, in a directory of
// its own, and says what answer holds.
func FakeGit(t testing.TB, answer string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	WriteFile(t, filepath.Join(dir, "answer"), answer)
	script := fmt.Sprintf("#!/bin/sh\ncd '%s'\necho \"$@\" >argv\n/usr/bin/env | /usr/bin/sort >env\n/bin/cat >stdin\n/bin/cat answer\n", dir)
	WriteFile(t, filepath.Join(dir, "git"), script)
	if err := os.Chmod(filepath.Join(dir, "git"), 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}
