package main

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The Makefile, the Nix package and the completions have the same links to hocker.
func TestLinksAreMade(t *testing.T) {
	want := slices.Sorted(maps.Keys(links))
	for file, pattern := range map[string]string{
		"../../Makefile":        `(?m)^LINKS *:= (.*)$`,
		"../../nix/package.nix": `for name in (.*); do`,
		// With hocker itself.
		"../../completions/hocker.bash": `-F _hocker hocker (.*)`,
		"../../completions/_hocker":     `#compdef hocker (.*)`,
		"../../completions/hocker.fish": `for name in hocker (.*)`,
	} {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		line := regexp.MustCompile(pattern).FindSubmatch(source)
		if line == nil {
			t.Errorf("%s makes no links", file)
			continue
		}
		if got := slices.Sorted(slices.Values(strings.Fields(string(line[1])))); !slices.Equal(got, want) {
			t.Errorf("%s makes %q, want %q", file, got, want)
		}
	}
}
