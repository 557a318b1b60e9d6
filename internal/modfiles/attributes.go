package modfiles

import (
	"context"
	"errors"
	"path"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/vxlite/vxlite/internal/gitattr"
	"github.com/vxlite/vxlite/internal/gitpack"
	"github.com/vxlite/vxlite/internal/limit"
)

// noteAttributes remembers the .gitattributes file of a directory.
func (m *Module) noteAttributes(dir string, tree *object.Tree) {
	if e := entry(tree, gitattr.FileName); e != nil && isRegular(e.Mode) {
		m.attributeFiles = append(m.attributeFiles, attributeFile{dir, e.Hash})
	}
}

// attributeFile is a .gitattributes file, not read yet.
type attributeFile struct {
	dir  string
	hash plumbing.Hash
}

// readAttributes reads the files that were noted, from the root downwards.
func (m *Module) readAttributes() (*gitattr.Attributes, error) {
	a := gitattr.New()
	total := int64(0)
	for _, f := range m.attributeFiles {
		obj, err := m.object(plumbing.BlobObject, f.hash)
		if m.Partial && errors.Is(err, plumbing.ErrObjectNotFound) {
			continue // vendored when nobody asked for those above a module's folder
		}
		if err != nil {
			return nil, err
		}
		if total += obj.Size(); total > m.Limits.Attributes {
			return nil, limit.Bytes("its "+gitattr.FileName+" files have more than", "attributes", m.Limits.Attributes)
		}
		data, err := gitpack.Content(obj)
		if err != nil {
			return nil, err
		}
		a.Parse(f.dir, string(data))
	}
	return a, nil
}

// attribute decides which files of the folder are converted.
func (m *Module) attribute(ctx context.Context, folder string, files []*blobFile) error {
	if len(m.attributeFiles) == 0 {
		return nil
	}
	a, err := m.readAttributes()
	if err != nil || !a.Matter() {
		return err
	}
	for _, f := range files {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		f.convert = a.Conversion(path.Join(folder, f.path))
	}
	return nil
}
