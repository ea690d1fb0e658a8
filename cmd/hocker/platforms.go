package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"

	"hocker/fetcher/bytecount"
	"hocker/fetcher/image"
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
