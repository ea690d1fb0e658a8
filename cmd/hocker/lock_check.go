package main

import (
	"context"
	"fmt"

	"hocker/fetcher/lock"
)

type lockCheckCmd struct {
	lockFileFlag
	lockRegistryFlags
	JSON bool `name:"json" help:"Print JSON for all images instead of a table of moved tags."`
}

func (*lockCheckCmd) Help() string {
	return "Each tag costs one HEAD request, which Docker Hub does not count as a pull. " +
		"For an image that follows tags, a newer one that matches counts as moved.\n\n" +
		"--username and the other credential flags apply only to the registry in --registry: a file must not decide who gets a password.\n\n" +
		"The files of --from are read again: see hocker lock add.\n\n" +
		"The exit code is 0 if no tag has moved and the files name what is locked, and 1 otherwise. If an image could not be checked, it is that of the failure: " +
		"3 access denied, 4 not found, 6 registry unavailable, 7 not signed by one of the keys, 2 anything else.\n\n" +
		"Example:\n  hocker lock check || hocker lock update"
}

// tagRow is an image in the output of check --json.
type tagRow struct {
	Name      string `json:"name"`
	Reference string `json:"reference"`
	Locked    string `json:"locked"`
	Current   string `json:"current"`
	Moved     bool   `json:"moved"`
	NewTag    string `json:"newTag"` // that it follows, or that its source names; or empty
	Source    string `json:"source"` // the place that names it otherwise than it is locked; or empty
}

// uncheckedError is returned for a failed check. Its exit code is never 1,
// which means that a tag has moved.
type uncheckedError struct{ error }

func (e *uncheckedError) Unwrap() error { return e.error }

func (c *lockCheckCmd) Run(ctx context.Context, p process) error {
	different, moved, of, err := c.check(ctx, p)
	switch {
	case err != nil:
		return &uncheckedError{err}
	case different > 0:
		return fmt.Errorf("%s and its sources differ in %d of the images: run `hocker lock update`", c.File, different)
	case moved > 0:
		return fmt.Errorf("%d of %d images in %s have moved: `hocker lock update` locks them again", moved, of, c.File)
	}
	return nil
}

// check checks all images, and counts those that their sources name otherwise and those
// that have moved.
func (c *lockCheckCmd) check(ctx context.Context, p process) (different, moved, of int, err error) {
	file, err := c.read(ctx)
	if err != nil {
		return 0, 0, 0, err
	}
	match, err := c.match(ctx, p, file)
	if err != nil {
		return 0, 0, 0, err
	}
	locker, err := c.locker(ctx, p, c.readFrom, file.References(file.Names()))
	if err != nil {
		return 0, 0, 0, err
	}
	others := c.differences(file, match)
	tags, failed := locker.Check(ctx, file)
	if moved, err = c.show(p, file.Names(), tags, others); err == nil {
		err = p.withFailures(failed, places(match))
	}
	return len(others), moved, len(tags), err
}

// show prints the differences and the tags, and counts those that have moved.
func (c *lockCheckCmd) show(p process, names []string, tags map[string]lock.Tag, others []difference) (moved int, err error) {
	rows := []tagRow{}
	for _, d := range others {
		rows = append(rows, d.row())
	}
	table := [][]string{{"IMAGE", "REFERENCE", "LOCKED", "", "NOW"}}
	for _, name := range names {
		tag, ok := tags[name]
		if !ok { // it failed
			continue
		}
		row := tagRow{name, tag.Reference.String(), tag.Locked.String(), tag.Current.String(), tag.Moved(), "", ""}
		now := tableDigest(tag.Current)
		if tag.Reference != tag.Now {
			row.NewTag = tag.Now.Tag
			now = row.NewTag + " " + now
		}
		rows = append(rows, row)
		if tag.Moved() {
			moved++
			table = append(table, []string{name, tag.Reference.Familiar(), tableDigest(tag.Locked), "→", now})
		}
	}
	if c.JSON {
		return moved, writeJSON(p.stdout, rows)
	}
	if len(others) > 0 {
		if err := writeTable(p.stdout, differenceTable(others)); err != nil {
			return moved, err
		}
	}
	if moved > 0 {
		return moved, writeTable(p.stdout, table)
	}
	return 0, nil
}
