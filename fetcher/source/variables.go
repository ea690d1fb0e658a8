package source

import (
	"errors"
	"fmt"
	"strings"

	"hocker/fetcher/bytecount"
)

// maxExpanded limits a text with its variables replaced, since variables can name
// others: a reference has at most a few hundred bytes.
const maxExpanded = 64 << 10

// maxTogether limits the texts of a project or a Dockerfile together: each variable can
// hold what one has.
const maxTogether = 4 << 20

// maxNested limits variables in the defaults of others.
const maxNested = 32

// variables replaces variables in a text as a shell does, in the way that compose files
// and Dockerfiles share: $NAME, ${NAME}, and ${NAME:-default} with the operators :- - :?
// ? :+ and +.
type variables struct {
	lookup func(name string) (string, bool)
	// escape is what makes the $ after it an ordinary one.
	escape byte
	// unset collects the variables that had no value and no default.
	unset []string
	// together is how long the texts with variables are together, in bytes. It is shared.
	together *int
}

// expand replaces the variables in text. A variable without a value counts as empty. Errors
// do not quote the text, which may be a secret in an .env file.
func (v *variables) expand(text string) (string, error) {
	if !strings.Contains(text, "$") {
		return text, nil
	}
	expanded, err := v.nested(text, 0)
	if *v.together += len(expanded); err == nil && *v.together > maxTogether {
		err = fmt.Errorf("the variables make all texts longer than %s together", bytecount.Format(maxTogether))
	}
	return expanded, err
}

func (v *variables) nested(text string, depth int) (string, error) {
	if depth > maxNested {
		return "", errors.New("variables are nested too deeply")
	}
	var b strings.Builder
	for len(text) > 0 {
		dollar := strings.IndexByte(text, '$')
		switch {
		case dollar < 0:
			dollar = len(text)
		case v.escape == '$' && strings.HasPrefix(text[dollar:], "$$"):
			b.WriteString(text[:dollar+1])
			text = text[dollar+2:]
			continue
		case v.escape != '$' && dollar > 0 && text[dollar-1] == v.escape:
			b.WriteString(text[:dollar-1] + "$")
			text = text[dollar+1:]
			continue
		}
		b.WriteString(text[:dollar])
		if text = text[dollar:]; text == "" {
			break
		}
		value, rest, err := v.variable(text[1:], depth)
		if err != nil {
			return "", err
		}
		b.WriteString(value)
		if text = rest; b.Len() > maxExpanded {
			return "", errors.New("the variables make it too long")
		}
	}
	return b.String(), nil
}

// variable returns the value of the variable at the start of text, after the $, and the
// text that follows.
func (v *variables) variable(text string, depth int) (value, rest string, err error) {
	if !strings.HasPrefix(text, "{") {
		name := text[:nameLength(text)]
		if name == "" {
			return "$", text, nil // as in many a password
		}
		return v.value(name), text[len(name):], nil
	}
	inside, rest, ok := cutBrace(text[1:])
	if !ok {
		return "", "", errors.New("a ${ has no closing brace")
	}
	name := inside[:nameLength(inside)]
	if name == "" {
		return "", "", errors.New("no variable follows a ${")
	}
	value, err = v.operate(name, inside[len(name):], depth)
	return value, rest, err
}

// operate returns the value of ${NAMEoperation}.
func (v *variables) operate(name, operation string, depth int) (string, error) {
	if operation == "" {
		return v.value(name), nil
	}
	value, set := v.lookup(name)
	after, colon := strings.CutPrefix(operation, ":")
	if colon {
		set = set && value != ""
	}
	if after == "" {
		after = " " // no operator
	}
	word := after[1:]
	switch after[0] {
	case '-':
		if set {
			return value, nil
		}
		return v.nested(word, depth+1)
	case '+':
		if !set {
			return "", nil
		}
		return v.nested(word, depth+1)
	case '?':
		if set {
			return value, nil
		}
		if word == "" {
			word = "it must be set"
		}
		return "", fmt.Errorf("variable %s: %.200s", name, word)
	}
	return "", &operatorError{name}
}

// operatorError reports an operator that is not understood, as in ${NAME%.*}.
type operatorError struct{ variable string }

func (e *operatorError) Error() string {
	return fmt.Sprintf("what follows ${%s is none of the operators :- - :? ? :+ +", e.variable)
}

func (v *variables) value(name string) string {
	value, set := v.lookup(name)
	if !set {
		v.unset = append(v.unset, name)
	}
	return value
}

// nameLength returns the length of the variable's name at the start of s.
func nameLength(s string) int {
	for i := range len(s) {
		c := s[i]
		if c != '_' && (c|0x20 < 'a' || 'z' < c|0x20) && (i == 0 || c < '0' || '9' < c) {
			return i
		}
	}
	return len(s)
}

// cutBrace splits s at the brace that closes it. Variables inside have their own.
func cutBrace(s string) (inside, rest string, ok bool) {
	open := 1
	for i := range len(s) {
		switch {
		case s[i] == '{' && i > 0 && s[i-1] == '$':
			open++
		case s[i] == '}':
			open--
		}
		if open == 0 {
			return s[:i], s[i+1:], true
		}
	}
	return "", "", false
}
