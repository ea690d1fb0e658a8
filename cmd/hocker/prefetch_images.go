package main

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"hocker/fetcher/bytecount"
	"hocker/fetcher/lock"
	"hocker/fetcher/nix"
)

// maxExpression bounds what is read as an expression: an image has a few
// hundred bytes for each layer.
const maxExpression = 16 << 20

// readImages reads a lock file or what docker2nix wrote.
func readImages(path string) ([]nix.ImageBlobs, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, &usageError{err: err}
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxExpression+1))
	switch {
	case err != nil:
		return nil, &usageError{err: err}
	case isLockFile(path, data):
		file, err := lock.Read(path)
		return file.Blobs(), err
	case len(data) > maxExpression:
		return nil, usagef("%s: it is larger than %s, and not an expression of docker2nix", path, bytecount.Format(maxExpression))
	case len(bytes.TrimSpace(data)) == 0:
		return nil, usagef("%s: it is empty: did the docker2nix before it fail?", path)
	}
	images, err := nix.ParseExpression(data)
	if err != nil {
		return nil, usagef("%s: %w (what it wrote is read as it is: write it again, or let Nix build what was changed)", path, err)
	}
	return images, nil
}

// isLockFile reports whether a file is to be read as JSON: both forms begin with
// a brace.
func isLockFile(path string, data []byte) bool {
	data = bytes.TrimPrefix(data, []byte("\ufeff")) // as the lock file's own reader does
	rest, brace := bytes.CutPrefix(bytes.TrimSpace(data), []byte("{"))
	return filepath.Ext(path) == ".json" || brace && bytes.HasPrefix(bytes.TrimSpace(rest), []byte(`"`))
}

// choose returns the blobs of the images that are wanted.
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
			return nil, usagef("--platform: %s has one image, and does not say what it is for: leave this out", c.File)
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
			c.warn(p, fmt.Sprintf("left out: %s, which is for %s, and not for %s", cmp.Or(name, "the image"), strings.Join(others[name], ", "), wanted))
		}
	}
	if len(blobs) == 0 {
		return nil, usagef("%s has no image for %s: choose with --platform, or take --all-platforms", c.File, wanted)
	}
	return blobs, nil
}
