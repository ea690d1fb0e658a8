package source

import (
	"regexp"
	"strings"
)

// instruction is an instruction of a Dockerfile, with its lines joined.
type instruction struct {
	name   string // in capitals
	flags  []string
	words  []string // the other ones
	line   int      // the first
	escape byte     // of the file: what continues a line, and makes a $ an ordinary one
}

var (
	escapeDirective = regexp.MustCompile(`(?i)^#\s*escape\s*=\s*(.)\s*$`)
	directive       = regexp.MustCompile(`^#\s*[a-zA-Z][a-zA-Z0-9]*\s*=`)
	heredoc         = regexp.MustCompile(`^[0-9]*<<(-?)(?:"([^"<]+)"|'([^'<]+)'|([^"'<]+))$`)
)

// instructions splits a Dockerfile:
// https://docs.docker.com/reference/dockerfile/#format
func instructions(file, text string) ([]instruction, error) {
	lines := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	escape := escapeOf(lines)
	var all []instruction
	for n := 0; n < len(lines); n++ {
		if skipped(lines[n]) {
			continue
		}
		first := n
		var joined strings.Builder
		for ; n < len(lines); n++ {
			// A comment or an empty line inside does not end the instruction.
			if n > first && skipped(lines[n]) {
				continue
			}
			part, more := cutEscape(strings.TrimRight(lines[n], " \t"), escape)
			joined.WriteString(part)
			if !more {
				break
			}
		}
		in := parseInstruction(joined.String())
		in.line, in.escape = first+1, escape
		all = append(all, in)
		for _, end := range in.heredocs() {
			for n++; n < len(lines) && end.trim(lines[n]) != end.word; n++ {
			}
			if n >= len(lines) {
				return nil, place{file: file, line: in.line}.errorf("the heredoc %.100q has no end", end.word)
			}
		}
	}
	return all, nil
}

// skipped reports whether a line is empty or a comment.
func skipped(line string) bool {
	line = strings.TrimSpace(line)
	return line == "" || line[0] == '#'
}

// escapeOf returns the character that continues a line: the backslash, or what the
// directives at the start say.
func escapeOf(lines []string) byte {
	for _, line := range lines {
		if match := escapeDirective.FindStringSubmatch(line); match != nil {
			return match[1][0]
		}
		if !directive.MatchString(line) {
			break
		}
	}
	return '\\'
}

// cutEscape cuts off the character that continues a line. Two of them are an ordinary one.
func cutEscape(line string, escape byte) (before string, more bool) {
	last := len(line) - 1
	if last < 0 || line[last] != escape || last > 0 && line[last-1] == escape {
		return line, false
	}
	return line[:last], true
}

func parseInstruction(text string) instruction {
	words := splitWords(text)
	if len(words) > 1 && strings.EqualFold(words[0], "ONBUILD") {
		words = words[1:]
	}
	var in instruction
	if len(words) == 0 { // only a line that continues
		return in
	}
	in.name, words = strings.ToUpper(words[0]), words[1:]
	for len(words) > 0 && strings.HasPrefix(words[0], "--") {
		in.flags, words = append(in.flags, words[0]), words[1:]
	}
	in.words = words
	return in
}

// splitWords splits text at spaces that stand in no quotes, as BuildKit does for heredocs.
// The quotes stay.
func splitWords(text string) []string {
	var words []string
	begin, quote, escaped := -1, byte(0), false
	for i := range len(text) {
		c := text[i]
		isSpace := quote == 0 && !escaped && (c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f')
		switch {
		case isSpace && begin >= 0:
			words, begin = append(words, text[begin:i]), -1
		case !isSpace && begin < 0:
			begin = i
		}
		switch {
		case escaped:
			escaped = false
		case c == '\\' && quote != '\'':
			escaped = true
		case c == quote:
			quote = 0
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
		}
	}
	if begin >= 0 {
		words = append(words, text[begin:])
	}
	return words
}

// unquoted removes the quotes in a text, which may stand around a part of it: no reference
// has any.
func unquoted(text string) string { return strings.NewReplacer(`"`, "", `'`, "").Replace(text) }

// flag returns the values of the flags with a name.
func (in instruction) flag(name string) []string {
	var values []string
	for _, f := range in.flags {
		if value, ok := strings.CutPrefix(f, "--"+name+"="); ok {
			values = append(values, unquoted(value))
		}
	}
	return values
}

// heredocEnd is the line that ends a heredoc.
type heredocEnd struct {
	word string
	tabs bool // tabs before it do not count
}

func (e heredocEnd) trim(line string) string {
	if e.tabs {
		return strings.TrimLeft(line, "\t")
	}
	return line
}

// heredocs returns the ends of the heredocs that follow the instruction.
func (in instruction) heredocs() []heredocEnd {
	if in.name != "RUN" && in.name != "COPY" && in.name != "ADD" {
		return nil
	}
	var ends []heredocEnd
	for _, word := range in.words {
		if match := heredoc.FindStringSubmatch(word); match != nil {
			ends = append(ends, heredocEnd{match[2] + match[3] + match[4], match[1] != ""})
		}
	}
	return ends
}
