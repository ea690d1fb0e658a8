package unit

import (
	"fmt"
	"strings"

	"hocker/fetcher/process"
)

// command returns the value of ExecStart. With a colon in front, systemd replaces no
// variables in it; with @, the argument after the path is the name by which the program is
// called.
func command(p process.Process) string {
	words := []string{":" + quote(p.Program)}
	args := p.Args
	if args[0] == p.Program {
		args = args[1:]
	} else {
		words[0] = "@" + words[0]
	}
	for _, arg := range args {
		words = append(words, quote(arg))
	}
	return strings.Join(words, " ")
}

// plain are the characters that systemd takes as they are, wherever they are in a word.
const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_/.,:=+-@"

// quote quotes a word. https://www.freedesktop.org/software/systemd/man/252/systemd.syntax.html
func quote(word string) string {
	if word != "" && strings.Trim(word, plain) == "" {
		return word
	}
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range word {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '%':
			b.WriteString("%%")
		case isControl(r):
			fmt.Fprintf(&b, `\x%02x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// specifiers keeps systemd from replacing specifiers such as %i.
func specifiers(text string) string { return strings.ReplaceAll(text, "%", "%%") }

// isControl reports whether a character is one that systemd, or a line, ends at.
func isControl(r rune) bool { return r < ' ' || r == 0x7f }

// printableLine replaces control characters, for what only people read.
func printableLine(text string) string {
	return strings.Map(func(r rune) rune {
		if isControl(r) {
			return '?'
		}
		return r
	}, text)
}
