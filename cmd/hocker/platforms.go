package main

import (
	"context"
	"io"

	"hocker/fetcher/bytecount"
	"hocker/fetcher/image"
	"hocker/fetcher/printable"
)

// availableRow is a platform in the output of --list-platforms --json.
type availableRow struct {
	Platform string `json:"platform"`
	Digest   string `json:"digest"` // of its manifest
	Size     int64  `json:"size"`   // of its manifest, in bytes
}

func (c *manifestCmd) listPlatforms(ctx context.Context, p process, src source) error {
	images, err := image.Platforms(ctx, src.Client, src.ref)
	if err != nil {
		return err
	}
	return c.write(ctx, p, func(w io.Writer) error {
		rows := []availableRow{}
		for _, d := range images {
			rows = append(rows, availableRow{image.FormatPlatform(*d.Platform), d.Digest.String(), d.Size})
		}
		if c.JSON {
			return writeJSON(w, rows)
		}
		table := [][]string{{"PLATFORM", "DIGEST", "SIZE"}}
		for _, row := range rows {
			table = append(table, []string{printable.Cell(row.Platform), row.Digest, bytecount.Format(row.Size)})
		}
		return writeTable(w, table)
	})
}
