package main

import (
	"strings"

	"hocker/fetcher/reference"
)

// oneLine keeps what a registry said from breaking out of its line, or from
// steering the terminal, and passwords in addresses from being shown.
func oneLine(s string) string {
	return reference.Redact(strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }), " "))
}
