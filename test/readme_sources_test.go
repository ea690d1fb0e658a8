package test

import (
	"path/filepath"
	"regexp"
	"testing"
)

// composeBlock matches the first line of a compose file in a document.
var composeBlock = regexp.MustCompile(`^# (compose\.yaml)\n`)

// sourcesDocument is docs/sources.md.
var sourcesDocument = document{
	path:    "docs/sources.md",
	account: readmeAccount,
	outputs: []documentOutput{
		{words: "--from compose.yaml", output: `(?m)^compose\.yaml:9: left out: service "app" is built: .*\n(.*\n)*nginx +- +→ +sha256:\w+ .*\nstore +- +→ +sha256:`},
		{words: "hocker lock list", output: `(?m)^store +redis:8 +linux/amd64 .* compose\.yaml$`},
		{words: "hocker lock check", output: `(?m)^store +redis:8 +→ +- +compose\.yaml$(.*\n)*^store +sha256:\w+ +→ +- `},
		{words: "--from -", output: `(?m)^redis +- +→ +sha256:`},
	},
	requests: map[string]string{"Images that your files name": theLayers, "Several files": theLayers},
	use: func(r *reader, block documentBlock) bool {
		match := composeBlock.FindStringSubmatch(block.text)
		if block.language != "yaml" || match == nil {
			return false
		}
		r.box.write(filepath.Join(r.box.folder, match[1]), block.text, 0o644)
		return true
	},
}

// TestSources follows docs/sources.md.
func TestSources(t *testing.T) { sourcesDocument.read(t, nil) }
