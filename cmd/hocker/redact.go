package main

import (
	"strconv"
	"strings"

	"hocker/fetcher/reference"
)

// redactArguments removes possible passwords in arguments from a message. In a
// message, [fetcher.Redact] cannot tell where an argument with spaces or quotes
// begins.
func (p process) redactArguments(message string) string {
	for _, argument := range p.args[1:] {
		_, value, _ := strings.Cut(argument, "=") // --mirror=VALUE, NAME=REFERENCE
		for _, said := range []string{argument, value} {
			if !strings.ContainsAny(said, " \t\r\n\"") || reference.Redact(said) == said {
				continue
			}
			shown := "…" + said[strings.LastIndexByte(said, '@'):]
			message = strings.ReplaceAll(message, said, shown)
			quoted := strconv.Quote(said)
			message = strings.ReplaceAll(message, quoted[1:len(quoted)-1], shown)
		}
	}
	return message
}
