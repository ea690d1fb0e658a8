package commands

import (
	"fmt"
	"regexp"
	"strings"
)

var (
	makeGo       = regexp.MustCompile(`\$\((GO|STATICCHECK)\)`)
	makeVariable = regexp.MustCompile(`\$\([A-Z_]+\)`)
)

// inMakefile finds the commands that the recipes of a Makefile start.
func inMakefile(text string) ([]start, error) {
	var found []start
	lines := strings.Split(text, "\n")
	for i := 0; i < len(lines); i++ {
		recipe, ok := strings.CutPrefix(lines[i], "\t")
		if !ok {
			continue
		}
		first := i + 1
		for strings.HasSuffix(recipe, "\\") && i+1 < len(lines) {
			i++
			recipe += "\n" + strings.TrimPrefix(lines[i], "\t")
		}
		recipe = makeVariable.ReplaceAllString(makeGo.ReplaceAllString(strings.TrimLeft(recipe, "@-+"), "go"), "x")
		inner, err := inShell(strings.ReplaceAll(recipe, "$$", "$"), nil)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", first, err)
		}
		for _, s := range inner {
			found = append(found, start{s.command, first + s.line - 1})
		}
	}
	return found, nil
}
