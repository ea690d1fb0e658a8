package commands

import (
	"maps"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// builtins are the built-in commands of shells.
const builtins = " . : [ alias bg bind break builtin case cd command continue declare dirs disown echo eval exec exit export " +
	"false fg getopts hash help history jobs kill let local mapfile popd printf pushd pwd read readarray readonly " +
	"return set shift shopt source test times trap true type typeset ulimit umask unalias unset wait "

// inShell finds the commands that a shell script starts, also in the scripts within it:
// arguments of trap and of `run`, a function of demo.sh, and here-documents that begin
// like a script. functions are functions that the script may call without declaring
// them.
func inShell(text string, functions map[string]bool) ([]start, error) {
	file, err := syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(strings.NewReader(text), "")
	if err != nil {
		return nil, err
	}
	functions = maps.Clone(functions)
	if functions == nil {
		functions = map[string]bool{}
	}
	syntax.Walk(file, func(node syntax.Node) bool {
		if function, ok := node.(*syntax.FuncDecl); ok {
			functions[function.Name.Value] = true
		}
		return true
	})
	var found []start
	nested := func(text string, line int) {
		inner, innerErr := inShell(text, functions)
		for _, s := range inner {
			found = append(found, start{s.command, line + s.line - 1})
		}
		if err == nil {
			err = innerErr
		}
	}
	syntax.Walk(file, func(node syntax.Node) bool {
		switch node := node.(type) {
		case *syntax.Redirect:
			if node.Hdoc == nil {
				break
			}
			if body := static(node.Hdoc); strings.HasPrefix(strings.TrimSpace(body), "#!/") {
				nested(body, int(node.Hdoc.Pos().Line()))
			}
		case *syntax.CallExpr:
			line := int(node.Pos().Line())
			args := words(node.Args)
			switch {
			case len(args) == 0:
			case args[0] == "run" || args[0] == "trap":
				if len(args) > 1 {
					nested(args[1], line)
				}
			case functions[args[0]]:
				// A function may start the commands in its arguments.
				for _, arg := range args[1:] {
					if known(arg) {
						found = append(found, start{arg, line})
					}
				}
			default:
				inner, innerErr := inArguments(args, line)
				for _, s := range inner {
					if !functions[s.command] && !strings.Contains(builtins, " "+s.command+" ") {
						found = append(found, s)
					}
				}
				if err == nil {
					err = innerErr
				}
			}
		}
		return true
	})
	return found, err
}

// words returns the words of a command. A word that depends on an expansion is "".
func words(args []*syntax.Word) []string {
	var texts []string
	for _, arg := range args {
		texts = append(texts, static(arg))
	}
	return texts
}

// static returns the text of a word, with $x for each expansion. A word that is only an
// expansion is "".
func static(word *syntax.Word) string {
	var text strings.Builder
	literal := false
	for _, part := range word.Parts {
		literal = write(&text, part) || literal
	}
	if !literal {
		return ""
	}
	return text.String()
}

// write adds a part of a word to its text, and reports whether the part has literal text.
func write(text *strings.Builder, part syntax.WordPart) bool {
	switch part := part.(type) {
	case *syntax.Lit:
		text.WriteString(part.Value)
		return true
	case *syntax.SglQuoted:
		text.WriteString(part.Value)
		return true
	case *syntax.DblQuoted:
		literal := false
		for _, inner := range part.Parts {
			if lit, ok := inner.(*syntax.Lit); ok {
				text.WriteString(strings.NewReplacer(`\$`, `$`, `\"`, `"`, "\\`", "`", `\\`, `\`).Replace(lit.Value))
				literal = true
			} else {
				literal = write(text, inner) || literal
			}
		}
		return literal
	default:
		text.WriteString("$x")
		return false
	}
}
