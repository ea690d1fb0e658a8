package nix

import (
	"fmt"
	"strings"
)

// ExpressionError is a file that docker2nix has not written as it is.
type ExpressionError struct {
	Line   int
	Reason string
}

func (e *ExpressionError) Error() string {
	return fmt.Sprintf("not an expression of docker2nix: line %d: %s", e.Line, e.Reason)
}

// token is a word, a mark or a string of an expression.
type token struct {
	line     int
	text     string // of a string: its value
	isString bool
}

func (t token) String() string {
	switch {
	case t.isString:
		return fmt.Sprintf("the string %.60q", t.text)
	case t.text == "":
		return "the end"
	}
	return fmt.Sprintf("%.60q", t.text)
}

// lexer takes an expression apart, as far as docker2nix uses the language.
// https://nix.dev/manual/nix/2.34/language/syntax
type lexer struct {
	rest string
	line int
}

// lex returns the tokens of an expression, with one without text for the end:
// on an error those before it.
func lex(text string) ([]token, error) {
	l := &lexer{rest: text, line: 1}
	var tokens []token
	for {
		l.blank()
		if l.rest == "" {
			return append(tokens, token{line: l.line}), nil
		}
		t, err := l.next()
		if err != nil {
			return append(tokens, token{line: l.line}), err
		}
		tokens = append(tokens, t)
	}
}

// blank skips white space and comments.
func (l *lexer) blank() {
	for {
		trimmed := strings.TrimLeft(l.rest, " \t\r\n")
		if strings.HasPrefix(trimmed, "#") {
			_, after, _ := strings.Cut(trimmed, "\n")
			trimmed = trimmed[len(trimmed)-len(after):]
		}
		if len(trimmed) == len(l.rest) {
			return
		}
		l.skip(len(l.rest) - len(trimmed))
	}
}

func (l *lexer) skip(n int) {
	l.line += strings.Count(l.rest[:n], "\n")
	l.rest = l.rest[n:]
}

func (l *lexer) next() (token, error) {
	if l.rest[0] == '"' {
		return l.stringLiteral()
	}
	n := strings.IndexFunc(l.rest, func(r rune) bool { return !isWordRune(r) })
	if n < 0 {
		n = len(l.rest)
	}
	if n == 0 && strings.ContainsRune("{}[]=:;,", rune(l.rest[0])) {
		n = 1
	}
	if n == 0 {
		return token{}, &ExpressionError{l.line, fmt.Sprintf("%q is nothing that docker2nix writes", []rune(l.rest)[0])}
	}
	t := token{line: l.line, text: l.rest[:n]}
	l.skip(n)
	return t, nil
}

func isWordRune(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '_' || r == '-'
}

// stringLiteral undoes what [String] does.
func (l *lexer) stringLiteral() (token, error) {
	var value strings.Builder
	for i := 1; i < len(l.rest); i++ {
		c := l.rest[i]
		switch {
		case c == '"':
			t := token{line: l.line, text: value.String(), isString: true}
			l.skip(i + 1)
			return t, nil
		case c == '$' && strings.HasPrefix(l.rest[i:], "${"):
			return token{}, &ExpressionError{l.line, "a string has an ${antiquotation}"}
		case c == '\\' && i+1 < len(l.rest):
			i++
			value.WriteByte(escaped(l.rest[i]))
		default:
			value.WriteByte(c)
		}
	}
	return token{}, &ExpressionError{l.line, "a string has no end"}
}

// escaped is what a character after a backslash stands for.
func escaped(c byte) byte {
	switch c {
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	}
	return c
}
