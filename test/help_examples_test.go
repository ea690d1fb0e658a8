package test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// helpCommands are the commands with a --help, and the expected output of their
// examples. A command without outputs has no examples, since only Nix runs it.
var helpCommands = []struct {
	command string
	outputs []string // a pattern for each example
}{
	{"hocker manifest", []string{`(?m)^linux/amd64 +sha256:`, ``}},
	{"hocker config", []string{`(?m)^(null|\[)`}},
	{"hocker layer", []string{`(?m) bin/`}},
	{"hocker image", []string{`(?m)^Loaded image: debian:jessie$`}},
	{"hocker tags", []string{`^bookworm`}},
	{"hocker inspect", []string{`(?m)^reference +docker\.io/library/debian:bookworm$`, `(?m)^PATH=`}},
	{"hocker diff", []string{`(?m)^layers: \d+ shared, `, `(?m)^\d+$`}},
	{"hocker docker2nix", []string{``, ``}},
	{"hocker lock", []string{`(?m)^redis +- +→ +sha256:`, ``}},
	{"hocker lock add", []string{`(?m)^old +- +→ +sha256:`, `(?m)^nginx +- +→ +1\.29 sha256:`, `(?m)^redis +- +→ +sha256:`, `(?m)^debian +sha256:\w+ +→ +sha256:`}},
	{"hocker lock update", []string{`(?m)^nothing has changed$`, ``}},
	{"hocker lock remove", []string{`(?m)^debian +sha256:\w+ +→ +-`}},
	{"hocker lock list", []string{`(?m)^docker\.io/library/debian:bookworm`}},
	{"hocker lock check", []string{``}},
	{"hocker lock outdated", []string{``}},
	{"hocker verify", []string{`(?m)^debian:bookworm: signed by sha256:\w{64} \(cosign\.pub\): sha256:`, `(?m)^\./result: signed by sha256:`}},
	{"hocker prefetch", []string{`(?m)^/.*/store/\w{32}-docker-layer-`, `(?m)^/.*/store/\w{32}-docker-layer-`}},
	{"hocker compose", []string{`(?m)^Loaded image: debian:bookworm$`}},
	{"hocker load", []string{
		`(?m)^(Loaded image|Image is already present): debian:bookworm$`,
		`(?m)^(Loaded image|Image is already present): debian:bookworm$`,
		`(?m)^(Loaded image|Image is already present): debian:bookworm$`,
	}},
	{"hocker help", []string{`(?m)^Usage: hocker lock add `}},
	{"hocker fetch", nil},
	{"hocker build", nil},
	{"hocker", nil},
}

// TestHelpExamples runs each example of each --help in a shell, with Docker Hub in a
// box: see readme_box_test.go.
func TestHelpExamples(t *testing.T) {
	if !inBox() {
		t.Parallel()
		runInBox(t)
		return
	}
	b := newBox(t, readmeAccount)
	b.write(filepath.Join(b.folder, "default.nix"), `let
  pkgs = import <nixpkgs> { overlays = [ (import ./hocker/nix/overlay.nix) ]; };
in
pkgs.callPackage ./debian.nix { }
`, 0o644)
	b.sign("library/debian", "bookworm")
	covered := map[string]bool{}
	for _, tt := range helpCommands {
		covered[tt.command] = true
		examples := b.helpExamples(tt.command)
		if len(examples) != len(tt.outputs) {
			t.Errorf("%s --help has the examples %q, want %d", tt.command, examples, len(tt.outputs))
			continue
		}
		for i, example := range examples {
			b.prepareExample()
			output, err := b.command("bash", "-euo", "pipefail", "-c", example).CombinedOutput()
			t.Logf("%s --help:\n%s\n%s", tt.command, example, output)
			if err != nil || !regexp.MustCompile(tt.outputs[i]).Match(output) {
				t.Errorf("%s --help: %s: %v, want output like %s", tt.command, example, err, tt.outputs[i])
			}
		}
	}
	for _, command := range b.allCommands() {
		if !covered[command] {
			t.Errorf("the examples of %s are not tested", command)
		}
	}
	for _, link := range links {
		command := "hocker " + strings.TrimPrefix(link, "hocker-")
		if got, want := b.helpExamples(link), b.helpExamples(command); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s has the examples %q, and %s %q", link, got, command, want)
		}
	}
}

// prepareExample writes the files that examples read, an expression, a compose file and a lock file,
// and removes what an earlier example has left.
func (b *box) prepareExample() {
	b.t.Helper()
	for _, name := range []string{"hocker.lock.json", "result", "images"} {
		if err := os.RemoveAll(filepath.Join(b.folder, name)); err != nil {
			b.t.Fatal(err)
		}
	}
	b.write(filepath.Join(b.folder, "compose.yaml"), "services: {cache: {image: redis:8}}\n", 0o644)
	b.mustRun("docker2nix", "--out", "debian.nix", "debian:bookworm")
	b.mustRun("hocker", "lock", "add", "--quiet", "debian:bookworm")
}

// exampleLine matches an example in a --help: no other text is indented like this.
var exampleLine = regexp.MustCompile(`(?m)^    (\S.*)$`)

// helpExamples returns the lines below "Example:".
func (b *box) helpExamples(command string) []string {
	_, text, _ := strings.Cut(b.help(command), "\nExample:\n\n")
	text, _, _ = strings.Cut(text, "\n\n")
	var examples []string
	for _, line := range exampleLine.FindAllStringSubmatch(text, -1) {
		examples = append(examples, line[1])
	}
	return examples
}

func (b *box) help(command string) string {
	b.t.Helper()
	words := strings.Fields(command)
	output, err := b.command(words[0], append(words[1:], "--help")...).Output()
	if err != nil {
		b.t.Fatalf("%s --help: %v", command, err)
	}
	return string(output)
}

// listedCommand matches a line in the list of commands of a --help.
var listedCommand = regexp.MustCompile(`(?m)^  ([a-z][a-z0-9 ]*?)(?: \([a-z, ]+\))?    `)

// allCommands returns the commands that hocker --help lists, and their subcommands.
func (b *box) allCommands() []string {
	var commands []string
	for _, top := range listedCommand.FindAllStringSubmatch(b.help("hocker"), -1) {
		commands = append(commands, "hocker "+top[1])
		_, list, _ := strings.Cut(b.help("hocker "+top[1]), "\nCommands:\n")
		for _, below := range listedCommand.FindAllStringSubmatch(list, -1) {
			commands = append(commands, "hocker "+below[1])
		}
	}
	if len(commands) < 10 {
		b.t.Errorf("hocker --help lists the commands %q only", commands)
	}
	return commands
}
