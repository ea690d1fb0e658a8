package source

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// remark is what a comment says of an image: # hocker: name=web, or # hocker: skip.
type remark struct {
	name string
	skip bool
	line int // of the comment
}

// maxRemarks limits the remarks of a file.
const maxRemarks = 10_000

// remarks are the remarks of a file, by the line that they are about: that of the
// comment or, if nothing else stands there, the next one with text.
type remarks struct {
	file  string
	about map[int]remark
	used  map[int]bool
}

var (
	remarkPattern = regexp.MustCompile(`^#\s*hocker:\s*(.*)$`)
	// trailingRemark matches a remark after other text.
	trailingRemark = regexp.MustCompile(`\s#\s*hocker:\s*(.*)$`)
)

// readRemarks reads the remarks of a file. They can stand behind other text only in YAML,
// where trailing is set.
func readRemarks(file, text string, trailing bool) (*remarks, error) {
	r := &remarks{file: file, about: map[int]remark{}, used: map[int]bool{}}
	breaks, line := strings.Lines, 0
	if trailing {
		breaks = yamlLines
	}
	var above *remark // for the next line with text
	for content := range breaks(text) {
		if line++; len(r.about) > maxRemarks {
			return nil, &Error{file, line, fmt.Errorf("more than %d comments with # hocker: in them", maxRemarks)}
		}
		content = strings.TrimSpace(content)
		match := remarkPattern.FindStringSubmatch(content)
		isComment := match != nil || strings.HasPrefix(content, "#")
		if !isComment && trailing {
			match = trailingRemark.FindStringSubmatch(content)
		}
		note := above
		if match != nil {
			if above != nil {
				return nil, &Error{file, above.line, errNoImage}
			}
			parsed, err := parseRemark(file, line, match[1])
			if err != nil {
				return nil, err
			}
			note = &parsed
		}
		switch {
		case isComment || content == "":
			above = note
		case note != nil:
			r.about[line], above = *note, nil
		}
	}
	if above != nil {
		return nil, &Error{file, above.line, errNoImage}
	}
	return r, nil
}

func parseRemark(file string, line int, text string) (note remark, err error) {
	note.line = line
	words := strings.Fields(text)
	for _, word := range words {
		name, isName := strings.CutPrefix(word, "name=")
		switch {
		case isName && name != "":
			note.name = name
		case word == "skip":
			note.skip = true
		default:
			words = nil
		}
	}
	if len(words) == 0 {
		return note, &Error{file, line, fmt.Errorf("the comment says %.100q, expected # hocker: name=NAME or # hocker: skip", "hocker: "+text)}
	}
	return note, nil
}

// at returns the remark about one of the lines.
func (r *remarks) at(lines ...int) remark {
	for _, line := range lines {
		if note, ok := r.about[line]; ok {
			r.used[line] = true
			return note
		}
	}
	return remark{}
}

// skips reports whether the image on one of the lines is to be left out, whatever its text.
func (r *remarks) skips(lines ...int) bool {
	for _, line := range lines {
		if r.about[line].skip {
			return true
		}
	}
	return false
}

var errNoImage = errors.New("the comment # hocker: has no image of its own beside it or below it")

// unused returns an error for a remark that is about no image.
func (r *remarks) unused() error {
	for _, line := range slices.Sorted(maps.Keys(r.about)) {
		if !r.used[line] {
			return &Error{r.file, r.about[line].line, errNoImage}
		}
	}
	return nil
}
