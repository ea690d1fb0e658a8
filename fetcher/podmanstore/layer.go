package podmanstore

import (
	"time"

	"github.com/opencontainers/go-digest"
)

// layerRecord is an entry of layers.json.
//
// It leaves out the digest of the layer in the registry, by which the engine finds layers when
// it pulls an image. If the image has the layer on top of other layers, the engine would copy
// what the layer changes here, which is less than the layer if the same files are below it.
// Without the digest it downloads the layer, and uses ours only in the same place.
type layerRecord struct {
	ID      string        `json:"id"`
	Parent  string        `json:"parent,omitempty"`
	Created time.Time     `json:"created"`
	DiffID  digest.Digest `json:"diff-digest"`
	Size    int64         `json:"diff-size"`
	UIDs    []uint32      `json:"uidset,omitempty"`
	GIDs    []uint32      `json:"gidset,omitempty"`
}

// created is when layers were made, and images whose config does not say when.
var created = time.Unix(0, 0).UTC()

// storedLayer is a layer at its place in an image.
type storedLayer struct {
	layerRecord
	file  string
	lower []string // the names of the links to the layers below it, the highest first
}

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
				ID:      id,
				Parent:  parent,
				Created: created,
				DiffID:  layer.DiffID,
				Size:    layer.Size,
				UIDs:    layer.UIDs,
				GIDs:    layer.GIDs,
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
// pulled layers the same ID, and so does not store them again.
func chainID(parent string, diffID digest.Digest) string {
	if parent == "" {
		return diffID.Encoded()
	}
	return digest.FromString(parent + "+" + diffID.Encoded()).Encoded()
}
