package gotool

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
)

// Kind names what decides which files of a package take part in a build, and
// how they are compiled: builds of one kind and of the same sources compile the
// same.
func (t *Tool) Kind(c Compile) (string, error) {
	flags, err := c.shared()
	if err != nil {
		return "", err
	}
	cgo := "CGO_ENABLED=0"
	if c.CGO || c.Race {
		cgo = "CGO_ENABLED=1"
	}
	return fmt.Sprintf("%s %s %s %q", t.Version(), strings.TrimSpace(c.OS+"/"+c.Arch+" "+c.Setting), cgo, slices.Concat(flags, c.gcflags())), nil
}

// Sources lists the files below the directory root that ./app in the workspace
// at dir is compiled from, absolute. C files may include any other of their
// module, so a module with cgo is listed whole, but for its tests.
func (t *Tool) Sources(ctx context.Context, dir string, c Compile, root string) ([]string, error) {
	out, err := t.list(ctx, dir, c, "which files take part", "-json=Dir,Module,GoFiles,CgoFiles,CFiles,CXXFiles,MFiles,HFiles,FFiles,SFiles,SwigFiles,SwigCXXFiles,SysoFiles,EmbedFiles")
	if err != nil {
		return nil, err
	}
	var files []string
	whole := map[string]bool{}
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct {
			Dir                                                        string
			Module                                                     *struct{ Dir string }
			GoFiles, CgoFiles, CFiles, CXXFiles, MFiles                []string
			HFiles, FFiles, SFiles, SwigFiles, SwigCXXFiles, SysoFiles []string
			EmbedFiles                                                 []string
		}
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return files, nil
		} else if err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		if !strings.HasPrefix(p.Dir, root+string(filepath.Separator)) {
			continue
		}
		for _, name := range slices.Concat(p.GoFiles, p.CgoFiles, p.CFiles, p.CXXFiles, p.MFiles, p.HFiles, p.FFiles, p.SFiles,
			p.SwigFiles, p.SwigCXXFiles, p.SysoFiles, p.EmbedFiles) {
			files = append(files, filepath.Join(p.Dir, name))
		}
		if len(p.CgoFiles) > 0 && p.Module != nil && !whole[p.Module.Dir] {
			whole[p.Module.Dir] = true
			all, err := withoutTests(p.Module.Dir)
			if err != nil {
				return nil, err
			}
			files = append(files, all...)
		}
	}
}

// withoutTests lists the regular files below a module's directory that are of
// no test.
func withoutTests(dir string) ([]string, error) {
	var files []string
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && d.Name() == "testdata":
			return fs.SkipDir
		case d.Type().IsRegular() && !strings.HasSuffix(p, "_test.go"):
			files = append(files, p)
		}
		return nil
	})
	return files, err
}
