package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

// Only print.go prints, so that all text passes through its functions. The exception is
// the \r that overwrites an echoed ^C.
func TestOnlyPrintPrints(t *testing.T) {
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	files := token.NewFileSet()
	for _, name := range names {
		// manual.go is not in hocker.
		if strings.HasSuffix(name, "_test.go") || name == "manual.go" {
			continue
		}
		file, err := parser.ParseFile(files, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || name == "print.go" || !isPrint(call) {
				return true
			}
			if text, ok := call.Args[len(call.Args)-1].(*ast.BasicLit); !ok || text.Value != `"\r"` {
				t.Errorf("%s prints past print.go", files.Position(call.Pos()))
			}
			return true
		})
	}
}

// isPrint reports whether a call is one of fmt.Print and the like, or io.WriteString.
func isPrint(call *ast.CallExpr) bool {
	function, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	of, ok := function.X.(*ast.Ident)
	name := function.Sel.Name
	return ok && (of.Name == "fmt" && (strings.HasPrefix(name, "Print") || strings.HasPrefix(name, "Fprint")) ||
		of.Name == "io" && name == "WriteString")
}
