package archive

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"

	"hocker/fetcher/content"
	"hocker/fetcher/internal/transfer"

	"github.com/opencontainers/go-digest"
)

// LayerError is returned for a layer that does not unpack to the tar archive
// that the image's config names.
type LayerError struct {
	Number int           // from 0 for the lowest
	Digest digest.Digest // of the compressed layer
	DiffID digest.Digest // in the config
	Err    error         // *[UnpackError]
}

func (e *LayerError) Error() string {
	var (
		mismatch *content.VerifyError
		packing  *PackingError
		limit    *content.LimitError
	)
	switch {
	case errors.As(e.Err, &packing), errors.As(e.Err, &limit):
		return fmt.Sprintf("layer %d, %s: %v", e.Number, e.Digest, e.Err)
	case errors.As(e.Err, &mismatch) && mismatch.Got != "":
		return fmt.Sprintf("layer %d, %s, does not match the config: its diff ID is %s, but the config names %s", e.Number, e.Digest, mismatch.Got, e.DiffID)
	}
	return fmt.Sprintf("layer %d, %s, does not match the config, which names the diff ID %s: %v", e.Number, e.Digest, e.DiffID, e.Err)
}

func (e *LayerError) Unwrap() error { return e.Err }

// VerifyLayers verifies the layers against the config's diff IDs. It unpacks
// jobs layers at a time and discards the output.
//
// Errors: *[LayerError].
func (c *Composition) VerifyLayers(ctx context.Context, jobs int) error {
	_, layers, err := c.unpackedLayers()
	if err != nil {
		return err
	}
	type check struct{ digest, diffID digest.Digest }
	seen := map[check]bool{}
	var once []*exportLayer
	for i := range layers {
		layer := &layers[i]
		if again := (check{layer.from.Digest, layer.diffID}); !seen[again] {
			seen[again] = true
			once = append(once, layer)
		}
	}
	// The largest comes first, so that one core does not end up working on it
	// alone.
	slices.SortStableFunc(once, func(a, b *exportLayer) int { return cmp.Compare(b.from.Size, a.from.Size) })
	return eachLayer(ctx, jobs, len(once),
		func(ctx context.Context, i int) error {
			_, err := c.unpackLayer(ctx, once[i], io.Discard)
			return err
		},
		func(context.Context, int) error { return nil })
}

// CheckDiffIDs compares the diff IDs that the layers have, the lowest first, with
// those that the config names.
//
// Errors: *[LayerError].
func (c *Composition) CheckDiffIDs(diffIDs []digest.Digest) error {
	_, layers, err := c.unpackedLayers()
	if err != nil {
		return err
	}
	if len(diffIDs) != len(layers) {
		return fmt.Errorf("there are %d unpacked layers, and the image has %d", len(diffIDs), len(layers))
	}
	for i, layer := range layers {
		if got := diffIDs[i]; got != layer.diffID {
			mismatch := &content.VerifyError{Want: layer.diffID, Got: got, Size: content.SizeUnknown}
			return &LayerError{Number: i, Digest: layer.from.Digest, DiffID: layer.diffID, Err: &UnpackError{mismatch}}
		}
	}
	return nil
}

// unpackedLayers returns the config's bytes and the layers that it names.
func (c *Composition) unpackedLayers() ([]byte, []exportLayer, error) {
	data, config, err := c.readConfig()
	if err != nil {
		return nil, nil, fmt.Errorf("config %s: %w", c.Config.Path, err)
	}
	if err := config.CheckLayers(len(c.Layers)); err != nil {
		return nil, nil, err
	}
	layers := make([]exportLayer, len(c.Layers))
	for i := range c.Layers {
		layers[i] = exportLayer{number: i, from: &c.Layers[i].Descriptor, diffID: config.DiffIDs[i], to: unpackedLayer(config.DiffIDs[i])}
	}
	return data, layers, nil
}

// unpackLayer writes a layer's tar archive to w and returns its size.
func (c *Composition) unpackLayer(ctx context.Context, layer *exportLayer, w io.Writer) (int64, error) {
	f, err := c.Layers[layer.number].open()
	if err != nil {
		return 0, err
	}
	defer f.Close()
	n, err := UnpackTo(w, transfer.ContextReader(ctx, f), layer.diffID, UnpackLimit(layer.from.Size, c.MaxUnpacked))
	var file *fs.PathError
	if err == nil || ctx.Err() != nil || errors.As(err, &file) || errors.Is(err, errWrongGuess) {
		return n, err
	}
	return n, &LayerError{Number: layer.number, Digest: layer.from.Digest, DiffID: layer.diffID, Err: err}
}

// UnpackLayer writes the tar archive of a layer to w, and verifies it against the config's
// diff ID. Layers count from 0 for the lowest. After an error, the caller must discard what
// was written.
//
// Errors: *[LayerError], and those of w.
func (c *Composition) UnpackLayer(ctx context.Context, number int, w io.Writer) error {
	_, layers, err := c.unpackedLayers()
	if err != nil {
		return err
	}
	to := &stickyWriter{w: w}
	_, err = c.unpackLayer(ctx, &layers[number], to)
	return cmp.Or(to.err, err)
}
