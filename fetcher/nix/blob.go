package nix

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"hocker/fetcher/reference"

	"github.com/nix-community/go-nix/pkg/nixhash"
	"github.com/nix-community/go-nix/pkg/storepath"
	"github.com/opencontainers/go-digest"
)

// Blob is a layer, config or manifest of an image, as the fetch functions of
// nix/fetchdocker.nix put it into the store.
type Blob struct {
	Kind       string // layer, config or manifest
	Name       string // of its derivation, and of its store path
	Repository reference.Repository
	Digest     digest.Digest // sha256
	Size       int64         // in bytes; 0 if unknown
	MaxSize    int64         // limit for a blob of unknown size; 0 for the default
}

// ImageBlobs are the blobs of one image.
type ImageBlobs struct {
	Name   string // empty if there is only one image
	System string // the image's Nix system; empty if unknown
	Blobs  []Blob // the manifest if it is pinned, the config, the layers from the base up
}

// LayerName returns the name that fetchDockerLayer gives to a layer.
func LayerName(layer digest.Digest) string {
	return "docker-layer-" + layer.Encoded() + ".tar.gz"
}

// TagName returns the name that fetchDockerConfig and fetchDockerManifest give
// to a config or manifest.
func TagName(kind, repository, imageName, tag string, d digest.Digest) string {
	name := imageName + "_" + tag + "-" + kind + ".json"
	if repository != "" {
		name = repository + "_" + name
	}
	return storeName(name, "docker-"+kind+"-"+d.Encoded()+".json")
}

// maxNameLength is the limit of a store path's name, 211, minus the ".drv" of
// the derivation.
const maxNameLength = 207

// storeName does the same as storeName in nix/names.nix. It replaces characters
// that are invalid in a store path by "_", and returns otherwise if the name is
// too long.
func storeName(name, otherwise string) string {
	clean := []byte(name)
	for i, c := range clean {
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		if !letter && !strings.ContainsRune("+._?=-", rune(c)) {
			clean[i] = '_'
		}
	}
	switch {
	case len(clean) > maxNameLength:
		return otherwise
	case len(clean) > 0 && clean[0] == '.':
		return "_" + string(clean)
	}
	return string(clean)
}

// StorePath returns the blob's path in the store at dir, such as /nix/store.
// The name and the digest determine it.
// https://nix.dev/manual/nix/2.34/protocols/store-path
func (b Blob) StorePath(dir string) string {
	// The path of a flat fixed-output file:
	inner := sha256.Sum256([]byte("fixed:out:" + b.Digest.String() + ":"))
	outer := sha256.Sum256([]byte("output:out:sha256:" + hex.EncodeToString(inner[:]) + ":" + dir + ":" + b.Name))
	path := storepath.StorePath{Name: b.Name, Digest: nixhash.CompressHash(outer[:], storepath.PathHashSize)}
	return dir + "/" + path.String() // path.Absolute supports only /nix/store
}
