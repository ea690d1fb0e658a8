package fetcher_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// circular lists packages whose files are split only for readability.
var circular = []string{"fetcher/internal/inflate"}

// No two files of a package use each other, directly or through other files.
func TestFilesHaveNoCircle(t *testing.T) {
	for name := range rooms {
		if slices.Contains(circular, name) {
			continue
		}
		uses := fileUses(t, filepath.Join("..", filepath.FromSlash(name)))
		for file := range uses {
			if path := uses.path(file, file); path != nil {
				t.Errorf("%s: files depend on each other: %s", name, strings.Join(path, " uses "))
			}
		}
	}
}

// fileGraph maps each file of a package to the files whose definitions it uses.
type fileGraph map[string]map[string]bool

// path returns a path of at least one step from one file to another, or nil.
func (g fileGraph) path(from, to string) []string {
	seen := map[string]bool{}
	var walk func(at string) []string
	walk = func(at string) []string {
		for next := range g[at] {
			if next == to {
				return []string{at, to}
			}
			if seen[next] {
				continue
			}
			seen[next] = true
			if rest := walk(next); rest != nil {
				return append([]string{at}, rest...)
			}
		}
		return nil
	}
	return walk(from)
}

// fileUses reads a package without its imports: only its own definitions count.
func fileUses(t *testing.T, dir string) fileGraph {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	fset := token.NewFileSet()
	var files []*ast.File
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(fset, path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	info := &types.Info{Uses: map[*ast.Ident]types.Object{}}
	config := types.Config{Error: func(error) {}} // imports are not found
	pkg, _ := config.Check(dir, fset, files, info)
	base := func(pos token.Pos) string { return filepath.Base(fset.Position(pos).Filename) }
	uses := fileGraph{}
	for id, object := range info.Uses {
		from, to := base(id.Pos()), base(object.Pos())
		if object.Pkg() != pkg || !isDefinition(object) || from == to {
			continue
		}
		if uses[from] == nil {
			uses[from] = map[string]bool{}
		}
		uses[from][to] = true
	}
	return uses
}

// isDefinition reports whether an object is defined at the top of its package, or
// is a method: fields go with their types.
func isDefinition(object types.Object) bool {
	switch o := object.(type) {
	case *types.PkgName:
		return false
	case *types.Func:
		return true
	default:
		return o.Parent() == o.Pkg().Scope()
	}
}
