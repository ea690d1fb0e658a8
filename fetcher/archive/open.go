package archive

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// Open reads the images in an OCI layout or an archive: an OCI layout in a tar archive,
// or a docker-archive, as docker save and podman save write them. Their layers are read
// in place. From a multi-platform image, it picks the one that fits want best.
//
// The errors do not name path. They are *[FormatError], *[image.NoPlatformError], *[content.VerifyError], and those of
// [Composition.Complete].
func Open(ctx context.Context, path string, want ocispec.Platform) ([]Composition, error) {
	t, err := openTree(path)
	if err != nil {
		return nil, err
	}
	images, err := readTree(ctx, t, want)
	for i := range images {
		if err == nil {
			err = images[i].Complete(ctx)
		}
	}
	return images, err
}

func openTree(path string) (tree, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		return folder(path), nil
	case !info.Mode().IsRegular():
		return nil, &FormatError{Reason: "not a regular file"}
	case info.Size() == 0:
		return nil, &FormatError{Reason: "the file is empty, expected an archive"}
	}
	if err := checkUncompressed(f); err != nil {
		return nil, err
	}
	t, err := readTarball(path, f)
	if err != nil {
		return nil, &FormatError{Reason: "not an image archive: " + err.Error()}
	}
	return t, nil
}

// readTree reads the images that the tables of a tree name. An OCI layout has their
// manifests. If the tree is a docker-archive too, that may name images that the layout
// leaves out.
func readTree(ctx context.Context, t tree, want ocispec.Platform) (images []Composition, err error) {
	empty := ""
	for _, format := range []struct {
		table string
		read  func(context.Context, tree, File, ocispec.Platform) ([]Composition, error)
	}{
		{ocispec.ImageIndexFile, readOCILayout},
		{dockerTable, readDockerArchive},
	} {
		table, err := t.file(format.table)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		more, err := format.read(ctx, t, table, want)
		if err != nil {
			return nil, err
		}
		if len(more) == 0 {
			empty = cmp.Or(empty, format.table)
		}
		images = addImages(images, more)
	}
	switch {
	case len(images) > 0:
		return images, nil
	case empty != "":
		return nil, &FormatError{Reason: empty + " names no image"}
	}
	return nil, &FormatError{Reason: fmt.Sprintf("not an image: it has neither %s nor %s", ocispec.ImageIndexFile, dockerTable)}
}
