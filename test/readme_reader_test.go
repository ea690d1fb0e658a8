package test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"hocker/test/servers"
)

// document is a file of the repository with instructions in fenced blocks: commands
// (sh), files (nix), examples that this machine cannot run (console, yaml), and blocks
// that its test handles. A block of an unknown language is an error, so that nothing in
// the document stays untested.
type document struct {
	path     string
	skips    []string          // blocks that cannot run in the test
	outputs  []documentOutput  // expected output of blocks
	requests map[string]string // requests that a section, by its heading, must not make
	account  servers.Account   // of the private registry
	use      func(r *reader, block documentBlock) bool
}

// documentOutput is the expected output of a block that contains these words.
type documentOutput struct{ words, output string }

// reader runs the blocks of a document, with Docker Hub in a box: see
// readme_box_test.go.
type reader struct {
	*document
	box        *box
	text       string
	seen       map[string]bool // the blocks that were skipped
	expression string          // the content of debian.nix
}

// read runs the blocks of a document as they are. Outside the box it runs the test
// again in a box and returns nil.
func (d *document) read(t *testing.T, prepare func(b *box)) *reader {
	t.Helper()
	if !inBox() {
		t.Parallel()
		runInBox(t)
		return nil
	}
	text, err := os.ReadFile(filepath.Join(shared.root, d.path))
	if err != nil {
		t.Fatal(err)
	}
	r := &reader{document: d, box: newBox(t, d.account), text: string(text), seen: map[string]bool{}}
	if prepare != nil {
		prepare(r.box)
	}
	for _, block := range documentBlocks(d.path, r.text) {
		r.do(block)
	}
	for _, skip := range d.skips {
		if !r.seen[skip] {
			t.Errorf("%s has no block like this, which the test skips:\n%s", d.path, skip)
		}
	}
	return r
}

// do runs a block or writes its file.
func (r *reader) do(block documentBlock) {
	t := r.box.t
	t.Helper()
	switch {
	case slices.Contains(r.skips, block.text):
		r.seen[block.text] = true
	case r.use != nil && r.use(r, block):
	case block.language == "sh":
		r.run(block)
	case block.language == "nix":
		r.write(block)
	case block.language == "console", block.language == "yaml":
	default:
		t.Errorf("%s: no test handles blocks of %q:\n%s", block, block.language, block.text)
	}
}

// run runs a block of commands in a shell in the box's folder.
func (r *reader) run(block documentBlock) {
	t := r.box.t
	before := r.box.requestCounts()
	output, err := r.box.command("bash", "-euo", "pipefail", "-c", block.text).CombinedOutput()
	t.Logf("%s:\n%s\n%s", block, block.text, output)
	if err != nil {
		t.Fatalf("%s: %v", block, err)
	}
	for _, expected := range r.outputs {
		if strings.Contains(block.text, expected.words) && !regexp.MustCompile(expected.output).Match(output) {
			t.Errorf("%s: %s does not print %s", block, expected.words, expected.output)
		}
	}
	if unwanted, ok := r.requests[block.section]; ok {
		for _, request := range r.box.requestsSince(before) {
			if strings.Contains(request.Path, unwanted) || unwanted == theLayers && r.isLayer(request.Path) {
				t.Errorf("%s: unexpected request %s", block, request)
			}
		}
	}
	r.checkExpression(block)
}

// theLayers, in place of a part of an address, stands for the layers of the lock file.
const theLayers = "layers"

func (r *reader) isLayer(path string) bool {
	text, err := os.ReadFile(filepath.Join(r.box.folder, "hocker.lock.json"))
	if err != nil {
		r.box.t.Fatal(err)
	}
	for _, list := range regexp.MustCompile(`(?s)"layers": \[.*?\]`).FindAllString(string(text), -1) {
		if _, digest, ok := strings.Cut(path, "/blobs/"); ok && strings.Contains(list, `"`+digest+`"`) {
			return true
		}
	}
	return false
}

// checkExpression checks that every block that writes debian.nix writes the same.
func (r *reader) checkExpression(block documentBlock) {
	text, _ := os.ReadFile(filepath.Join(r.box.folder, "debian.nix"))
	if r.expression != "" && r.expression != string(text) {
		r.box.t.Errorf("%s: debian.nix has changed:\n%s", block, text)
	}
	r.expression = string(text)
}

// nixFile matches a first line that names a file.
var nixFile = regexp.MustCompile(`^# ([a-z-]+\.nix)\n`)

// write writes a Nix file under the name in its first line. The code that hocker
// replaces ("# before: …") is only parsed, since it cannot be evaluated here.
func (r *reader) write(block documentBlock) {
	if strings.HasPrefix(block.text, "# before: ") {
		file := filepath.Join(r.box.dir, "before.nix")
		r.box.write(file, block.text, 0o644)
		r.box.mustRun("nix-instantiate", "--parse", file)
		return
	}
	name := nixFile.FindStringSubmatch(block.text)
	if name == nil {
		r.box.t.Fatalf("%s: its first line does not name a file", block)
	}
	r.box.write(filepath.Join(r.box.folder, name[1]), block.text, 0o644)
}

// documentBlock is a fenced block of a document.
type documentBlock struct {
	path     string
	section  string // the heading above it
	line     int
	language string
	text     string
}

func (b documentBlock) String() string { return fmt.Sprintf("%s:%d", b.path, b.line) }

// documentFence matches the lines that begin and end a block. In a list they are
// indented.
var documentFence = regexp.MustCompile("^( *)```([a-z]*)$")

// documentBlocks returns the blocks of a document.
func documentBlocks(path, text string) []documentBlock {
	var blocks []documentBlock
	var section, indent string
	inside := false
	for i, line := range strings.Split(text, "\n") {
		fence := documentFence.FindStringSubmatch(line)
		switch {
		case fence != nil && !inside:
			inside, indent = true, fence[1]
			blocks = append(blocks, documentBlock{path: path, section: section, line: i + 1, language: fence[2]})
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
