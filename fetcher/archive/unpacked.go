package archive

import (
	"cmp"
	"context"
	"io"
	"os"
	"slices"
)

// WriteUnpacked writes the image to f, which must be empty, as an archive of
// unpacked layers. It unpacks jobs layers at a time and verifies them against
// the config's diff IDs. The same composition gives the same bytes.
//
// The archive is not also an OCI layout. dockerTools.buildImage of nixpkgs adds
// layers to such an archive and leaves a broken layout behind, and containerd
// then refuses the result ("missing index.json in OCI layout").
//
// Errors: *[LayerError].
func (c *Composition) WriteUnpacked(ctx context.Context, f *os.File, jobs int) error {
	config, layers, err := c.unpackedLayers()
	if err != nil {
		return err
	}
	written := distinct(layers)
	slices.SortStableFunc(written, func(a, b *exportLayer) int { return cmp.Compare(b.from.Size, a.from.Size) })
	sizes := make([]int64, len(written))
	for i, layer := range written {
		sizes[i] = guessFileSize(c.Layers[layer.number])
	}
	put := func(ctx context.Context, layer *exportLayer, to place) (err error) {
		layer.to.Size, err = c.unpackLayer(ctx, layer, io.NewOffsetWriter(to, 0))
		return err
	}
	placed := placement{dockerNaming, written, sizes, jobs, put}
	end, err := placed.write(ctx, f)
	if err != nil {
		return err
	}
	t, err := newTables(c.Reference, c.Config.Descriptor, finish(layers))
	if err != nil {
		return err
	}
	tail := newWriter(io.NewOffsetWriter(f, end))
	tail.links(&t, dockerNaming)
	tail.file(dockerNaming.config(c.Config.Digest), config)
	tail.dockerTables(&t, dockerNaming)
	return tail.close()
}
