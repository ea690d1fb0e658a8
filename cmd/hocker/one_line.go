package main

import (
	"strings"

	"hocker/fetcher/reference"
)

// oneLine prevents text from a registry from starting a new line or controlling
// the terminal, and hides passwords in addresses.
func oneLine(s string) string {
	return reference.Redact(strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }), " "))
}
