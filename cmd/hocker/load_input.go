package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"strings"

	"hocker/fetcher/archive"
	"hocker/fetcher/bytecount"
)

// loadInput is an image that the command line asks for, and what it is read from.
type loadInput struct {
	from  string
	image archive.Composition
}

// inputs returns the images to load, each once, in the order in which they are named.
// piped is the path of what came on standard input.
func (c *loadCmd) inputs(ctx context.Context, p process, piped string) ([]loadInput, error) {
	isLock, err := await(ctx, func() (bool, error) { return startsAsLockFile(c.Images[0]) })
	var inputs []loadInput
	switch {
	case err != nil:
		return nil, err
	case isLock:
		inputs, err = c.lockedImages(ctx, p)
	case c.All:
		return nil, usagef("--all: %s is not a lock file", c.Images[0])
	default:
		inputs, err = builtImages(ctx, c.Images, piped)
	}
	if err != nil {
		return nil, err
	}
	return distinctImages(inputs)
}

// builtImages reads the images at some paths.
func builtImages(ctx context.Context, names []string, piped string) ([]loadInput, error) {
	var inputs []loadInput
	for i, name := range names {
		path := name
		if name == standardInput {
			path = piped
		}
		if i > 0 {
			if isLock, _ := startsAsLockFile(path); isLock {
				return nil, usagef("%s is a lock file: name it first, and then images in it", name)
			}
		}
		images, err := openImages(ctx, name, path)
		if err != nil {
			return nil, err
		}
		for _, image := range images {
			inputs = append(inputs, loadInput{name, image})
		}
	}
	return inputs, nil
}

// distinctImages leaves out what is named twice. Two images cannot have one name.
func distinctImages(inputs []loadInput) ([]loadInput, error) {
	var distinct []loadInput
	seen := map[string]loadInput{} // by what loads as the same image
	for _, input := range inputs {
		id := input.image.Config.Digest.String()
		key := input.image.Reference
		if key == "" {
			key = id
		}
		before, found := seen[key]
		switch {
		case !found:
			seen[key] = input
			distinct = append(distinct, input)
		case before.image.Config.Digest.String() != id:
			return nil, usagef("%s and %s are different images with the name %s: load one of them", before.from, input.from, key)
		}
	}
	return distinct, nil
}

// startsAsLockFile reports whether the file at path is a lock file, and not the
// image.json of an image. What cannot be read as a file is neither.
func startsAsLockFile(path string) (bool, error) {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return false, nil // whoever reads it says so
	}
	f, err := os.Open(path)
	if err != nil {
		return false, &usageError{err: err}
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxExpression+1))
	if err != nil {
		return false, &usageError{err: err}
	}
	if !isLockFile(path, data) {
		return false, nil
	}
	if len(data) > maxExpression {
		return false, usagef("%s is larger than %s, the limit for a lock file", path, bytecount.Format(maxExpression))
	}
	var document map[string]json.RawMessage
	if json.Unmarshal(bytes.TrimPrefix(data, []byte("\ufeff")), &document) != nil {
		return strings.Contains(path, "lock"), nil // its reader says what is wrong
	}
	_, isImage := document["config"]
	return !isImage, nil
}
