package test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	promiseRow = regexp.MustCompile(`(?m)^\| [A-Zh].* \| (.*) \|$`)
	testName   = regexp.MustCompile("^`((?:Test|Fuzz)[A-Za-z0-9]+|[a-z_]+\\.txtar)`$")
	testFunc   = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
)

// TestSecurity checks that every promise in docs/security.md has tests, and that they
// exist.
func TestSecurity(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(shared.root, "docs/security.md"))
	if err != nil {
		t.Fatal(err)
	}
	tests := allTests(t)
	rows := promiseRow.FindAllStringSubmatch(string(text), -1)
	if len(rows) < 20 {
		t.Errorf("docs/security.md has %d promises", len(rows))
	}
	for _, row := range rows {
		for _, quoted := range strings.Split(row[1], ", ") {
			name := testName.FindStringSubmatch(quoted)
			if name == nil {
				t.Errorf("%s is not the name of a test", quoted)
			} else if !tests[name[1]] {
				t.Errorf("there is no test %s", name[1])
			}
		}
	}
}

// allTests returns the names of the tests in Go and of the scripts.
func allTests(t *testing.T) map[string]bool {
	tests := map[string]bool{}
	err := filepath.WalkDir(shared.root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case strings.HasSuffix(path, ".txtar"):
			tests[filepath.Base(path)] = true
		case strings.HasSuffix(path, "_test.go"):
			source, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			for _, f := range testFunc.FindAllStringSubmatch(string(source), -1) {
				tests[f[1]] = true
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return tests
}
