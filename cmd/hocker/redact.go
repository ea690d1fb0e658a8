package main

import (
	"strconv"
	"strings"

	"hocker/fetcher/reference"
)

// redactArguments takes out of a message what may be a password in one of the
// arguments: where these have spaces or quotes in them, [fetcher.Redact] does not
// see in the message where they begin.
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
