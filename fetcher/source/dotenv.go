package source

import (
	"regexp"
	"strings"
)

// parseEnv reads the variables of an .env file, as docker compose does: NAME=value or
// NAME: value, with export before it or not, and with quotes or not. Values may name
// variables: those of lookup, and those above.
func parseEnv(file, text string, lookup func(string) (string, bool), together *int) (map[string]string, error) {
	values := map[string]string{}
	v := variables{escape: '$', together: together, lookup: func(name string) (string, bool) {
		if value, ok := lookup(name); ok {
			return value, true
		}
		value, ok := values[name]
		return value, ok
	}}
	for line := 1; text != ""; {
		at := place{file: file, line: line}
		var name, value string
		var quote byte
		before := len(text)
		full := text
		name, value, quote, text = cutAssignment(text)
		line += strings.Count(full[:before-len(text)], "\n")
		switch {
		case name == "":
			continue
		case quote == '\'':
			values[name] = value
			continue
		case quote == unclosed:
			return nil, at.errorf("the value of %.100s has no closing quote", name)
		}
		expanded, err := v.expand(value)
		if err != nil {
			return nil, at.errorf("%.100s: %w", name, err)
		}
		values[name] = expanded
	}
	return values, nil
}

var exported = regexp.MustCompile(`^export\s+`)

// unclosed stands for a quote that is not closed.
const unclosed = 1

// cutAssignment splits off the first line, or the lines of a quoted value. The name is
// empty if the line sets nothing.
func cutAssignment(text string) (name, value string, quote byte, rest string) {
	line, rest, _ := strings.Cut(text, "\n")
	statement := exported.ReplaceAllString(strings.TrimSpace(line), "")
	sign := strings.IndexAny(statement, "=:")
	if sign < 0 || statement[0] == '#' {
		return "", "", 0, rest
	}
	name, value = strings.TrimSpace(statement[:sign]), strings.TrimSpace(statement[sign+1:])
	if value == "" || value[0] != '"' && value[0] != '\'' {
		if value != "" && value[0] == '#' {
			value = ""
		}
		if i := strings.Index(value, " #"); i >= 0 {
			value = strings.TrimRight(value[:i], " \t")
		}
		return name, value, 0, rest
	}
	quote = value[0]
	// The value may go on in the lines below.
	_, quoted, _ := strings.Cut(text, string(quote))
	value, after, ok := cutQuoted(quoted, quote)
	if !ok {
		return name, "", unclosed, rest
	}
	_, rest, _ = strings.Cut(after, "\n")
	return name, value, quote, rest
}

// cutQuoted splits text at the quote that closes it. In double quotes, a backslash
// escapes, and \$ becomes $$, which stands for the character in expand.
func cutQuoted(text string, quote byte) (value, rest string, ok bool) {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c == quote:
			return b.String(), text[i+1:], true
		case c != '\\' || quote == '\'' || i+1 == len(text):
			b.WriteByte(c)
			continue
		}
		i++
		switch text[i] {
		case 'n':
			b.WriteByte('\n')
		case 't':
			b.WriteByte('\t')
		case '$':
			b.WriteString("$$")
		case '"', '\\':
			b.WriteByte(text[i])
		default:
			b.WriteString(text[i-1 : i+1])
		}
	}
	return "", "", false
}
