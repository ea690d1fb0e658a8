package main

import (
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"hocker/fetcher/inspect"
)

// jsonDocuments maps the tables in docs/scripts.md to the types that commands
// print with --json.
var jsonDocuments = []struct {
	heading string // or the head of the table
	row     any
}{
	{"### hocker manifest --list-platforms --json", inspect.Platform{}},
	{"### hocker inspect --json", inspect.Image{}},
	{"| field of `layers` | |", inspect.Layer{}},
	{"| field of `history` | |", inspect.Step{}},
	{"| field of `signatures` | |", inspect.Signature{}},
	{"### hocker diff --json", inspect.Difference{}},
	{"| field of `old` and `new` | |", inspect.Side{}},
	{"| field of `layers` in `hocker diff` | |", inspect.LayerChange{}},
	{"| field of `changes` | |", inspect.Change{}},
	{"### hocker lock add --json, hocker lock update --json", changeRow{}},
	{"### hocker lock list --json", imageRow{}},
	{"| field of `platforms` | |", platformRow{}},
	{"### hocker lock check --json", tagRow{}},
	{"### hocker lock outdated --json", outdatedRow{}},
	{"### hocker prefetch --json", storedRow{}},
	{"### hocker load --json", loadResult{}},
}

var documentedField = regexp.MustCompile("(?m)^\\| `(\\w+)` \\|")

// Scripts rely on these fields: docs/scripts.md lists exactly those that are
// printed.
func TestJSONIsDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/scripts.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, document := range jsonDocuments {
		_, section, ok := strings.Cut(string(text), "\n"+document.heading+"\n")
		if !ok {
			t.Errorf("docs/scripts.md has no %q", document.heading)
			continue
		}
		section, _, _ = strings.Cut(section, "\n### ")
		section, _, _ = strings.Cut(section, "\n| field of ")
		var documented, printed []string
		for _, field := range documentedField.FindAllStringSubmatch(section, -1) {
			documented = append(documented, field[1])
		}
		row := reflect.TypeOf(document.row)
		for i := range row.NumField() {
			if row.Field(i).IsExported() {
				printed = append(printed, row.Field(i).Tag.Get("json"))
			}
		}
		if !slices.Equal(printed, documented) {
			t.Errorf("%s:\n printed    %q\n documented %q", document.heading, printed, documented)
		}
	}
}
