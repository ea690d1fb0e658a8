package test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hocker/fetcher/lock"
)

// TestLockFileDocument checks that hocker reads the example in docs/lock-file.md and
// writes it back unchanged, and that the document describes all fields.
func TestLockFileDocument(t *testing.T) {
	const path = "docs/lock-file.md"
	text, err := os.ReadFile(filepath.Join(shared.root, path))
	if err != nil {
		t.Fatal(err)
	}
	blocks := documentBlocks(path, string(text))
	if len(blocks) != 1 || blocks[0].language != "json" {
		t.Fatalf("%s has %d blocks, want one of JSON", path, len(blocks))
	}
	example := blocks[0].text
	file, err := lock.Parse([]byte(example))
	if err != nil {
		t.Fatalf("%s: %v", blocks[0], err)
	}
	if written, err := file.Format(); err != nil || string(written) != example {
		t.Errorf("%s: hocker writes this (%v):\n%s", blocks[0], err, written)
	}
	var content any
	if err := json.Unmarshal([]byte(example), &content); err != nil {
		t.Fatal(err)
	}
	for field := range fieldsOf(content, map[string]bool{}) {
		if !strings.Contains(string(text), "\n| `"+field+"` |") {
			t.Errorf("%s has no row for %s", path, field)
		}
	}
}

// fieldsOf collects the names of the fields in a lock file. The keys of images,
// platforms and sources are not fields.
func fieldsOf(value any, found map[string]bool) map[string]bool {
	switch v := value.(type) {
	case []any:
		for _, element := range v {
			fieldsOf(element, found)
		}
	case map[string]any:
		for name, member := range v {
			found[name] = true
			byName, ok := member.(map[string]any)
			if !ok || name != "images" && name != "platforms" && name != "sources" {
				fieldsOf(member, found)
				continue
			}
			for _, named := range byName {
				fieldsOf(named, found)
			}
		}
	}
	return found
}
