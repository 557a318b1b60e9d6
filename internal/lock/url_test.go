package lock

import (
	"runtime"
	"testing"
)

// TestURL keeps secrets, mirrors and directories out of the lock.
func TestURL(t *testing.T) {
	written := map[string]string{"/home/ann/repos/lib.git": "../repos/lib.git"}
	for url, want := range map[string]string{
		"https://github.com/acme/lib":                   "https://github.com/acme/lib",
		"https://s3cret-marker@git.corp/acme/lib.git":   "https://git.corp/acme/lib.git",
		"https://ann:s3cret-marker@git.corp/acme/lib":   "https://git.corp/acme/lib",
		"https://ann:s3cret%20marker@git.corp/acme/lib": "https://git.corp/acme/lib",
		"ssh://git@git.corp/acme/lib.git":               "ssh://git@git.corp/acme/lib.git",
		"ssh://git:s3cret-marker@git.corp:22/acme/lib":  "ssh://git@git.corp:22/acme/lib",
		"git@git.corp:acme/lib.git":                     "git@git.corp:acme/lib.git",
		"/home/ann/repos/lib.git":                       "../repos/lib.git",
		"/home/ann/elsewhere/lib.git":                   "local:lib",
	} {
		if url[0] == '/' && runtime.GOOS == "windows" {
			continue // has no drive, so it is no absolute path there
		}
		if got := URL(url, written); got != want {
			t.Errorf("%s is %s in the lock, want %s", url, got, want)
		}
	}
}
