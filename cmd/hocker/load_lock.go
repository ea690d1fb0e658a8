package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"hocker/fetcher/archive"
	"hocker/fetcher/content"
	"hocker/fetcher/image"
	"hocker/fetcher/lock"
	"hocker/fetcher/nix"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// lockedImages returns the named images of the lock file, or all of them, for this
// machine's system, from the Nix store.
func (c *loadCmd) lockedImages(ctx context.Context, p process) ([]loadInput, error) {
	path := c.Images[0]
	file, err := lock.Read(path)
	if err != nil {
		return nil, err
	}
	names, err := c.lockedNames(file)
	if err != nil {
		return nil, err
	}
	system, store := nix.System(image.DefaultPlatform()), nix.FindStore(p.getenv)
	parts := map[string][]nix.Blob{}
	for _, i := range file.Blobs() {
		if i.System == system {
			parts[i.Name] = i.Blobs
		}
	}
	var inputs []loadInput
	lacking := &notInStoreError{file: path}
	for _, name := range names {
		if parts[name] == nil {
			return nil, usagef("%s: %s is not locked for %s, only for %s", path, name, system, strings.Join(file.Images[name].Systems(), ", "))
		}
		composition, missing := storedImage(parts[name], store)
		if missing != "" {
			lacking.add(name, missing)
			continue
		}
		composition.Reference = file.Images[name].LoadedAs()
		if err := composition.Complete(ctx); err != nil {
			return nil, fmt.Errorf("%s: %s: %w", path, name, err)
		}
		inputs = append(inputs, loadInput{name, composition})
	}
	if len(lacking.images) > 0 {
		return nil, lacking
	}
	return inputs, nil
}

// lockedNames returns the names that the command line asks for.
func (c *loadCmd) lockedNames(file lock.File) ([]string, error) {
	path, names, all := c.Images[0], c.Images[1:], file.Names()
	switch {
	case len(all) == 0:
		return nil, usagef("%s has no images: add one with hocker lock add --file %[1]s", path)
	case c.All && len(names) > 0:
		return nil, usagef("--all and %s cannot be used together", names[0])
	case c.All:
		return all, nil
	case len(names) == 0:
		return nil, usagef("%s has %s: name the images to load, or give --all", path, strings.Join(all, ", "))
	}
	for _, name := range names {
		if !slices.Contains(all, name) {
			return nil, usagef("%s has no image %q, only %s", path, name, strings.Join(all, ", "))
		}
	}
	return names, nil
}

// storedImage returns the image that consists of these blobs, or the path of the
// first blob that the store lacks.
func storedImage(blobs []nix.Blob, store nix.Store) (c archive.Composition, missing string) {
	for _, blob := range blobs {
		path := blob.StorePath(store.Dir)
		// A path that is still being written is shorter.
		if info, err := os.Stat(path); err != nil || info.Size() != blob.Size {
			return c, path
		}
		file := archive.File{Path: path, Descriptor: ocispec.Descriptor{Digest: blob.Digest, Size: blob.Size}}
		switch blob.Kind {
		case "manifest":
			c.Manifest = &file
		case "config":
			c.Config = file
		default:
			c.Layers = append(c.Layers, file)
		}
	}
	return c, ""
}

// notInStoreError reports images of a lock file that are not in the Nix store. It
// matches [content.ErrNotFound].
type notInStoreError struct {
	file   string
	images []string
	path   string // of the first missing blob
}

func (e *notInStoreError) add(image, path string) {
	if e.path == "" {
		e.path = path
	}
	e.images = append(e.images, image)
}

func (e *notInStoreError) Error() string {
	return fmt.Sprintf("%s: not in the Nix store: %s (%s is missing)", e.file, strings.Join(e.images, ", "), e.path)
}

func (e *notInStoreError) Is(target error) bool { return target == content.ErrNotFound }

func (e *notInStoreError) hint() string {
	return "download them first: hocker prefetch " + e.file
}
