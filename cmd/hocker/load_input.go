package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"strings"

	"hocker/fetcher/archive"
	"hocker/fetcher/bytecount"
	"hocker/fetcher/image"
)

// loadInput is an image to load, and the argument that it comes from.
type loadInput struct {
	from  string
	image archive.Composition
}

// inputs returns the images to load, each once, in the order of the command line.
// piped is the path of the copy of standard input.
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
				return nil, usagef("%s is a lock file: give it first, then the names of images in it", name)
			}
		}
		images, err := openImages(ctx, name, path, image.DefaultPlatform())
		if err != nil {
			return nil, decompressed(err, name)
		}
		for _, image := range images {
			inputs = append(inputs, loadInput{name, image})
		}
	}
	return inputs, nil
}

// decompressed returns an error with how to load an archive that is compressed.
func decompressed(err error, name string) error {
	var format *archive.FormatError
	if !errors.As(err, &format) || format.Decompressor == "" {
		return err
	}
	program := format.Decompressor + " -dc"
	if name != standardInput {
		program += " " + name
	}
	return &usageError{err: err, hint: "decompress it first: " + program + " | hocker load -"}
}

// distinctImages removes duplicates. Two different images cannot have the same
// name.
func distinctImages(inputs []loadInput) ([]loadInput, error) {
	var distinct []loadInput
	seen := map[string]loadInput{} // by name, or by ID without one
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

// startsAsLockFile reports whether the file at path is a lock file, and not an
// image.json. If path is not a regular file, it is neither.
func startsAsLockFile(path string) (bool, error) {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return false, nil // reading the image reports it
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
		return strings.Contains(path, "lock"), nil // the lock file's parser reports it
	}
	_, isImage := document["config"]
	return !isImage, nil
}
