package test

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/opencontainers/go-digest"
)

// savedImage identifies the image in an engine's archive.
type savedImage struct {
	config  digest.Digest
	diffIDs []digest.Digest // lowest first
}

// readSaved reads a docker-archive of one image.
func readSaved(file string) (savedImage, error) {
	f, err := os.Open(file)
	if err != nil {
		return savedImage{}, err
	}
	defer f.Close()
	var manifests []struct {
		Config string
		Layers []string
	}
	unpacked := map[string]digest.Digest{}
	archive := tar.NewReader(f)
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return savedImage{}, err
		}
		if header.Name == "manifest.json" {
			if err := json.NewDecoder(archive).Decode(&manifests); err != nil {
				return savedImage{}, err
			}
		} else if unpacked[header.Name], err = diffID(archive); err != nil {
			return savedImage{}, err
		}
	}
	if len(manifests) != 1 {
		return savedImage{}, fmt.Errorf("%s has %d images", file, len(manifests))
	}
	image := savedImage{config: unpacked[manifests[0].Config]}
	for _, layer := range manifests[0].Layers {
		image.diffIDs = append(image.diffIDs, unpacked[layer])
	}
	return image, nil
}

// diffID returns the digest of the content of r, decompressed if it is gzip.
func diffID(r io.Reader) (digest.Digest, error) {
	buffered := bufio.NewReader(r)
	r = buffered
	if magic, _ := buffered.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(buffered)
		if err != nil {
			return "", err
		}
		r = z
	}
	return digest.FromReader(r)
}
