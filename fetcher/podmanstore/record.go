package podmanstore

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/opencontainers/go-digest"
)

// imageRecord is an entry of images.json.
type imageRecord struct {
	ID       string        `json:"id"`
	Digest   digest.Digest `json:"digest"`
	Names    []string      `json:"names,omitempty"`
	History  []string      `json:"names-history,omitempty"` // the names it has had
	TopLayer string        `json:"layer,omitempty"`
	Metadata string        `json:"metadata"`
	// The files of the image's folder, by the names that fileName makes file names of.
	BigDataNames   []string                 `json:"big-data-names"`
	BigDataSizes   map[string]int64         `json:"big-data-sizes"`
	BigDataDigests map[string]digest.Digest `json:"big-data-digests"`
	Created        time.Time                `json:"created"`
}

// storedImage is an image with all its names and manifests.
type storedImage struct {
	record imageRecord
	data   map[string][]byte // by the names of BigDataNames
}

// manifestData is the name of the data that is an image's manifest. Further manifests have
// it as the start of their names.
const manifestData = "manifest"

// storeImage returns an image under the names and manifests of the images, which have the
// same config.
func storeImage(images []*Image) (storedImage, error) {
	config := images[0].Config
	configDigest := digest.FromBytes(config)
	s := storedImage{data: map[string][]byte{configDigest.String(): config}}
	for _, image := range images {
		if name := image.Reference; name.Path != "" {
			s.record.Names = append(s.record.Names, name.String())
		}
		d := digest.FromBytes(image.Manifest)
		s.data[manifestData+"-"+d.String()] = image.Manifest
		if s.record.Digest == "" || d < s.record.Digest {
			s.record.Digest = d
			s.data[manifestData] = image.Manifest
		}
	}
	slices.Sort(s.record.Names)
	s.record.Names = slices.Compact(s.record.Names)
	s.record.History = s.record.Names
	s.record.ID = configDigest.Encoded()
	if layers := chain(images[0].Layers); len(layers) > 0 {
		s.record.TopLayer = layers[len(layers)-1].ID
	}
	s.record.Metadata = "{}"
	s.record.BigDataNames = slices.Sorted(maps.Keys(s.data))
	s.record.BigDataSizes = map[string]int64{}
	s.record.BigDataDigests = map[string]digest.Digest{}
	for name, data := range s.data {
		s.record.BigDataSizes[name] = int64(len(data))
		s.record.BigDataDigests[name] = digest.FromBytes(data)
	}
	var err error
	s.record.Created, err = createdIn(config)
	return s, err
}

// createdIn returns when an image was made, by its config.
func createdIn(config []byte) (time.Time, error) {
	var c struct{ Created *time.Time }
	if err := json.Unmarshal(config, &c); err != nil {
		return time.Time{}, fmt.Errorf("config %s: %w", digest.FromBytes(config), err)
	}
	return *cmp.Or(c.Created, &created), nil
}

// groupImages returns the images in groups of the same config, sorted by it.
func groupImages(images []Image) [][]*Image {
	byConfig := map[digest.Digest][]*Image{}
	for i := range images {
		d := digest.FromBytes(images[i].Config)
		byConfig[d] = append(byConfig[d], &images[i])
	}
	var groups [][]*Image
	for _, d := range slices.Sorted(maps.Keys(byConfig)) {
		group := byConfig[d]
		slices.SortStableFunc(group, func(a, b *Image) int {
			return cmp.Or(bytes.Compare(a.Manifest, b.Manifest), cmp.Compare(a.Reference.String(), b.Reference.String()))
		})
		groups = append(groups, group)
	}
	return groups
}
