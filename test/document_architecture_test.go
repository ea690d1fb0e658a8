package test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// packageRow is a row of ARCHITECTURE.md's table of packages.
var packageRow = regexp.MustCompile("(?m)^\\| `(fetcher[a-z/]*)` \\| .* \\| ?(.*) ?\\|$")

// TestArchitecture compares the table of packages in ARCHITECTURE.md with their
// imports from this module.
func TestArchitecture(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(shared.root, "ARCHITECTURE.md"))
	if err != nil {
		t.Fatal(err)
	}
	described := map[string]string{}
	for _, row := range packageRow.FindAllStringSubmatch(string(text), -1) {
		described[row[1]] = strings.ReplaceAll(strings.TrimSpace(row[2]), "`", "")
	}
	const format = `{{.ImportPath}}{{range .Imports}} {{.}}{{end}}`
	list := exec.Command("go", "list", "-buildvcs=false", "-f", format, "./fetcher/...")
	list.Dir = shared.root
	output, err := list.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	for _, line := range strings.Split(strings.TrimSpace(string(output)), "\n") {
		fields := strings.Fields(line)
		var imports []string
		for _, path := range fields[1:] {
			if own, ok := strings.CutPrefix(path, "hocker/fetcher/"); ok {
				imports = append(imports, own)
			} else if path == "hocker/fetcher" {
				imports = append(imports, "fetcher")
			}
		}
		slices.Sort(imports)
		name := strings.TrimPrefix(fields[0], "hocker/")
		got, ok := described[name]
		if want := strings.Join(imports, ", "); !ok || got != want {
			t.Errorf("ARCHITECTURE.md: the row of %s has the imports %q, want %q", name, got, want)
		}
		delete(described, name)
	}
	for name := range described {
		t.Errorf("ARCHITECTURE.md has a row for %s, which is not a package", name)
	}
}
