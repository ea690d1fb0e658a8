package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"hocker/fetcher/atomicfile"
	"hocker/fetcher/bytecount"
	"hocker/fetcher/lock"
	"hocker/fetcher/nix"
)

// maxExpression limits the size of an expression, in bytes: an image has a few
// hundred for each layer.
const maxExpression = 16 << 20

// readImages reads a lock file, or has Nix evaluate an expression.
func readImages(ctx context.Context, path string) ([]nix.ImageBlobs, error) {
	input, err := await(ctx, func() (imageFile, error) { return readImageFile(path) })
	if err != nil || input.isLock {
		return input.locked, err
	}
	if input.isStream {
		// Nix cannot read a pipe that has been read.
		copied, err := writeTemporary(input.data)
		if err != nil {
			return nil, err
		}
		defer copied.Discard()
		path = copied.Name()
	}
	images, err := nix.Evaluate(ctx, path)
	if errors.As(err, new(*nix.ExpressionError)) {
		return nil, usagef("%s: %w", input.name, err)
	}
	return images, err
}

// imageFile is a file that names images.
type imageFile struct {
	name     string
	isLock   bool
	locked   []nix.ImageBlobs // of a lock file
	isStream bool             // such as a pipe, which can be read once
	data     []byte
}

func readImageFile(path string) (imageFile, error) {
	input := imageFile{name: path}
	f, err := os.Open(path)
	if err != nil {
		return input, &usageError{err: err}
	}
	defer f.Close()
	input.data, err = io.ReadAll(io.LimitReader(f, maxExpression+1))
	if err != nil {
		return input, &usageError{err: err}
	}
	if info, err := f.Stat(); err == nil {
		input.isStream = !info.Mode().IsRegular()
	}
	switch {
	case isLockFile(path, input.data):
		file, err := lock.Read(path)
		input.isLock, input.locked = true, file.Blobs()
		return input, err
	case len(input.data) > maxExpression:
		return input, usagef("%s is larger than %s, the limit for an expression", path, bytecount.Format(maxExpression))
	case len(bytes.TrimSpace(input.data)) == 0:
		return input, usagef("%s is empty: did the docker2nix that wrote it fail?", path)
	}
	return input, nil
}

// writeTemporary writes a temporary file. The caller discards it.
func writeTemporary(data []byte) (*atomicfile.File, error) {
	f, err := atomicfile.CreateTemporary("")
	if err != nil {
		return nil, err
	}
	_, err = f.Write(data)
	if err = cmp.Or(err, f.Close()); err != nil {
		f.Discard()
		return nil, err
	}
	return f, nil
}

// isLockFile reports whether a file is JSON. An expression may begin with a
// brace too.
func isLockFile(path string, data []byte) bool {
	data = bytes.TrimPrefix(data, []byte("\ufeff")) // as the lock file's own reader does
	rest, brace := bytes.CutPrefix(bytes.TrimSpace(data), []byte("{"))
	return filepath.Ext(path) == ".json" || brace && bytes.HasPrefix(bytes.TrimSpace(rest), []byte(`"`))
}

// choose returns the blobs of the images for the wanted systems.
func (c *prefetchCmd) choose(p process, images []nix.ImageBlobs) (blobs []nix.Blob, err error) {
	platform, err := c.platform()
	if err != nil {
		return nil, &usageError{err: err}
	}
	wanted := nix.System(platform)
	if wanted == "" {
		return nil, usagef("--platform: Nix has no system for %s", c.Platform)
	}
	chosen, others := map[string]bool{}, map[string][]string{}
	for _, i := range images {
		if i.System == "" && c.Platform != "" {
			return nil, usagef("--platform: %s has a single image and does not name its platform: leave out this flag", c.File)
		}
		if i.System == "" || i.System == wanted || c.AllPlatforms {
			blobs = append(blobs, i.Blobs...)
			chosen[i.Name] = true
		} else {
			others[i.Name] = append(others[i.Name], i.System)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(others)) {
		if !chosen[name] {
			c.warn(p, fmt.Sprintf("left out: %s: it is for %s, not for %s", cmp.Or(name, "the image"), strings.Join(others[name], ", "), wanted))
		}
	}
	if len(blobs) == 0 {
		return nil, usagef("%s has no image for %s: choose one with --platform, or use --all-platforms", c.File, wanted)
	}
	return blobs, nil
}
