package archive

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"hocker/fetcher/bounded"
	"hocker/fetcher/content"
	"hocker/fetcher/image"
	"hocker/fetcher/reference"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// Composition is an image whose parts are files with separate paths, as in the
// Nix store. It is stored as JSON.
type Composition struct {
	// Reference is the name under which the image is loaded, such as
	// debian:jessie. It is empty for an image without a name.
	Reference string `json:"reference"`
	Config    File   `json:"config"`
	Layers    []File `json:"layers"` // the lowest first, compressed or not
	// Manifest is the registry's manifest of the image. Without it, one is made
	// from the config and the layers.
	Manifest *File `json:"manifest,omitempty"`
	// Platform is the platform that the image must be for, such as
	// linux/arm64/v8. If it is empty, any platform will do.
	Platform string `json:"platform,omitempty"`
	// Verify says whether to verify the layers against the config's diff IDs
	// before the image is used.
	Verify bool `json:"verify,omitempty"`
	// MaxUnpacked limits the size that a layer may unpack to, in bytes. 0 means the
	// default: see [UnpackLimit].
	MaxUnpacked int64 `json:"maxUnpacked,omitempty"`
	// Index is the index that lists the image in an OCI layout, or the zero value.
	Index image.Manifest `json:"-"`
}

// maxComposition limits the size of a composition, in bytes. A layer takes a few hundred.
const maxComposition = 16 << 20

// ReadComposition reads a composition from the file at path. Some reads, such
// as those of a pipe, cannot be interrupted: if ctx ends first, the read is
// abandoned.
func ReadComposition(ctx context.Context, path string) (Composition, error) {
	data, err := bounded.ReadFile(ctx, path, maxComposition, "an image.json")
	if err != nil {
		return Composition{}, err
	}
	c, err := ParseComposition(data)
	if err != nil {
		return Composition{}, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

// ParseComposition parses a composition from JSON.
//
// Errors: *[image.AmbiguousError].
func ParseComposition(data []byte) (Composition, error) {
	var c Composition
	if err := image.Unmarshal("file", data, &c); err != nil {
		return Composition{}, err
	}
	return c, nil
}

// Complete fills in sizes, media types and missing digests, and returns an
// error if the files cannot belong to one image. A digest that is given is
// trusted, since Nix has verified it.
func (c *Composition) Complete(ctx context.Context) error {
	if strings.Contains(c.Reference, "://") { // not quoted, since it may contain a password
		return errors.New("reference: an image is loaded under a name, without http:// or docker://")
	}
	if c.Reference != "" {
		ref, err := reference.Parse(c.Reference)
		if err != nil {
			return err
		}
		if ref.Digest != "" {
			return fmt.Errorf("reference %s: an image is loaded under a name and a tag, not under a digest", c.Reference)
		}
		c.Reference = ref.Familiar()
	}
	config, err := c.completeConfig()
	if err != nil {
		return fmt.Errorf("config %s: %w", c.Config.Path, err)
	}
	if c.Platform != "" {
		platform, err := image.ParsePlatform(c.Platform)
		if err == nil {
			err = config.CheckPlatform(platform)
		}
		if err != nil {
			return fmt.Errorf("config %s: %w", c.Config.Path, err)
		}
	}
	if err := config.CheckLayers(len(c.Layers)); err != nil {
		return err
	}
	for i := range c.Layers {
		if err := c.Layers[i].complete(ctx); err != nil {
			return fmt.Errorf("layer %d: %w", i, err)
		}
	}
	if c.Manifest != nil {
		if err := c.completeManifest(); err != nil {
			return fmt.Errorf("manifest %s: %w", c.Manifest.Path, err)
		}
	}
	return nil
}

// completeManifest checks that the manifest belongs to the config and layers,
// and fills in its descriptor.
func (c *Composition) completeManifest() error {
	data, err := c.Manifest.read("manifest", image.MaxManifestSize)
	if err != nil {
		return err
	}
	m, err := image.ParseManifest(data)
	if err != nil {
		return err
	}
	if m.Config.Digest != c.Config.Digest {
		return fmt.Errorf("it belongs to another image: its config is %s, expected %s", m.Config.Digest, c.Config.Digest)
	}
	if len(m.Layers) != len(c.Layers) {
		return fmt.Errorf("it belongs to another image: it has %d layers, expected %d", len(m.Layers), len(c.Layers))
	}
	if err := image.RequirePlain(m.Layers); err != nil {
		return err
	}
	for i, layer := range m.Layers {
		if layer.Digest != c.Layers[i].Digest {
			return fmt.Errorf("it belongs to another image: layer %d is %s, expected %s", i, layer.Digest, c.Layers[i].Digest)
		}
	}
	c.Manifest.Descriptor = ocispec.Descriptor{
		MediaType: cmp.Or(m.MediaType, ocispec.MediaTypeImageManifest),
		Digest:    digest.FromBytes(data),
		Size:      int64(len(data)),
	}
	return nil
}

func (c *Composition) completeConfig() (image.Config, error) {
	data, config, err := c.readConfig()
	if err != nil {
		return image.Config{}, err
	}
	c.Config.Descriptor = ocispec.Descriptor{
		MediaType: ocispec.MediaTypeImageConfig,
		Digest:    digest.FromBytes(data),
		Size:      int64(len(data)),
	}
	return config, nil
}

// readConfig returns the config, as bytes and parsed.
func (c *Composition) readConfig() ([]byte, image.Config, error) {
	data, err := c.Config.read("config", image.MaxConfigSize)
	if err != nil {
		return nil, image.Config{}, err
	}
	config, err := image.ParseConfig(data)
	return data, config, err
}

// ManifestBytes returns the registry's manifest of the image, or the one made
// from the config and the layers.
func (c *Composition) ManifestBytes() ([]byte, error) {
	t, err := c.tables()
	return t.bytes, err
}

// tables returns the tables of the image.
func (c *Composition) tables() (tables, error) {
	if c.Manifest == nil {
		layers := make([]ocispec.Descriptor, len(c.Layers))
		for i, layer := range c.Layers {
			layers[i] = layer.Descriptor
		}
		return newTables(c.Reference, c.Config.Descriptor, layers)
	}
	data, err := c.Manifest.read("manifest", image.MaxManifestSize)
	if err != nil {
		return tables{}, err
	}
	m, err := image.ParseManifest(data)
	if err != nil {
		return tables{}, fmt.Errorf("%s: %w", c.Manifest.Path, err)
	}
	if got := digest.FromBytes(data); got != c.Manifest.Digest {
		return tables{}, fmt.Errorf("%s: %w", c.Manifest.Path, &content.VerifyError{Want: c.Manifest.Digest, Got: got, Read: int64(len(data)), Size: content.SizeUnknown})
	}
	return tablesOf(c.Reference, c.Manifest.MediaType, data, m)
}

// ConfigBytes returns the image's config.
func (c *Composition) ConfigBytes() ([]byte, error) {
	data, _, err := c.readConfig()
	if err != nil {
		return nil, fmt.Errorf("config %s: %w", c.Config.Path, err)
	}
	return data, nil
}
