package test

import (
	"archive/tar"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/opencontainers/go-digest"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"
)

// archived is the content of an image archive or layout: the digest of every file, and
// the data of small files.
type archived struct {
	data    map[string][]byte
	digests map[string]digest.Digest // with the algorithm in the blob's name
}

// smallFile is the size up to which archived keeps a file's data.
const smallFile = 1 << 20

func (a *archived) add(name string, content io.Reader) error {
	if _, ok := a.digests[name]; ok {
		return fmt.Errorf("%s occurs twice", name)
	}
	algorithm := digest.Algorithm(path.Base(path.Dir(name)))
	if !algorithm.Available() {
		algorithm = digest.Canonical
	}
	data, err := io.ReadAll(content)
	if err != nil {
		return err
	}
	a.digests[name] = algorithm.FromBytes(data)
	if len(data) <= smallFile {
		a.data[name] = data
	}
	return nil
}

// readArchive reads a tar archive, or the files of a directory.
func readArchive(file string) (*archived, error) {
	a := &archived{data: map[string][]byte{}, digests: map[string]digest.Digest{}}
	if info, err := os.Stat(file); err == nil && info.IsDir() {
		return a, a.readDirectory(file)
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	archive := tar.NewReader(f)
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return a, nil
		}
		if err != nil {
			return nil, err
		}
		if header.Typeflag == tar.TypeReg {
			if err := a.add(header.Name, archive); err != nil {
				return nil, err
			}
		}
	}
}

func (a *archived) readDirectory(dir string) error {
	return filepath.WalkDir(dir, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		f, err := os.Open(file)
		if err != nil {
			return err
		}
		defer f.Close()
		name, err := filepath.Rel(dir, file)
		if err != nil {
			return err
		}
		return a.add(filepath.ToSlash(name), f)
	})
}

// has checks that a blob is present and has the digest in its name.
func (a *archived) has(d digest.Digest) error {
	name := path.Join("blobs", d.Algorithm().String(), d.Encoded())
	got, ok := a.digests[name]
	if !ok {
		return fmt.Errorf("no %s", name)
	}
	if got != d {
		return fmt.Errorf("%s has digest %s", name, got)
	}
	return nil
}

// checkLayout checks that the archive is an OCI layout of this image, and returns the
// digest of its manifest.
func (a *archived) checkLayout(config digest.Digest, layers []digest.Digest) (digest.Digest, error) {
	var index v1.Index
	if err := json.Unmarshal(a.data[v1.ImageIndexFile], &index); err != nil {
		return "", fmt.Errorf("%s: %w", v1.ImageIndexFile, err)
	}
	if len(index.Manifests) != 1 {
		return "", fmt.Errorf("%s names %d manifests, want 1", v1.ImageIndexFile, len(index.Manifests))
	}
	top := index.Manifests[0].Digest
	if err := a.has(top); err != nil {
		return "", err
	}
	var manifest v1.Manifest
	if err := json.Unmarshal(a.data[path.Join("blobs", top.Algorithm().String(), top.Encoded())], &manifest); err != nil {
		return "", fmt.Errorf("manifest: %w", err)
	}
	var got []digest.Digest
	for _, d := range manifest.Layers {
		got = append(got, d.Digest)
	}
	if manifest.Config.Digest != config || !slices.Equal(got, layers) {
		return "", fmt.Errorf("the manifest names config %s and layers %s, want %s and %s", manifest.Config.Digest, got, config, layers)
	}
	for _, d := range append(got, config) {
		if err := a.has(d); err != nil {
			return "", err
		}
	}
	return top, nil
}

// checkDocker checks that the archive is a docker-archive of this image.
func (a *archived) checkDocker(name string, config digest.Digest, layers []digest.Digest) error {
	var manifests []struct {
		Config           string
		RepoTags, Layers []string
	}
	if err := json.Unmarshal(a.data["manifest.json"], &manifests); err != nil {
		return fmt.Errorf("manifest.json: %w", err)
	}
	if len(manifests) != 1 || !slices.Equal(manifests[0].RepoTags, []string{name}) {
		return fmt.Errorf("manifest.json has %+v, want one image with the name %s", manifests, name)
	}
	if got := a.digests[manifests[0].Config]; got != config {
		return fmt.Errorf("the config has digest %s, want %s", got, config)
	}
	var got []digest.Digest
	for _, file := range manifests[0].Layers {
		got = append(got, a.digests[file])
	}
	if !slices.Equal(got, layers) {
		return fmt.Errorf("the layers are %s, want %s", got, layers)
	}
	return nil
}
