package gotool

import (
	"context"
	"strings"
)

// Import is a package with those that it imports.
type Import struct {
	Package
	// Imports are their paths, as they are linked.
	Imports []string
}

// Imports lists all that ./app in the workspace at dir needs, dependencies first;
// ./app is the last.
func (t *Tool) Imports(ctx context.Context, dir string, c Compile) ([]Import, error) {
	const separator = "|" // no path has one
	out, err := t.list(ctx, dir, c, "which packages import which", "-f", packageLine+" "+separator+"{{range .Imports}} {{or (index $.ImportMap .) .}}{{end}}")
	if err != nil {
		return nil, err
	}
	var all []Import
	for line := range strings.Lines(string(out)) {
		pkg, imports, _ := strings.Cut(line, separator)
		all = append(all, Import{Package: readPackage(pkg), Imports: strings.Fields(imports)})
	}
	return all, nil
}
