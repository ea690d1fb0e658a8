package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"hocker/fetcher/archive"
	"hocker/fetcher/atomicfile"
	"hocker/fetcher/content"
	"hocker/fetcher/image"
	"hocker/fetcher/reference"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

type layerCmd struct {
	imageFlags
	outputFlag
	foreignFlag
	maxUnpackedFlag
	Layer      string `short:"l" required:"" placeholder:"DIGEST|N" help:"Layer, by its digest (with or without sha256:) or by its number: 0 is the lowest, -1 the topmost."`
	Continue   string `placeholder:"FILE.part" help:"Keep an interrupted download in this file, and resume from it. Needs --out."`
	Decompress bool   `help:"Write the uncompressed tar archive, verified against the diff ID in the config."`
}

func (*layerCmd) Help() string {
	return "Example:\n  hocker-layer -l 0 --decompress debian:jessie | tar tv"
}

// Validate is called by kong.
func (c *layerCmd) Validate() error {
	if c.Continue != "" && (c.Out == "" || c.Out == "-" || c.Decompress) {
		return fmt.Errorf("--continue needs --out and cannot be used with --decompress")
	}
	if c.Continue != "" {
		if err := checkFolder("--continue", c.Continue); err != nil {
			return err
		}
	}
	if err := c.maxUnpackedFlag.check(); err != nil {
		return err
	}
	return c.registryFlags.Validate()
}

func (c *layerCmd) Run(ctx context.Context, p process) error {
	if err := c.checkBinary(p, "another program"); err != nil {
		return err
	}
	src, err := c.open(ctx, p)
	if err != nil {
		return err
	}
	number, dgst, err := parseLayer(c.Layer)
	if err != nil {
		return &usageError{err: err}
	}
	src.Foreign = c.Foreign
	if dgst.Digest != "" && !c.Decompress && !c.Foreign {
		// The digest alone is enough for the registry.
		return c.writeBlob(ctx, p, src, dgst)
	}
	resolved, err := src.resolveLayers(ctx)
	if err != nil {
		return err
	}
	if dgst.Digest != "" {
		number = slices.IndexFunc(resolved.Image.Layers, func(d ocispec.Descriptor) bool { return d.Digest == dgst.Digest })
		if number < 0 {
			return &layerError{fmt.Errorf("%s has no layer %s", src.ref.Familiar(), dgst.Digest)}
		}
	}
	n := len(resolved.Image.Layers)
	if number < 0 {
		number += n
	}
	if number < 0 || number >= n {
		return &layerError{fmt.Errorf("%s has no layer %s: it has %d", src.ref.Familiar(), c.Layer, n)}
	}
	if !c.Decompress {
		return c.writeBlob(ctx, p, src, resolved.Image.Layers[number])
	}
	return c.writeTar(ctx, p, src, resolved, number)
}

// layerError is returned for a layer that the image does not have.
type layerError struct{ error }

func (*layerError) Is(target error) bool { return target == content.ErrNotFound }

// maxNumberLength distinguishes layer numbers from digests, which may consist
// of decimal digits too.
const maxNumberLength = 6

func parseLayer(s string) (number int, d ocispec.Descriptor, err error) {
	if len(s) <= maxNumberLength {
		number, err = strconv.Atoi(s)
		if err != nil {
			return 0, d, &reference.InputError{What: "layer", Value: s, Reason: "expected a digest or a number"}
		}
		return number, d, nil
	}
	if !strings.Contains(s, ":") {
		s = "sha256:" + s
	}
	d.Digest, err = reference.ParseDigest(s)
	return 0, d, err
}

// writeTar writes a layer unpacked. It verifies both the packed and the
// unpacked form.
func (c *layerCmd) writeTar(ctx context.Context, p process, src source, m image.Resolved, number int) error {
	data, err := src.config(ctx, &m)
	if err != nil {
		return err
	}
	config, err := image.ParseConfig(data)
	if err != nil {
		return fmt.Errorf("config %s: %w", m.Image.Config.Digest, err)
	}
	if err := config.CheckLayers(len(m.Image.Layers)); err != nil {
		return err
	}
	layer, diffID := m.Image.Layers[number], config.DiffIDs[number]
	return c.write(ctx, p, func(w io.Writer) error {
		err := c.unpack(ctx, p, src, layer, diffID, w)
		var mismatch *content.VerifyError
		f, ok := w.(*atomicfile.File)
		if !ok || !f.Seekable() || !errors.As(err, &mismatch) || mismatch.Want != layer.Digest {
			return err
		}
		// A mirror that has sent wrong content is not asked again.
		c.registryFlags.warn(p, err.Error()+", fetching it again")
		if err := f.Truncate(0); err != nil {
			return err
		}
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return err
		}
		return c.unpack(ctx, p, src, layer, diffID, w)
	})
}

func (c *layerCmd) unpack(ctx context.Context, p process, src source, layer ocispec.Descriptor, diffID digest.Digest, w io.Writer) error {
	blob, err := src.Blob(ctx, src.ref.Repository, layer)
	if err != nil {
		return err
	}
	defer blob.Close()
	return c.watch(ctx, p, layer, func(seen io.Writer) error {
		_, err := archive.UnpackTo(w, io.TeeReader(blob, seen), diffID, archive.UnpackLimit(layer.Size, c.MaxUnpacked))
		return err
	})
}
