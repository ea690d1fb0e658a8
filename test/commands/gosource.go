package commands

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
)

// starters are the functions that start a command or look for one, with the index of
// the argument that names it, or -1 if any argument may be one. ofExec has the functions
// of os/exec.
var starters = map[string]int{
	"LookPath":         0,
	"lookPath":         0,
	"startProcess":     2,
	"startProcessWith": 3,
	"output":           0,
	"run":              0,
	"command":          -1,
	"newer":            2,
	"need":             -1,
	"Missing":          -1,
	"Require":          -1,
}

// ofExec are the functions of os/exec.
var ofExec = map[string]int{"Command": 0, "CommandContext": 1, "LookPath": 0}

// passers are the functions that start commands whose names are not literals: an
// argument, or a program that was built here. starters has those with an argument.
var passers = []string{
	"LookPath", "TestRoots", "TestServiceEndsWithParent", "TestStringByNix", "TestWriteProgram", "Version", "buildErofs", "cell", "command", "imagesInOneBuild", "libraries", "loadImage", "lookPath", "main", "makeDatabase",
	"newDemo", "ping", "pinned", "program",
	"run", "runHocker", "runPeak", "startLink", "startProcessWith", "startWriter", "writeHtpasswd",
}

// inGo finds the commands that a Go file starts by name.
func inGo(path string, content []byte) ([]start, error) {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, path, content, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	var found []start
	for _, declaration := range file.Decls {
		within := ""
		if function, ok := declaration.(*ast.FuncDecl); ok {
			within = function.Name.Name
		}
		ast.Inspect(declaration, func(node ast.Node) bool {
			line := func() int { return files.Position(node.Pos()).Line }
			var inner []start
			var innerErr error
			switch node := node.(type) {
			case *ast.CallExpr:
				inner, innerErr = inCall(node, within, line())
			case *ast.CompositeLit:
				if args := literals(node.Elts); isStrings(node.Type) && len(args) > 0 && known(args[0]) {
					inner, innerErr = inArguments(args, line())
				}
			}
			found = append(found, inner...)
			if err == nil {
				err = innerErr
			}
			return true
		})
	}
	return found, err
}

// inCall finds the commands of one call in the function within. A call of os/exec
// without a literal is an error, so that no starter is forgotten.
func inCall(call *ast.CallExpr, within string, line int) ([]start, error) {
	name, ofPackage := called(call)
	args := literals(call.Args)
	if position, ok := ofExec[name]; ok && ofPackage == "exec" {
		if args[position] == "" && !slices.Contains(passers, within) {
			return nil, fmt.Errorf("line %d: %s starts a command that is not a literal: see passers in test/commands/gosource.go", line, within)
		}
		return inArguments(args[position:], line)
	}
	position, ok := starters[name]
	if !ok {
		return nil, nil
	}
	var found []start
	for i, arg := range args {
		if !known(arg) || position >= 0 && position != i {
			continue
		}
		inner, err := inArguments(args[i:], line)
		if err != nil {
			return nil, err
		}
		found = append(found, inner...)
	}
	return found, nil
}

// called returns the name of the called function and what precedes the dot.
func called(call *ast.CallExpr) (name, of string) {
	switch function := call.Fun.(type) {
	case *ast.Ident:
		return function.Name, ""
	case *ast.SelectorExpr:
		if x, ok := function.X.(*ast.Ident); ok {
			of = x.Name
		}
		return function.Sel.Name, of
	}
	return "", ""
}

// isStrings reports whether a type is []string.
func isStrings(expression ast.Expr) bool {
	array, ok := expression.(*ast.ArrayType)
	if !ok {
		return false
	}
	element, ok := array.Elt.(*ast.Ident)
	return ok && element.Name == "string"
}

// literals returns the values of string literals, and "" for other expressions.
func literals(expressions []ast.Expr) []string {
	texts := make([]string, len(expressions))
	for i, expression := range expressions {
		if literal, ok := expression.(*ast.BasicLit); ok && literal.Kind == token.STRING {
			texts[i], _ = strconv.Unquote(literal.Value)
		}
	}
	return texts
}
