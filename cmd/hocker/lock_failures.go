package main

import (
	"errors"
	"maps"
	"slices"

	"hocker/fetcher/content"
	"hocker/fetcher/lock"
)

// mostSkipped is the number of failures of the same kind that are printed one by one.
const mostSkipped = 10

// withFailures prints each failure on a line of its own, but not hundreds that say the
// same. The error that it returns says only how many there were. named has the places that
// name the images.
func (p process) withFailures(err error, named map[string]lock.Place) error {
	var failed *lock.FailuresError
	if !errors.As(err, &failed) {
		return err
	}
	isNamed := false
	same := map[string]int{}
	for _, f := range failed.Failures {
		name := f.Name
		if place := named[name]; place != (lock.Place{}) {
			name += " (" + place.String() + ")"
			isNamed = isNamed || errors.Is(f.Err, content.ErrNotFound) || errors.Is(f.Err, content.ErrDenied)
		}
		text := f.Err.Error()
		if same[text]++; same[text] <= mostSkipped {
			p.sayf("hocker: %s: %s", name, text)
		}
	}
	for _, text := range slices.Sorted(maps.Keys(same)) {
		if more := same[text] - mostSkipped; more > 0 {
			p.sayf("hocker: %d more: %s", more, text)
		}
	}
	if isNamed {
		return &absentError{err}
	}
	return err
}

// absentError is returned if a registry does not show an image that a file names, which
// may be one that is built and never pushed.
type absentError struct{ error }

func (e *absentError) Unwrap() error { return e.error }

func (*absentError) hint() string {
	return "if an image is in no registry, write # hocker: skip above the line that names it"
}
