//go:build linux || darwin || freebsd

package pipeline

import "syscall"

// freeSpace is what a disk has left for the user, in bytes.
func freeSpace(dir string) (int64, bool) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return 0, false
	}
	return int64(st.Bavail) * int64(st.Bsize), true
}
