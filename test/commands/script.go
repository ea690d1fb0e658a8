package commands

import (
	"fmt"
	"os"
	"regexp"
	"strings"

	"github.com/rogpeppe/go-internal/txtar"
)

// scriptVerb is a line of the list of the scripts' own commands, in
// commands_test.go, for a command that runs a program.
var scriptVerb = regexp.MustCompile(`(?m)^//\t([a-z-]+) ((?:[A-Z]+ )*)PROGRAM\b`)

// scriptVerbs returns the verbs of the end-to-end scripts that run a program, with the
// index of the argument that names it.
func scriptVerbs(path string) (map[string]int, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	verbs := map[string]int{"exec": 0}
	for _, match := range scriptVerb.FindAllStringSubmatch(string(content), -1) {
		verbs[match[1]] = strings.Count(match[2], " ")
	}
	if len(verbs) == 1 {
		return nil, fmt.Errorf("%s lists no commands with a PROGRAM", path)
	}
	return verbs, nil
}

// inScript finds the commands that an end-to-end script and the shell scripts in it
// start.
func inScript(content []byte, verbs map[string]int) ([]start, error) {
	archive := txtar.Parse(content)
	var found []start
	for i, line := range strings.Split(string(archive.Comment), "\n") {
		args := scriptWords(line)
		if len(args) > 0 && args[0] == "needs" {
			for _, arg := range args[1:] {
				if known(arg) {
					found = append(found, start{arg, i + 1})
				}
			}
		}
		// The program of a verb may be a verb itself: exits 5 peak 32 hocker …
		for len(args) > 0 {
			skip, ok := verbs[args[0]]
			if !ok || len(args) < skip+1 {
				break
			}
			args = args[skip+1:]
		}
		if len(args) == len(scriptWords(line)) {
			continue
		}
		inner, err := inArguments(args, i+1)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
		found = append(found, inner...)
	}
	line := strings.Count(string(archive.Comment), "\n")
	for _, file := range archive.Files {
		line++
		if isShellScript(file) {
			inner, err := inShell(string(file.Data), nil)
			if err != nil {
				return nil, fmt.Errorf("%s in it: %w", file.Name, err)
			}
			for _, s := range inner {
				found = append(found, start{s.command, line + s.line})
			}
		}
		line += strings.Count(string(file.Data), "\n")
	}
	return found, nil
}

func isShellScript(file txtar.File) bool {
	return strings.HasSuffix(file.Name, ".sh") || regexp.MustCompile(`^#!.*\b(sh|bash)\b`).Match(file.Data)
}

// scriptWords splits a line as testscript does, and drops what precedes the command: !,
// ?, and conditions in brackets.
func scriptWords(line string) []string {
	var args []string
	for rest := strings.TrimLeft(line, " \t"); rest != "" && rest[0] != '#'; rest = strings.TrimLeft(rest, " \t") {
		var word string
		word, rest = scriptWord(rest)
		if len(args) == 0 && (word == "!" || word == "?" || strings.HasPrefix(word, "[")) {
			continue
		}
		args = append(args, word)
	}
	return args
}

// scriptWord splits off the first word. Quotes are single, and two of them inside quotes
// are one.
func scriptWord(text string) (word, rest string) {
	var b strings.Builder
	quoted := false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\'' && quoted && i+1 < len(text) && text[i+1] == '\'':
			b.WriteByte(c)
			i++
		case c == '\'':
			quoted = !quoted
		case !quoted && (c == ' ' || c == '\t'):
			return b.String(), text[i:]
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), ""
}
