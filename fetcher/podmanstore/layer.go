package podmanstore

import (
	"time"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// layerRecord is an entry of layers.json.
type layerRecord struct {
	ID               string        `json:"id"`
	Parent           string        `json:"parent,omitempty"`
	Created          time.Time     `json:"created"`
	CompressedDigest digest.Digest `json:"compressed-diff-digest"`
	CompressedSize   int64         `json:"compressed-size"`
	DiffID           digest.Digest `json:"diff-digest"`
	Size             int64         `json:"diff-size"`
	Compression      int           `json:"compression,omitempty"`
	UIDs             []uint32      `json:"uidset,omitempty"`
	GIDs             []uint32      `json:"gidset,omitempty"`
}

// created is when layers were made, and images whose config does not say when.
var created = time.Unix(0, 0).UTC()

// storedLayer is a layer at its place in an image.
type storedLayer struct {
	layerRecord
	file  string
	lower []string // the names of the links to the layers below it, the highest first
}

// The numbers by which layers.json names compressions.
const (
	gzipCompression = 2
	zstdCompression = 4
)

// compressions are those numbers by the end of a layer's media type.
var compressions = map[string]int{"gzip": gzipCompression, "zstd": zstdCompression}

// chain returns the layers of an image, the lowest first.
func chain(layers []Layer) []storedLayer {
	var (
		stored []storedLayer
		parent string
		lower  = []string{linkName(baseID)}
	)
	for _, layer := range layers {
		id := chainID(parent, layer.DiffID)
		stored = append(stored, storedLayer{
			layerRecord: layerRecord{
				ID:               id,
				Parent:           parent,
				Created:          created,
				CompressedDigest: layer.Blob.Digest,
				CompressedSize:   layer.Blob.Size,
				DiffID:           layer.DiffID,
				Size:             layer.Size,
				Compression:      compressionOf(layer.Blob),
				UIDs:             layer.UIDs,
				GIDs:             layer.GIDs,
			},
			file:  layer.File,
			lower: lower,
		})
		lower = append([]string{linkName(id)}, lower...)
		parent = id
	}
	return stored
}

// chainID returns the ID of a layer on top of another one, or of none. The engine gives
// pulled layers the same ID, and so does not pull them again.
func chainID(parent string, diffID digest.Digest) string {
	if parent == "" {
		return diffID.Encoded()
	}
	return digest.FromString(parent + "+" + diffID.Encoded()).Encoded()
}

func compressionOf(blob ocispec.Descriptor) int {
	mediaType := blob.MediaType
	return compressions[mediaType[max(0, len(mediaType)-len("gzip")):]]
}
