package run

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"github.com/vxlite/vxlite/internal/event"
)

// Running reports whether the process pid runs the program file, an absolute
// name. pathList is where ps is looked for, where the system shows nothing
// itself; on Windows, where what was started ends with who started it, the
// answer is always no.
func Running(ctx context.Context, sink event.Sink, pid int, file, pathList string) bool {
	if pid <= 0 {
		return false
	}
	switch runtime.GOOS {
	case "linux":
		exe, err := os.Readlink(filepath.Join("/proc", strconv.Itoa(pid), "exe"))
		return err == nil && strings.TrimSuffix(exe, " (deleted)") == resolved(file)
	case "windows":
		return false
	}
	ps := LookPath("ps", pathList)
	if ps == "" {
		return false
	}
	out, err := Run(ctx, sink, Cmd{Path: ps, Args: []string{"-p", strconv.Itoa(pid), "-o", "args="}, Timeout: defaultGrace, Why: "whether a server runs"})
	return err == nil && strings.HasPrefix(string(out), file)
}

// resolved follows the links to a file that need not be there any more.
func resolved(file string) string {
	dir, err := filepath.EvalSymlinks(filepath.Dir(file))
	if err != nil {
		return file
	}
	return filepath.Join(dir, filepath.Base(file))
}
