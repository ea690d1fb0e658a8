package main

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"hocker/fetcher/bytecount"
	"hocker/fetcher/image"
	"hocker/fetcher/lock"
	"hocker/fetcher/printable"

	"github.com/opencontainers/go-digest"
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
	Follow       string        `json:"follow"`
	Digest       string        `json:"digest"`
	Pinned       bool          `json:"pinned"`
	AllPlatforms bool          `json:"allPlatforms"`
	SignedBy     string        `json:"signedBy"` // fingerprint of a key, or empty
	NoVerify     bool          `json:"noVerify"`
	Sources      []string      `json:"sources"` // the files that name it
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
	return writeTable(p.stdout, withSources(withSigners(rows, images), images))
}

// withSources adds a column with the files that name the images, if there are any.
func withSources(rows [][]string, images []imageRow) [][]string {
	if !slices.ContainsFunc(images, func(row imageRow) bool { return len(row.Sources) > 0 }) {
		return rows
	}
	rows[0] = append(rows[0], "NAMED BY")
	for n, row := range images {
		var cells []string
		for _, path := range row.Sources {
			cells = append(cells, printable.Cell(path))
		}
		rows[n+1] = append(rows[n+1], cmp.Or(strings.Join(cells, ","), "-"))
	}
	return rows
}

// withSigners adds a column that says who signed the images, if the file says that of any.
func withSigners(rows [][]string, images []imageRow) [][]string {
	signed := func(row imageRow) bool { return row.SignedBy != "" || row.NoVerify }
	if !slices.ContainsFunc(images, signed) {
		return rows
	}
	rows[0] = append(rows[0], "SIGNED BY")
	for n, row := range images {
		by := tableDigest(digest.Digest(row.SignedBy))
		if row.NoVerify {
			by = "no-verify"
		}
		rows[n+1] = append(rows[n+1], by)
	}
	return rows
}

func newImageRow(name string, i lock.Image) imageRow {
	row := imageRow{
		Name:         name,
		Reference:    i.Reference.String(),
		Image:        i.LoadedAs(),
		Follow:       i.Follow,
		Digest:       i.Digest().String(),
		Pinned:       i.Pinned(),
		AllPlatforms: i.AllPlatforms,
		SignedBy:     i.SignedBy.String(),
		NoVerify:     i.NoVerify,
		Sources:      append([]string{}, i.Sources...),
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
	shown := ref.Familiar()
	if i.As != "" {
		shown += " as " + i.As
	}
	if i.Follow != "" {
		shown += " follows " + i.Follow
	}
	return shown
}
