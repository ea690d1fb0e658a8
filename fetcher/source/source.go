package source

import (
	"fmt"

	"hocker/fetcher/reference"
)

// Kind is the format of a file that names images.
type Kind string

// The kinds of files.
const (
	Compose    Kind = "compose"
	Kubernetes Kind = "kubernetes"
	Dockerfile Kind = "dockerfile"
	Quadlet    Kind = "quadlet"
)

// Kinds lists all kinds.
var Kinds = []Kind{Compose, Kubernetes, Dockerfile, Quadlet}

// Image is an image that a file names.
type Image struct {
	Reference reference.Reference
	Name      string // from the comment "# hocker: name=NAME", or empty; it can be any text
	File      string
	Line      int // from 1
}

// Skipped is a place where an image could stand that no registry has.
type Skipped struct {
	File   string
	Line   int
	Reason string
}

// Result is what files name, in the order of the text.
type Result struct {
	Images  []Image
	Skipped []Skipped
}

// skip records that the image at a place is left out.
func (r *Result) skip(at place, format string, args ...any) {
	r.Skipped = append(r.Skipped, Skipped{at.file, at.line, fmt.Sprintf(format, args...)})
}

// maxImages limits the places in a file: aliases can repeat a few of them for ever.
const maxImages = 10_000

// maxReference is more than the parts of a reference may have together, in bytes.
const maxReference = 1000

// add parses the reference at a place, and records the image unless it is to be skipped.
func (r *Result) add(at place, note remark) error {
	switch {
	case len(r.Images)+len(r.Skipped) >= maxImages:
		return at.errorf("more than %d images", maxImages)
	case note.skip:
		r.skip(at, "%.200s: its comment says skip", at.text)
		return nil
	}
	if len(at.text) > maxReference {
		return at.errorf("%.100q…: it is too long for a reference", at.text)
	}
	ref, err := reference.Parse(at.text)
	if err != nil {
		return at.errorf("%w", err)
	}
	r.Images = append(r.Images, Image{ref, note.name, at.file, at.line})
	return nil
}
