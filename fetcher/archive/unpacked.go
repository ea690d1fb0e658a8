package archive

import (
	"cmp"
	"context"
	"io"
	"os"
	"slices"
)

// WriteUnpacked writes the image to f, which is empty, as an archive of unpacked
// layers, so many jobs at a time. The layers are checked against the diff IDs of
// the config. The same composition makes the same bytes.
//
// It is a docker-archive only: dockerTools.buildImage of nixpkgs, which adds
// layers to such an archive, leaves an OCI layout broken behind, and containerd
// then refuses what it makes ("missing index.json in OCI layout").
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
	placed := placement{dockerForm, written, sizes, jobs, put}
	end, err := placed.write(ctx, f)
	if err != nil {
		return err
	}
	t, err := newTables(c.Reference, c.Config.Descriptor, finish(layers))
	if err != nil {
		return err
	}
	tail := newWriter(io.NewOffsetWriter(f, end))
	tail.links(&t, dockerForm)
	tail.file(dockerForm.config(c.Config.Digest), config)
	tail.dockerTables(&t, dockerForm)
	return tail.close()
}
