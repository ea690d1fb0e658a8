package lock

import (
	"cmp"

	"hocker/fetcher/nix"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// Blobs returns the blobs of every image and system, sorted by image name and system.
// Each has the name that fetchdockerLock (nix/lock.nix) gives it in the store.
func (f File) Blobs() []nix.ImageBlobs {
	var images []nix.ImageBlobs
	for _, name := range f.Names() {
		image := f.Images[name]
		for _, system := range image.Systems() {
			images = append(images, nix.ImageBlobs{Name: name, System: system, Blobs: image.storeBlobs(image.Platforms[system])})
		}
	}
	return images
}

// storeBlobs returns the manifest, the config and the layers of one platform.
func (i Image) storeBlobs(p Platform) []nix.Blob {
	repository, imageName := i.Reference.Split()
	tag := cmp.Or(i.Reference.Tag, i.Reference.Digest.String())
	blob := func(kind, name string, d ocispec.Descriptor) nix.Blob {
		return nix.Blob{Kind: kind, Name: name, Repository: i.Reference.Repository, Digest: d.Digest, Size: d.Size}
	}
	tagged := func(kind string, d ocispec.Descriptor) nix.Blob {
		return blob(kind, nix.TagName(kind, repository, imageName, tag, d.Digest), d)
	}
	blobs := []nix.Blob{tagged("manifest", p.Manifest), tagged("config", p.Config)}
	for _, layer := range p.Layers {
		blobs = append(blobs, blob("layer", nix.LayerName(layer.Digest), layer))
	}
	return blobs
}
