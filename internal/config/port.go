package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vxlite/vxlite/internal/near"
)

// Ports are the platforms that Go 1.26 compiles for, as `go tool dist list` has
// them. Asking it takes time, and where that tool has to be compiled first, much
// of it; so it is asked about platforms alone that are not in the list, which a
// newer Go may have.
var Ports = strings.Fields(`
	aix/ppc64 android/386 android/amd64 android/arm android/arm64 darwin/amd64 darwin/arm64 dragonfly/amd64
	freebsd/386 freebsd/amd64 freebsd/arm freebsd/arm64 illumos/amd64 ios/amd64 ios/arm64 js/wasm
	linux/386 linux/amd64 linux/arm linux/arm64 linux/loong64 linux/mips linux/mips64 linux/mips64le linux/mipsle
	linux/ppc64 linux/ppc64le linux/riscv64 linux/s390x netbsd/386 netbsd/amd64 netbsd/arm netbsd/arm64
	openbsd/386 openbsd/amd64 openbsd/arm openbsd/arm64 openbsd/ppc64 openbsd/riscv64 plan9/386 plan9/amd64 plan9/arm
	solaris/amd64 wasip1/wasm windows/386 windows/amd64 windows/arm64`)

// elsewhere are names that other programs have for Go's.
var elsewhere = map[string]string{
	"aarch64": "arm64", "armhf": "arm", "armv6": "arm", "armv7": "arm", "armv8": "arm64", "i386": "386", "i586": "386", "i686": "386",
	"x64": "amd64", "x86": "386", "x8664": "amd64", "macos": "darwin", "osx": "darwin", "win": "windows", "win32": "windows", "win64": "windows",
}

// TargetError is a platform that the go command does not compile for.
type TargetError struct {
	OS, Arch string
	Known    []string // OS/ARCH that there are
}

// Error implements error.
func (e *TargetError) Error() string {
	return fmt.Sprintf("target %s/%s: Go does not compile for it", e.OS, e.Arch)
}

// ExitStatus is that of wrong usage.
func (e *TargetError) ExitStatus() int { return 2 }

// Hints names what may have been meant, else what there is for the system, or
// for the processor.
func (e *TargetError) Hints() []string {
	if meant := e.translated(); slices.Contains(e.Known, meant) {
		return []string{near.Hint(meant)}
	}
	if meant := near.Within(min(2, len(e.OS)/2, len(e.Arch)/2), e.OS+"/"+e.Arch, e.Known); len(meant) > 0 {
		return []string{near.Hint(meant...)}
	}
	var archs, systems []string
	for _, p := range e.Known {
		goos, goarch, _ := strings.Cut(p, "/")
		if goos == e.OS {
			archs = append(archs, goarch)
		}
		if goarch == e.Arch {
			systems = append(systems, goos)
		}
	}
	switch {
	case len(archs) > 0:
		return []string{fmt.Sprintf("for %s there are %s", e.OS, strings.Join(archs, ", "))}
	case len(systems) > 0:
		return []string{fmt.Sprintf("for %s there are %s", e.Arch, strings.Join(systems, ", "))}
	}
	return []string{"go tool dist list prints what there is"}
}

// translated is the platform in Go's names, where others are in use, and
// with the two in Go's order.
func (e *TargetError) translated() string {
	goos, goarch := e.OS, e.Arch
	if name, ok := elsewhere[goos]; ok {
		goos = name
	}
	if name, ok := elsewhere[goarch]; ok {
		goarch = name
	}
	if swapped := goarch + "/" + goos; slices.Contains(e.Known, swapped) {
		return swapped
	}
	return goos + "/" + goarch
}
