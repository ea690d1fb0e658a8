package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"hocker/fetcher/bytecount"
	"hocker/fetcher/image"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// availableRow is a platform in the output of --list-platforms --json.
type availableRow struct {
	Platform string `json:"platform"`
	Digest   string `json:"digest"` // of its manifest
	Size     int64  `json:"size"`   // of its manifest, in bytes
}

func (c *manifestCmd) listPlatforms(ctx context.Context, p process, src source) error {
	images, err := src.platforms(ctx)
	if err != nil {
		return err
	}
	return c.write(ctx, p, func(w io.Writer) error {
		rows := []availableRow{}
		for _, d := range images {
			rows = append(rows, availableRow{image.FormatPlatform(platformOf(d)), d.Digest.String(), d.Size})
		}
		if c.JSON {
			return encodeJSON(w, rows)
		}
		table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "PLATFORM\tDIGEST\tSIZE")
		for _, row := range rows {
			fmt.Fprintf(table, "%s\t%s\t%s\n", row.Platform, row.Digest, bytecount.Format(row.Size))
		}
		return table.Flush()
	})
}

// platforms returns the images that there are, one for each platform: those of
// an index, or the only one.
func (s source) platforms(ctx context.Context) ([]ocispec.Descriptor, error) {
	images, err := image.Platforms(ctx, s.Client, s.ref)
	var kind *image.KindMismatchError
	if !errors.As(err, &kind) || kind.Got != image.KindManifest {
		return images, err
	}
	m, err := s.Manifest(ctx, s.ref)
	if err != nil {
		return nil, err
	}
	parsed, err := image.ParseManifest(m.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.ref.Familiar(), err)
	}
	data, err := s.config(ctx, image.Resolved{Manifest: m, Image: parsed})
	if err != nil {
		return nil, err
	}
	config, err := image.ParseConfig(data)
	if err != nil {
		return nil, fmt.Errorf("config %s: %w", parsed.Config.Digest, err)
	}
	return []ocispec.Descriptor{{MediaType: parsed.MediaType, Digest: m.Digest, Size: int64(len(m.Bytes)), Platform: &config.Platform}}, nil
}
