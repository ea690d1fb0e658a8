package source

import (
	"errors"
	"iter"
	"strings"

	"hocker/fetcher/bounded"
)

// imageSections are the sections with Image=, by the suffix of the file.
var imageSections = map[string]string{".container": "Container", ".image": "Image", ".volume": "Volume"}

// unit is a quadlet file with its drop-ins.
type unit struct {
	path    string
	section string // the one with Image=; empty if the name of the file does not say it
	size    int    // of what was read, in bytes
	image   place  // where the last Image= is
	build   place  // where the section of a build begins
	kube    place  // the last Yaml= of a .kube file
	note    remark // of the last Image= that has one: an image keeps its name when a drop-in changes its tag
}

// read reads a file of the unit. What it sets replaces what was set before, as in systemd.
func (u *unit) read(file string, data []byte) error {
	if u.size += len(data); u.size > maxText {
		return &Error{file, 0, &bounded.TooLargeError{Limit: maxText, What: "a quadlet file with its drop-ins"}}
	}
	notes, err := readRemarks(file, string(data), false)
	if err != nil {
		return err
	}
	section := ""
	for line, text := range unitLines(string(data)) {
		name, value, isSetting := strings.Cut(text, "=")
		switch {
		case len(text) > 2 && strings.HasPrefix(text, "[") && strings.HasSuffix(text, "]"):
			if section = text[1 : len(text)-1]; section == "Build" && u.section == "" {
				u.build = place{file: file, line: line}
			}
		case !isSetting || name == "" || section == "":
			return &Error{file, line, errors.New("expected [SECTION], then lines with KEY=VALUE: podman does not read this file")}
		case u.section == "" && section == "Kube" && strings.TrimSpace(name) == "Yaml":
			u.kube = place{text: strings.TrimSpace(value), file: file, line: line}
		case u.hasImage(section) && strings.TrimSpace(name) == "Image":
			u.image = place{text: strings.Trim(strings.TrimSpace(value), `"`), file: file, line: line}
			if note := notes.at(line); note != (remark{}) {
				u.note = note
			}
		}
	}
	return notes.unused()
}

// hasImage reports whether Image= in a section is that of the unit.
func (u *unit) hasImage(section string) bool {
	if u.section != "" {
		return section == u.section
	}
	return section == "Container" || section == "Image" || section == "Volume"
}

// unitLines returns the lines of a unit that are neither empty nor comments, with the
// numbers at which they begin. As podman does, it joins continued lines without a space.
func unitLines(text string) iter.Seq2[int, string] {
	return func(yield func(int, string) bool) {
		var joined strings.Builder
		number, first, last := 0, 0, 0
		for line := range strings.Lines(text) {
			number++
			line = strings.TrimSpace(line)
			if line == "" || line[0] == '#' || line[0] == ';' {
				continue // inside of a continued line too
			}
			if joined.Len() == 0 {
				first = number
			}
			line, isContinued := strings.CutSuffix(line, `\`)
			joined.WriteString(line)
			if last = number; isContinued {
				continue
			}
			if !yield(first, joined.String()) {
				return
			}
			joined.Reset()
		}
		if joined.Len() > 0 && last == number { // else podman drops it
			yield(first, joined.String())
		}
	}
}
