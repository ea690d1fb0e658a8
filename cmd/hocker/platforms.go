package main

import (
	"context"
	"io"

	"hocker/fetcher/bytecount"
	"hocker/fetcher/image"
	"hocker/fetcher/inspect"
	"hocker/fetcher/printable"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

func (c *manifestCmd) listPlatforms(ctx context.Context, p process, src source, v *verifier) error {
	images, err := src.platforms(ctx, v)
	if err != nil {
		return err
	}
	return c.write(ctx, p, func(w io.Writer) error {
		rows := []inspect.Platform{}
		for _, d := range images {
			rows = append(rows, inspect.Platform{Platform: image.FormatPlatform(*d.Platform), Digest: d.Digest, Size: d.Size})
		}
		if c.JSON {
			return writeJSON(w, rows)
		}
		table := [][]string{{"PLATFORM", "DIGEST", "SIZE"}}
		for _, row := range rows {
			table = append(table, []string{printable.Cell(row.Platform), row.Digest.String(), bytecount.Format(row.Size)})
		}
		return writeTable(w, table)
	})
}

// platforms returns the platforms of the image. With a verifier, a key must vouch for the
// index or for all of them.
func (s source) platforms(ctx context.Context, v *verifier) ([]ocispec.Descriptor, error) {
	if v == nil {
		return image.Platforms(ctx, s.Client, s.ref)
	}
	top, err := s.Manifest(ctx, s.ref)
	if err != nil {
		return nil, err
	}
	at := s.ref
	at.Digest = top.Digest // the tag may move
	images, err := image.Platforms(ctx, s.Client, at)
	if err != nil {
		return nil, err
	}
	var manifests []digest.Digest
	for _, d := range images {
		manifests = append(manifests, d.Digest)
	}
	if image.Identify(top.Bytes) != image.KindIndex {
		top = image.Manifest{}
	}
	return images, v.verify(ctx, s.ref, top, manifests...)
}
