package test

import (
	"encoding/xml"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// recordingFile is the picture of a terminal in README.md.
const recordingFile = "docs/hocker.svg"

// recordVariable is set by `make recording`, which replaces the file.
const recordVariable = "HOCKER_RECORD"

// recordedCommands are typed into the recorded terminal.
var recordedCommands = []string{
	"hocker lock add hello=demo/hello:1",
	"cat images.nix",
	"hocker prefetch hocker.lock.json >/dev/null",
	"nix-build --quiet images.nix -A hello",
	"./result/compositeImage.sh | docker load",
	"docker run --rm --network none demo/hello:1",
}

// recordedImages is images.nix of the recording.
const recordedImages = `let
  pkgs = import <nixpkgs> { overlays = [ (import ./hocker/nix/overlay.nix) ]; };
in
pkgs.fetchdockerLock ./hocker.lock.json
`

// TestRecording runs the recorded commands and compares their output with the picture.
// Docker Hub is in a box: see readme_box_test.go.
func TestRecording(t *testing.T) {
	if !inBox() {
		t.Parallel()
		runInBox(t)
		return
	}
	b := newBox(t, readmeAccount)
	b.write(filepath.Join(b.folder, "images.nix"), recordedImages, 0o644)
	// The recording begins with hocker installed.
	b.mustRun("nix-build", "--quiet", "--no-out-link", "-E", "(import <nixpkgs> { overlays = [ (import ./hocker/nix/overlay.nix) ]; }).hocker")
	var lines []string
	for _, command := range recordedCommands {
		output, err := b.command("bash", "-euo", "pipefail", "-c", command).CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", command, err, output)
		}
		text := strings.ReplaceAll(string(output), b.store.Dir(), "/nix/store")
		lines = append(lines, "$ "+command)
		lines = append(lines, strings.Split(strings.TrimSuffix(text, "\n"), "\n")...)
	}
	path := filepath.Join(shared.root, recordingFile)
	if os.Getenv(recordVariable) != "" {
		b.write(path, terminalPicture(lines), 0o644)
		return
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if got, want := sameEveryTime(pictureLines(t, file)), sameEveryTime(lines); !slices.Equal(got, want) {
		t.Errorf("%s shows\n%s\nwant\n%s\nhint: make recording", recordingFile, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// varies matches what differs between recordings: digests, store paths, sizes and
// times.
var varies = regexp.MustCompile(`\b[0-9a-f]{12}\b|/store/[0-9a-z]{32}|\b[0-9.]+ (bytes|[kM]B|s)\b`)

// sameEveryTime masks what varies, and sorts the lines, since downloads end in any
// order.
func sameEveryTime(lines []string) []string {
	var masked []string
	for _, line := range lines {
		masked = append(masked, strings.Join(strings.Fields(varies.ReplaceAllString(line, "…")), " "))
	}
	slices.Sort(masked)
	return masked
}

// The sizes in the picture, in pixels. Those of a character approximate a monospaced
// font.
const (
	fontSize        = 14
	characterWidth  = 8.5
	lineHeight      = 20
	pictureMargin   = 18
	narrowestScreen = 80
)

// terminalPicture draws the lines as SVG. A line with a prompt is a command.
func terminalPicture(lines []string) string {
	columns := narrowestScreen
	for _, line := range lines {
		columns = max(columns, len([]rune(line)))
	}
	var b strings.Builder
	width := 2*pictureMargin + int(float64(columns)*characterWidth)
	height := 2*pictureMargin + len(lines)*lineHeight
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-label="hocker in a terminal">
<!-- Written by make recording. -->
<rect width="100%%" height="100%%" rx="8" fill="#1d1f21"/>
<g xml:space="preserve" font-family="ui-monospace, Menlo, Consolas, monospace" font-size="%d" fill="#c5c8c6">
`, width, height, width, height, fontSize)
	for i, line := range lines {
		style := ""
		if strings.HasPrefix(line, "$ ") {
			style = ` fill="#8abeb7" font-weight="bold"`
		}
		fmt.Fprintf(&b, `<text x="%d" y="%d"%s>`, pictureMargin, pictureMargin+fontSize+i*lineHeight, style)
		_ = xml.EscapeText(&b, []byte(line)) // writing to a Builder never fails
		b.WriteString("</text>\n")
	}
	b.WriteString("</g>\n</svg>\n")
	return b.String()
}

// pictureLines reads the lines of a picture.
func pictureLines(t *testing.T, picture io.Reader) []string {
	var read struct {
		Lines []string `xml:"g>text"`
	}
	if err := xml.NewDecoder(picture).Decode(&read); err != nil {
		t.Fatalf("%s: %v", recordingFile, err)
	}
	return read.Lines
}
