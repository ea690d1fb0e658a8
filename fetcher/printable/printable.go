// Package printable makes text from outside fit to print: text of registries, images,
// engines, programs and file names. Such text could otherwise control a terminal, start
// a line that looks like one of ours, or be read in another order than it is written.
package printable

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Text returns s as one line. White space other than the ASCII space, such as a line
// break, becomes a space, and none at the ends. A character that [unicode.IsPrint] does
// not report, or a byte that is not UTF-8, becomes an escape sequence of Go: \x1b,
// \u202e, \xff. So the result has no character of the categories Cc, Cf, Zl and Zp.
func Text(s string) string {
	if strings.ContainsFunc(s, isBreak) {
		s = strings.Join(strings.FieldsFunc(s, isBreak), " ")
	}
	if isText(s) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		_, size := utf8.DecodeRuneInString(s)
		if char := s[:size]; isText(char) {
			b.WriteString(char)
		} else {
			quoted := strconv.Quote(char)
			b.WriteString(quoted[1 : len(quoted)-1])
		}
		s = s[size:]
	}
	return b.String()
}

// isBreak reports whether r is white space other than the ASCII space.
func isBreak(r rune) bool { return r != ' ' && unicode.IsSpace(r) }

// isText reports whether s is UTF-8 that can be printed as it is.
func isText(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

// Cell returns s as the cell of a table. Text with a space is quoted, so that it cannot
// look like several cells.
func Cell(s string) string {
	text := Text(s)
	if strings.Contains(text, " ") {
		return strconv.Quote(s)
	}
	return text
}

// JSON returns a JSON document of [encoding/json] in which every character that
// [unicode.IsPrint] does not report is written as \uXXXX: encoding/json does that only
// to some. The document has the same meaning.
func JSON(data []byte) []byte {
	b := make([]byte, 0, len(data))
	for _, r := range string(data) {
		switch {
		case r < ' ', unicode.IsPrint(r): // the former are only between strings
			b = utf8.AppendRune(b, r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			b = fmt.Appendf(b, `\u%04x\u%04x`, high, low)
		default:
			b = fmt.Appendf(b, `\u%04x`, r)
		}
	}
	return b
}
