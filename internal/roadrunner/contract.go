package roadrunner

import (
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"strconv"
	"strings"

	"github.com/vxlite/vxlite/internal/disk"
)

// Contract is what the plugins of a release expect of other plugins, as far as
// it has differed between releases.
type Contract struct {
	// LoggerType is what NamedLogger of the logger plugin returns, as Go source;
	// LoggerImport is the import that its package name stands for.
	LoggerType, LoggerImport string
	// Jobs is the import path of the jobs plugin's interfaces; empty where the
	// release has no jobs plugin, and where no driver was asked for.
	Jobs string
	// RPC is the method by which the rpc plugin collects others, as Go source;
	// empty where it was not asked for.
	RPC string
}

// Read adds what the plugin of that name, logger, jobs or rpc, says in the Go files
// of dir.
func (c *Contract) Read(name, dir string) error {
	files, err := goFiles(dir)
	if err != nil {
		return err
	}
	switch name {
	case "logger":
		c.LoggerType, c.LoggerImport = namedLogger(files)
	case "jobs":
		c.Jobs = jobsImport(files)
	case "rpc":
		c.RPC = rpcMethod(files)
	}
	return nil
}

// goFiles parses the Go files of a directory, tests left out, in their order.
func goFiles(dir string) ([]*ast.File, error) {
	names, err := disk.List(dir, "", ".go")
	if err != nil {
		return nil, err
	}
	var out []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	return out, nil
}

// namedLogger finds the method NamedLogger(string), and what it returns.
func namedLogger(files []*ast.File) (typ, importPath string) {
	for _, f := range files {
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Recv == nil || fn.Name.Name != "NamedLogger" || fn.Type.Results.NumFields() != 1 {
				continue
			}
			result := fn.Type.Results.List[0].Type
			expr := result
			if star, ok := expr.(*ast.StarExpr); ok {
				expr = star.X
			}
			sel, ok := expr.(*ast.SelectorExpr)
			if !ok {
				continue
			}
			id, ok := sel.X.(*ast.Ident)
			var b strings.Builder
			if !ok || format.Node(&b, token.NewFileSet(), result) != nil {
				continue
			}
			if p := imports(f)[id.Name]; p != "" {
				return b.String(), p
			}
		}
	}
	return "", ""
}

// rpcMethod finds the method RPC of an interface.
func rpcMethod(files []*ast.File) string {
	found := ""
	for _, f := range files {
		ast.Inspect(f, func(n ast.Node) bool {
			i, ok := n.(*ast.InterfaceType)
			if !ok {
				return true
			}
			for _, m := range i.Methods.List {
				var b strings.Builder
				if len(m.Names) == 1 && m.Names[0].Name == "RPC" && format.Node(&b, token.NewFileSet(), m.Type) == nil {
					found = "RPC" + strings.TrimPrefix(b.String(), "func")
				}
			}
			return true
		})
	}
	return found
}

// jobsImport finds the interfaces that the jobs plugin collects its drivers by.
func jobsImport(files []*ast.File) string {
	for _, f := range files {
		for _, spec := range f.Imports {
			p, err := strconv.Unquote(spec.Path.Value)
			if err == nil && strings.HasPrefix(p, "github.com/roadrunner-server/api") && strings.HasSuffix(p, "/jobs") {
				return p
			}
		}
	}
	return ""
}
