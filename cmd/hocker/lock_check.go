package main

import (
	"context"
	"fmt"

	"hocker/fetcher"
	"hocker/fetcher/lock"
)

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
	locker, err := c.locker(ctx, p, refs)
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
