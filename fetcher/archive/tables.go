package archive

import (
	"encoding/json"
	"slices"
	"strings"

	"hocker/fetcher/reference"

	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/identity"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// annotationImageName is where containerd looks for an image's name in an OCI
// layout: https://github.com/containerd/containerd/blob/v2.1.0/core/images/annotations.go
const annotationImageName = "io.containerd.image.name"

// tables holds what an archive or layout has besides its config and layers: the
// manifest, and the files that lead readers to it.
type tables struct {
	reference reference.Reference // the zero value for an image without a name
	config    ocispec.Descriptor
	layers    []ocispec.Descriptor
	manifest  ocispec.Descriptor
	bytes     []byte // the manifest's
}

// newTables makes a manifest for an image, and its tables.
func newTables(name string, config ocispec.Descriptor, layers []ocispec.Descriptor) (tables, error) {
	m := ocispec.Manifest{
		Versioned: specs.Versioned{SchemaVersion: 2},
		MediaType: ocispec.MediaTypeImageManifest,
		Config:    config,
		Layers:    append([]ocispec.Descriptor{}, layers...),
	}
	data, err := json.Marshal(m)
	if err != nil {
		return tables{}, err
	}
	return tablesOf(name, ocispec.MediaTypeImageManifest, data, m)
}

// tablesOf returns the tables of an image with an existing manifest.
func tablesOf(name, mediaType string, data []byte, m ocispec.Manifest) (tables, error) {
	t := tables{
		config:   m.Config,
		layers:   m.Layers,
		manifest: ocispec.Descriptor{MediaType: mediaType, Digest: digest.FromBytes(data), Size: int64(len(data))},
		bytes:    data,
	}
	if name == "" {
		return t, nil
	}
	var err error
	if t.reference, err = reference.Parse(name); err != nil {
		return tables{}, err
	}
	t.manifest.Annotations = map[string]string{
		annotationImageName:       t.reference.String(),
		ocispec.AnnotationRefName: t.reference.Tag,
	}
	return t, nil
}

func (t *tables) index() ocispec.Index {
	return ocispec.Index{
		Versioned: specs.Versioned{SchemaVersion: 2},
		MediaType: ocispec.MediaTypeImageIndex,
		Manifests: []ocispec.Descriptor{t.manifest},
	}
}

// dockerTable is the name of the file that lists the images of a docker-archive.
const dockerTable = "manifest.json"

// dockerManifest is an entry of manifest.json, which docker load and podman
// load read.
type dockerManifest struct {
	Config   string
	RepoTags []string
	Layers   []string
}

func (t *tables) dockerManifest(names naming) []dockerManifest {
	m := dockerManifest{Config: names.config(t.config.Digest), Layers: []string{}}
	if t.reference.Tag != "" {
		m.RepoTags = []string{t.reference.Familiar()}
	}
	for _, id := range names.ids(t.layers) {
		m.Layers = append(m.Layers, names.layer(id))
	}
	return []dockerManifest{m}
}

// repositories returns the table that Docker used before manifest.json. It is
// nil for an image without a name or without layers.
func (t *tables) repositories(names naming) map[string]map[string]string {
	n := len(t.layers)
	if t.reference.Tag == "" || n == 0 {
		return nil
	}
	top := names.ids(t.layers)[n-1].Encoded()
	return map[string]map[string]string{t.reference.Repository.Familiar(): {t.reference.Tag: top}}
}

// blobName returns the path of a blob in an OCI layout.
func blobName(d digest.Digest) string {
	return strings.Join([]string{"blobs", string(d.Algorithm()), d.Encoded()}, "/")
}

// naming is how an archive names its parts.
type naming struct {
	directories   []string
	config, layer func(digest.Digest) string
	// linked makes each further occurrence of a layer in an image a link to the
	// first.
	linked bool
}

// ids returns the digests by which the archive names the layers, the lowest
// first. If linked is set, each further occurrence of a layer has its chain ID
// as its name, as in docker save.
// https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md#layer-chainid
func (n naming) ids(layers []ocispec.Descriptor) []digest.Digest {
	ids := make([]digest.Digest, len(layers))
	for i, layer := range layers {
		ids[i] = layer.Digest
	}
	if !n.linked {
		return ids
	}
	chain := identity.ChainIDs(slices.Clone(ids))
	for i := range ids {
		if slices.ContainsFunc(layers[:i], func(below ocispec.Descriptor) bool { return below.Digest == layers[i].Digest }) {
			ids[i] = chain[i]
		}
	}
	return ids
}

// layoutNaming is that of a docker-archive that is also an OCI layout.
var layoutNaming = naming{directories: []string{"blobs/", "blobs/sha256/"}, config: blobName, layer: blobName}

// dockerNaming is that of docker save before it wrote OCI layouts. Tools that
// unpack, change and repack an archive rely on it.
var dockerNaming = naming{
	linked: true,
	config: func(d digest.Digest) string { return d.Encoded() + ".json" },
	layer:  func(d digest.Digest) string { return d.Encoded() + "/layer.tar" },
}
