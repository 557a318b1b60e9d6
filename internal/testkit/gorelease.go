package testkit

import (
	"archive/zip"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/mod/module"
	"golang.org/x/mod/sumdb/dirhash"
)

// WriteGoRelease writes a Go release for this platform into a proxy's file tree, all
// files of which are program, and returns its h1 hash. The release is as GOTOOLCHAIN
// names it.
func WriteGoRelease(tree, release string, program []byte) (m module.Version, h1 string, err error) {
	m = module.Version{Path: "golang.org/toolchain", Version: fmt.Sprintf("v0.0.1-%s.%s-%s", release, runtime.GOOS, runtime.GOARCH)}
	base := filepath.Join(tree, "golang.org", "toolchain", "@v", m.Version)
	if err := os.MkdirAll(filepath.Dir(base), 0o755); err != nil {
		return m, "", err
	}
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range []string{"/bin/go", "/bin/gofmt", "/pkg/tool/none", "/lib/none"} { // the go command wants them all
		f, err := w.Create(m.String() + name)
		if err != nil {
			return m, "", err
		}
		if _, err := f.Write(program); err != nil {
			return m, "", err
		}
	}
	if err := w.Close(); err != nil {
		return m, "", err
	}
	for ext, data := range map[string][]byte{
		".zip":  b.Bytes(),
		".mod":  []byte("module golang.org/toolchain\n"),
		".info": fmt.Appendf(nil, "{%q:%q}", "Version", m.Version),
	} {
		if err := os.WriteFile(base+ext, data, 0o644); err != nil {
			return m, "", err
		}
	}
	h1, err = dirhash.HashZip(base+".zip", dirhash.Hash1)
	return m, h1, err
}
