package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"

	"hocker/fetcher"
	"hocker/fetcher/image"
	"hocker/fetcher/lock"

	"github.com/opencontainers/go-digest"
)

type lockListCmd struct {
	lockFileFlag
	JSON bool `name:"json" help:"Print JSON instead of a table."`
}

// imageRow is an image in the output of list --json.
type imageRow struct {
	Name         string        `json:"name"`
	Reference    string        `json:"reference"`
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

func (c *lockListCmd) Run(p process) error {
	file, err := c.read()
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
		rows = append(rows, []string{name, tagOf(file.Images[name].Reference).Familiar(), strings.Join(platforms, ","),
			tableDigest(file.Images[name].Digest()), byteCount(row.Size)})
	}
	if c.JSON {
		return writeJSON(p, images)
	}
	return writeTable(p, rows)
}

func newImageRow(name string, i lock.Image) imageRow {
	row := imageRow{
		Name:         name,
		Reference:    i.Reference.String(),
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

// tagOf leaves the digest out beside a tag: it has a column of its own.
func tagOf(ref fetcher.Reference) fetcher.Reference {
	if ref.Tag != "" {
		ref.Digest = ""
	}
	return ref
}

type lockCheckCmd struct {
	lockFileFlag
	lockRegistryFlags
	JSON bool `name:"json" help:"Print JSON for all images instead of the moved tags."`
}

func (*lockCheckCmd) Help() string {
	return "Each tag is asked for once, by HEAD, which Docker Hub does not count as a pull. " +
		"--registry says which registry the credentials are for, where the images come from several.\n\n" +
		"Example:\n  hocker lock check || hocker lock update"
}

// tagRow is an image in the output of check --json.
type tagRow struct {
	Name      string `json:"name"`
	Reference string `json:"reference"`
	Locked    string `json:"locked"`
	Current   string `json:"current"`
	Moved     bool   `json:"moved"`
}

func (c *lockCheckCmd) Run(ctx context.Context, p process) error {
	file, err := c.read()
	if err != nil {
		return err
	}
	var refs []fetcher.Reference
	for _, i := range file.Images {
		refs = append(refs, i.Reference)
	}
	locker, err := c.locker(p, refs)
	if err != nil {
		return err
	}
	tags, failed := locker.Check(ctx, file)
	moved, err := c.show(p, file.Names(), tags)
	switch {
	case err != nil:
		return err
	case failed != nil:
		return p.withFailures(failed)
	case moved > 0:
		return fmt.Errorf("%d of %d images in %s have moved: `hocker lock update` locks them anew", moved, len(tags), c.File)
	}
	return nil
}

// show prints the tags and counts those that have moved.
func (c *lockCheckCmd) show(p process, names []string, tags map[string]lock.Tag) (moved int, err error) {
	rows := []tagRow{}
	table := [][]string{{"IMAGE", "REFERENCE", "LOCKED", "", "NOW"}}
	for _, name := range names {
		tag, ok := tags[name]
		if !ok { // it failed
			continue
		}
		rows = append(rows, tagRow{name, tag.Reference.String(), tag.Locked.String(), tag.Current.String(), tag.Moved()})
		if tag.Moved() {
			moved++
			table = append(table, []string{name, tag.Reference.Familiar(), tableDigest(tag.Locked), "→", tableDigest(tag.Current)})
		}
	}
	if c.JSON {
		return moved, writeJSON(p, rows)
	}
	if moved > 0 {
		return moved, writeTable(p, table)
	}
	return 0, nil
}

// tableDigest is a digest in a table: enough to know it again, or - for none.
func tableDigest(d digest.Digest) string {
	if d == "" {
		return "-"
	}
	return fmt.Sprintf("%s:%.12s", d.Algorithm(), d.Encoded())
}

func writeTable(p process, rows [][]string) error {
	table := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		fmt.Fprintln(table, strings.Join(row, "\t"))
	}
	return table.Flush()
}

func writeJSON(p process, value any) error {
	encoder := json.NewEncoder(p.stdout)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}
