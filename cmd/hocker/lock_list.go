package main

import (
	"context"
	"strings"

	"hocker/fetcher/bytecount"
	"hocker/fetcher/image"
	"hocker/fetcher/lock"
)

type lockListCmd struct {
	lockFileFlag
	JSON bool `name:"json" help:"Print JSON instead of a table."`
}

func (*lockListCmd) Help() string {
	return "Example:\n  hocker lock list --json | jq -r '.[].reference'"
}

// imageRow is an image in the output of list --json.
type imageRow struct {
	Name         string        `json:"name"`
	Reference    string        `json:"reference"`
	Image        string        `json:"image"` // the name under which it is loaded
	Digest       string        `json:"digest"`
	Pinned       bool          `json:"pinned"`
	AllPlatforms bool          `json:"allPlatforms"`
	Size         int64         `json:"size"`
	Platforms    []platformRow `json:"platforms"`
}

type platformRow struct {
	System   string `json:"system"`
	Platform string `json:"platform"`
	Manifest string `json:"manifest"`
	Layers   int    `json:"layers"`
}

func (c *lockListCmd) Run(ctx context.Context, p process) error {
	file, err := c.read(ctx)
	if err != nil {
		return err
	}
	rows := [][]string{{"NAME", "REFERENCE", "PLATFORMS", "DIGEST", "SIZE"}}
	images := []imageRow{}
	for _, name := range file.Names() {
		row := newImageRow(name, file.Images[name])
		images = append(images, row)
		var platforms []string
		for _, platform := range row.Platforms {
			platforms = append(platforms, platform.Platform)
		}
		rows = append(rows, []string{name, shownReference(file.Images[name]), strings.Join(platforms, ","),
			tableDigest(file.Images[name].Digest()), bytecount.Format(row.Size)})
	}
	if c.JSON {
		return writeJSON(p.stdout, images)
	}
	return writeTable(p.stdout, rows)
}

func newImageRow(name string, i lock.Image) imageRow {
	row := imageRow{
		Name:         name,
		Reference:    i.Reference.String(),
		Image:        i.LoadedAs(),
		Digest:       i.Digest().String(),
		Pinned:       i.Pinned(),
		AllPlatforms: i.AllPlatforms,
		Size:         i.Size(),
	}
	for _, system := range i.Systems() {
		platform := i.Platforms[system]
		row.Platforms = append(row.Platforms, platformRow{
			System:   system,
			Platform: image.FormatPlatform(platform.Platform),
			Manifest: platform.Manifest.Digest.String(),
			Layers:   len(platform.Layers),
		})
	}
	return row
}

// shownReference formats an image's reference for a table. If there is a tag,
// the digest is left out, since it has its own column.
func shownReference(i lock.Image) string {
	ref := i.Reference
	if ref.Tag != "" {
		ref.Digest = ""
	}
	if i.As != "" {
		return ref.Familiar() + " as " + i.As
	}
	return ref.Familiar()
}
