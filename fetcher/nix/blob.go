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

// Blob is a layer, a config or a manifest of an image, as the fetch functions
// of nix/fetchdocker.nix have it in the store.
type Blob struct {
	Kind       string // layer, config or manifest
	Name       string // of its derivation, and of its store path
	Repository reference.Repository
	Digest     digest.Digest // sha256
	Size       int64         // in bytes; 0 if it is not known
}

// ImageBlobs are what an image is made of.
type ImageBlobs struct {
	Name   string // where there are images of several names
	System string // that the image is for; empty if nothing says so
	Blobs  []Blob // the manifest if it is pinned, the config, the layers from the lowest on
}

// LayerName returns the name that fetchDockerLayer gives to a layer.
func LayerName(layer digest.Digest) string {
	return "docker-layer-" + layer.Encoded() + ".tar.gz"
}

// TagName returns the name that fetchDockerConfig and fetchDockerManifest give
// to a config or manifest, of the image of these arguments of theirs.
func TagName(kind, repository, imageName, tag string, d digest.Digest) string {
	name := imageName + "_" + tag + "-" + kind + ".json"
	if repository != "" {
		name = repository + "_" + name
	}
	return storeName(name, "docker-"+kind+"-"+d.Encoded()+".json")
}

// maxNameLength is that of a store path's name, 211, less the ".drv" of its
// derivation.
const maxNameLength = 207

// storeName is storeName of nix/names.nix, byte for byte: the name with "_" for
// what no store path has, or the other name where it is too long.
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

// StorePath returns the path that the blob has in the store at dir, as
// /nix/store. It follows from the name and the digest alone.
// https://nix.dev/manual/nix/2.34/protocols/store-path
func (b Blob) StorePath(dir string) string {
	// Of a flat file that is fixed by its hash.
	inner := sha256.Sum256([]byte("fixed:out:" + b.Digest.String() + ":"))
	outer := sha256.Sum256([]byte("output:out:sha256:" + hex.EncodeToString(inner[:]) + ":" + dir + ":" + b.Name))
	path := storepath.StorePath{Name: b.Name, Digest: nixhash.CompressHash(outer[:], storepath.PathHashSize)}
	return dir + "/" + path.String() // Absolute knows /nix/store only
}
