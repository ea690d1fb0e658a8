package main

import (
	"errors"
	"io/fs"
	"strings"

	"hocker/fetcher"
	"hocker/fetcher/credential"
)

// notFoundHint returns a way out if a registry or image lacks what was
// requested.
func notFoundHint(err error, inNix bool) string {
	var (
		layer    *layerError
		withheld *credential.WithheldError
		fetch    *fetcher.FetchError
	)
	switch {
	case errors.As(err, &layer):
		return "hocker-manifest shows the layers; the lowest is number 0, the topmost -1"
	case notFoundFile(err) != "":
		return fileHint(notFoundFile(err))
	case errors.Is(err, fs.ErrNotExist):
		return "the image is incomplete: write it again, with all of its layers"
	case errors.As(err, &withheld):
		return "if the image is private: " + withheldHint(withheld)
	case inNix && wasAnonymous(err):
		return "the registry has no content with this hash under this name: is the hash correct, was the content deleted, or is the image private?"
	case inNix:
		return "the registry has no content with this hash under this name: is the hash correct, or was the content deleted?"
	case errors.As(err, &fetch) && fetch.What == "blob":
		return "the registry does not have this content under this name: is the name correct, or was the content deleted?"
	case wasAnonymous(err):
		return "check the registry, the image's name and its tag; if the image is private, log in or give --username"
	}
	return "check the registry, the image's name and its tag"
}

// notFoundFile returns the tag that was not found if it looks like the name of
// a file, or "".
func notFoundFile(err error) string {
	var fetch *fetcher.FetchError
	if !errors.As(err, &fetch) || fetch.What != "manifest" {
		return ""
	}
	tag := fetch.From[strings.LastIndexAny(fetch.From, "/:")+1:]
	if !isFileName(tag) {
		return ""
	}
	return tag
}

// wasAnonymous reports whether no credential was known. A registry may answer
// "not found" instead of denying access.
func wasAnonymous(err error) bool {
	var answer *fetcher.ResponseError
	return errors.As(err, &answer) && answer.Anonymous
}
