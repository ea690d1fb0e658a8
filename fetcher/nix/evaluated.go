package nix

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/opencontainers/go-digest"
)

// ExpressionError reports an expression that Nix cannot evaluate, or whose
// arguments are invalid.
type ExpressionError struct {
	Reason string // on one line
}

func (e *ExpressionError) Error() string { return e.Reason }

// evaluatedImage is an image as evaluate.nix returns it.
type evaluatedImage struct {
	Path   []string        `json:"path"` // attribute names
	Blobs  []evaluatedBlob `json:"blobs"`
	Digest string          `json:"digest"` // fetchdocker's imageDigest
}

// evaluatedBlob is the arguments of a fetch function. A pointer is nil if the
// argument is left out.
type evaluatedBlob struct {
	Kind        string  `json:"kind"`
	Registry    string  `json:"registry"`
	Repository  *string `json:"repository"`
	ImageName   string  `json:"imageName"`
	Tag         string  `json:"tag"`
	SHA256      string  `json:"sha256"`
	Hash        string  `json:"hash"`
	LayerDigest string  `json:"layerDigest"`
	Name        string  `json:"name"`
	Size        int64   `json:"size"`
	MaxSize     int64   `json:"maxSize"`
}

func (e evaluatedImage) image() (ImageBlobs, error) {
	name, system := e.name()
	image := ImageBlobs{Name: name, System: system}
	for _, b := range e.Blobs {
		blob, err := b.blob()
		if err == nil && b.Kind == "manifest" && e.Digest != "" {
			err = checkManifest(e.Digest, blob.Digest)
		}
		if err != nil {
			return ImageBlobs{}, &ExpressionError{strings.Join(append(slices.Clone(e.Path), err.Error()), ": ")}
		}
		image.Blobs = append(image.Blobs, blob)
	}
	return image, nil
}

// name returns the image's name, and its system if the last attribute name is
// one.
func (e evaluatedImage) name() (name, system string) {
	path := e.Path
	if n := len(path); n > 0 && isSystem(path[n-1]) {
		path, system = path[:n-1], path[n-1]
	}
	return strings.Join(path, "."), system
}

func checkManifest(imageDigest string, manifest digest.Digest) error {
	stated, err := ParseHash(imageDigest)
	if err != nil {
		return fmt.Errorf("imageDigest: %w", err)
	}
	if stated != manifest {
		return fmt.Errorf("imageDigest is %s, but the digest of the manifest is %s", stated, manifest)
	}
	return nil
}

// blob checks the arguments as the blob's builder does.
func (b evaluatedBlob) blob() (Blob, error) {
	if b.SHA256 != "" && b.Hash != "" {
		return Blob{}, fmt.Errorf("%s of %s has both sha256 and hash: remove one", b.Kind, b.ImageName)
	}
	d, err := ParseHash(cmp.Or(b.SHA256, b.Hash))
	if err != nil {
		return Blob{}, fmt.Errorf("%s of %s: %w", b.Kind, b.ImageName, err)
	}
	if err := checkLayerDigest(b.LayerDigest, d); err != nil {
		return Blob{}, err
	}
	repository := "library"
	if b.Repository != nil {
		repository = *b.Repository
	}
	path, err := readRepository(map[string]string{"registry": b.Registry, "repository": repository, "imageName": b.ImageName})
	if err != nil {
		return Blob{}, err
	}
	name := cmp.Or(b.Name, LayerName(d))
	if b.Kind != "layer" {
		if _, err := path.Reference(b.Tag); err != nil {
			return Blob{}, err
		}
		name = cmp.Or(b.Name, TagName(b.Kind, repository, b.ImageName, b.Tag, d))
	}
	return Blob{Kind: b.Kind, Name: name, Repository: path, Digest: d, Size: b.Size, MaxSize: b.MaxSize}, CheckName(name)
}

// isSystem reports whether a name is that of a Nix system.
func isSystem(name string) bool {
	architecture, os, _ := strings.Cut(name, "-")
	if os != "linux" && os != "darwin" {
		return false
	}
	for _, system := range systems {
		if system == architecture+"-linux" {
			return true
		}
	}
	return false
}
