package source

import (
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"
)

// folder holds files by path.
type folder map[string]string

func (f folder) reader(variables map[string]string) Reader {
	return Reader{
		Open: func(path string) ([]byte, error) {
			text, ok := f[path]
			if !ok {
				return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
			}
			return []byte(text), nil
		},
		List: f.list,
		Variable: func(name string) (string, bool) {
			value, ok := variables[name]
			return value, ok
		},
		Secret: []string{"TOKEN"},
	}
}

// list lists a folder, as Reader.List.
func (f folder) list(path string, limit int) ([]string, error) {
	names := map[string]bool{}
	for file := range f {
		if rest, ok := strings.CutPrefix(file, path+"/"); ok {
			name, _, _ := strings.Cut(rest, "/")
			names[name] = true
		}
	}
	if len(names) == 0 {
		return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
	}
	all := slices.Collect(maps.Keys(names))
	return all[:min(len(all), limit)], nil
}

// lines writes a result as lines: FILE:LINE REFERENCE [NAME], and those that are skipped.
func (r Result) lines() string {
	var b strings.Builder
	for _, i := range r.Images {
		fmt.Fprintf(&b, "%s:%d %s", i.File, i.Line, i.Reference.Familiar())
		if i.Name != "" {
			fmt.Fprintf(&b, " %s", i.Name)
		}
		b.WriteByte('\n')
	}
	for _, s := range r.Skipped {
		fmt.Fprintf(&b, "%s:%d skipped: %s\n", s.File, s.Line, s.Reason)
	}
	return b.String()
}

// readTest reads files, of which the first is of the wanted kind by its name and content.
type readTest struct {
	name      string
	files     folder
	read      []string // default: the only file
	variables map[string]string
	want      string
	err       string
}

func runReadTests(t *testing.T, kind Kind, tests []readTest) {
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			read := test.read
			if read == nil {
				for path := range test.files {
					read = []string{path}
				}
			}
			got, err := Detect(read[0], []byte(test.files[read[0]]))
			if err == nil && got != kind {
				t.Errorf("Detect: %s, want %s", got, kind)
			}
			var result Result
			if err == nil {
				result, err = test.files.reader(test.variables).Read(kind, read...)
			}
			var message string
			if err != nil {
				message = err.Error()
				if len(result.Images)+len(result.Skipped) > 0 {
					t.Errorf("an error with the result %v", result)
				}
			}
			if message != test.err {
				t.Errorf("error %s, want %s", message, test.err)
			}
			if lines := result.lines(); lines != test.want {
				t.Errorf("got\n%s\nwant\n%s", lines, test.want)
			}
		})
	}
}
