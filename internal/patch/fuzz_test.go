package patch

import (
	"path"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/module"

	"github.com/vxlite/vxlite/internal/config"
)

// FuzzApply reads any patch and applies it: whatever it says, what it makes are
// files of some size, below the tree, under names that a module may have.
func FuzzApply(f *testing.F) {
	const mail = "From 0123456789012345678901234567890123456789 Mon Sep 17 00:00:00 2001\nFrom: A <a@b>\nDate: Mon, 2 Mar 2026 10:00:00 +0100\nSubject: [PATCH] Ten\n\nBody\n---\n"
	f.Add(mail + "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n-1\n+one\n 2\n-- \n2.43.0\n\n" + mail + "--- a/d/y\n+++ b/d/y\n@@ -1 +1,2 @@\n y\n\\ No newline at end of file\n+z\n")
	f.Add("diff --git a/x b/d/z\nold mode 100644\nnew mode 100755\nsimilarity index 90%\nrename from x\nrename to d/z\n--- a/x\n+++ b/d/z\n@@ -10 +10 @@\n-10\n+11\n")
	f.Add("diff --git a/n/m b/n/m\nnew file mode 100644\n--- /dev/null\n+++ b/n/m\n@@ -0,0 +1 @@\n+n\ndiff --git a/d/y b/d/y\ndeleted file mode 100644\n--- a/d/y\n+++ /dev/null\n@@ -1 +0,0 @@\n-y\n\\ No newline at end of file\n")
	f.Add(binaryPatch)
	f.Add("--- a/l/x\n+++ b/../x\r\n@@ -1 +1 @@\r\n-1\r\n+2\r\n")
	tree := files{"x": ten, "d/y": "y", "b": "\x00\x01\x02", "l@": "/etc"}
	limits := config.Limits{Patch: 1 << 16, Object: 1 << 12, Files: 50, Depth: 5}
	f.Fuzz(func(t *testing.T, data string) {
		s := &Series{Files: []config.Patch{{Name: "p.patch", Data: []byte(data)}}}
		steps, err := s.Apply(tree, limits)
		if err != nil {
			if err.Error() == "" || strings.Count(err.Error(), "\n") > 20 {
				t.Errorf("%q", err)
			}
			return
		}
		for _, step := range steps {
			for name, file := range step.Changes {
				was, _ := tree.File(name)
				if path.Clean(name) != name || !filepath.IsLocal(name) || strings.Contains(strings.ToLower(name), ".git/") || was == nil && file != nil && module.CheckFilePath(name) != nil {
					t.Errorf("a file %q", name)
				}
				if file != nil && (file.Kind > Executable || int64(len(file.Data)) > limits.Object || strings.HasPrefix(name, "l/")) {
					t.Errorf("%s is a %v of %d bytes", name, file.Kind, len(file.Data))
				}
			}
		}
	})
}
