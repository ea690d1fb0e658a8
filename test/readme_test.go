package test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// readmeSkips are the blocks of README.md that cannot run in its test: they
// run tests themselves.
var readmeSkips = []string{
	"make demo   # the whole way, on a registry of its own: docker2nix, nix-build, docker load, docker run\n" +
		"make test   # all tests, end to end, on real servers\n",
}

// readmeOutputs is what blocks of README.md print, by a word of theirs.
var readmeOutputs = []struct{ command, output string }{
	{command: "docker load", output: `(?m)^Loaded image: debian:bookworm$`},
	{command: "cat /etc/os-release", output: `(?m)^ID=hocker-tests$`},
	{command: "nix-build", output: `(?m)^/.*/store/\w{32}-`},
}

// readmeRequests is what parts of README.md, by their headings, say that they do
// not ask a registry for.
var readmeRequests = map[string]string{
	"Pin an image": "/blobs/", // only for the manifest
	"Run it":       "/",       // for nothing
}

// TestReadme does what README.md says, word for word, with Docker Hub in a box:
// see readme_box_test.go. A block that is of no known kind is an error, so that
// what is added to the README is run, too.
func TestReadme(t *testing.T) {
	if !inBox() {
		t.Parallel()
		runInBox(t)
		return
	}
	b := newBox(t)
	r := &readme{box: b, seen: map[string]bool{}}
	text, err := os.ReadFile(filepath.Join(shared.root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	blocks := readmeBlocks(string(text))
	for _, block := range blocks {
		r.do(block)
	}
	for _, skip := range readmeSkips {
		if !r.seen[skip] {
			t.Errorf("README.md has no such block to be skipped:\n%s", skip)
		}
	}
	r.runTools(string(text))
	r.checkRequests()
}

// readme is a reader of README.md who does what it says.
type readme struct {
	box         *box
	seen        map[string]bool // the blocks that were skipped
	credentials string          // what a credentials file holds
}

// do does what a block says.
func (r *readme) do(block readmeBlock) {
	t := r.box.t
	t.Helper()
	for _, skip := range readmeSkips {
		if block.text == skip {
			r.seen[skip] = true
			return
		}
	}
	switch block.language {
	case "sh":
		r.run(block)
	case "nix":
		r.write(block)
	case "":
		r.use(block)
	default:
		t.Errorf("%s: nobody knows what to do with a block of %s", block, block.language)
	}
}

// run runs a block of commands, as a shell in the reader's folder does.
func (r *readme) run(block readmeBlock) {
	t := r.box.t
	before, expression := len(r.box.requests()), r.expression()
	output, err := r.box.command("bash", "-euo", "pipefail", "-c", block.text).CombinedOutput()
	t.Logf("%s:\n%s\n%s", block, block.text, output)
	if err != nil {
		t.Fatalf("%s: %v", block, err)
	}
	for _, expected := range readmeOutputs {
		if strings.Contains(block.text, expected.command) && !regexp.MustCompile(expected.output).Match(output) {
			t.Errorf("%s: %s does not print %s", block, expected.command, expected.output)
		}
	}
	if unwanted, ok := readmeRequests[block.section]; ok {
		for _, request := range r.box.requests()[before:] {
			if strings.Contains(request.Path, unwanted) {
				t.Errorf("%s: it makes the request %s", block, request)
			}
		}
	}
	if now := r.expression(); expression != "" && now != expression {
		t.Errorf("%s: debian.nix is another one now:\n%s", block, now)
	}
}

// expression is what debian.nix holds; all ways to it are to give the same.
func (r *readme) expression() string {
	text, _ := os.ReadFile(filepath.Join(r.box.folder, "debian.nix"))
	return string(text)
}

// nixFile is a first line that names a file.
var nixFile = regexp.MustCompile(`^# ([a-z]+\.nix)\n`)

// write writes a Nix file under the name in its first line.
func (r *readme) write(block readmeBlock) {
	name := nixFile.FindStringSubmatch(block.text)
	if name == nil {
		r.box.t.Fatalf("%s: its first line does not name a file", block)
	}
	r.box.write(filepath.Join(r.box.folder, name[1]), block.text, 0o644)
}

// use puts a block where it belongs that is neither commands nor Nix.
func (r *readme) use(block readmeBlock) {
	t := r.box.t
	switch {
	case strings.HasPrefix(block.text, "USERNAME="):
		r.credentials = block.text
		file := filepath.Join(r.box.dir, "credentials")
		r.box.write(file, block.text, 0o600)
		r.box.mustRun("hocker-manifest", "--credentials-file", file, r.box.private)
	case strings.HasPrefix(block.text, "extra-sandbox-paths ="):
		// In the way that the README tells: the file, and this in nix.conf.
		r.box.write(filepath.Join(r.box.nixConf(), "nix.conf"), block.text, 0o644)
		r.box.write("/etc/nix-docker-credentials.txt", r.credentials, 0o440)
		r.box.mustRun("chgrp", "nixbld", "/etc/nix-docker-credentials.txt")
		r.box.mustRun("sh", "-c", "rm result && nix-store --gc && nix-build private.nix")
	default:
		t.Errorf("%s: nobody knows what to do with it:\n%s", block, block.text)
	}
}

// toolRow is a row of the table of tools.
var toolRow = regexp.MustCompile("(?m)^\\| `([^`]+)` \\|")

// runTools runs the commands in the table of tools.
func (r *readme) runTools(text string) {
	rows := toolRow.FindAllStringSubmatch(text, -1)
	if len(rows) < len(links) {
		r.box.t.Errorf("README.md has a table of %d tools, want %d", len(rows), len(links))
	}
	for _, row := range rows {
		r.box.mustRun("bash", "-euo", "pipefail", "-c", row[1]+" </dev/null")
	}
}

// checkRequests makes sure that Docker Hub was asked as it wants to be: with an
// anonymous token that was fetched for the purpose, by a client that says who
// it is, and without anybody's credentials.
func (r *readme) checkRequests() {
	t := r.box.t
	lines := map[string]int{}
	for _, request := range r.box.requests() {
		line := request.String()
		if !strings.HasPrefix(request.Agent, "hocker/") || request.Auth == "Basic" {
			t.Errorf("unexpected request: %s", line)
		}
		for _, pattern := range hubRequests {
			if regexp.MustCompile(pattern).MatchString(line) {
				lines[pattern]++
			}
		}
	}
	for _, pattern := range hubRequests {
		if lines[pattern] == 0 {
			t.Errorf("no request like %s", pattern)
		}
	}
}

// hubRequests are some of those that Docker Hub must have seen.
var hubRequests = []string{
	`^GET /v2/library/debian/manifests/bookworm 401 .* auth=- .* host=registry-1\.docker\.io `,
	`^GET /token\?scope=repository%3Alibrary%2Fdebian%3Apull&service=registry\.docker\.io 200 .* auth=- .* host=auth\.docker\.io `,
	`^GET /v2/library/debian/manifests/bookworm 200 .* auth=Bearer .* host=registry-1\.docker\.io `,
	`^GET /v2/library/debian/blobs/sha256:\w+ 20[06] .* auth=Bearer .* host=registry-1\.docker\.io `,
}

// readmeBlock is a fenced block of README.md.
type readmeBlock struct {
	section  string // the heading above it
	line     int
	language string
	text     string
}

func (b readmeBlock) String() string { return fmt.Sprintf("README.md:%d", b.line) }

// readmeFence begins and ends a block, which may be indented in a list.
var readmeFence = regexp.MustCompile("^( *)```([a-z]*)$")

// readmeBlocks finds the blocks.
func readmeBlocks(text string) []readmeBlock {
	var blocks []readmeBlock
	var section, indent string
	inside := false
	for i, line := range strings.Split(text, "\n") {
		fence := readmeFence.FindStringSubmatch(line)
		switch {
		case fence != nil && !inside:
			inside, indent = true, fence[1]
			blocks = append(blocks, readmeBlock{section: section, line: i + 1, language: fence[2]})
		case fence != nil:
			inside = false
		case inside:
			blocks[len(blocks)-1].text += strings.TrimPrefix(line, indent) + "\n"
		case strings.HasPrefix(line, "#"):
			section = strings.TrimLeft(line, "# ")
		}
	}
	return blocks
}
