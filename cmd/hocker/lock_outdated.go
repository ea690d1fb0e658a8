package main

import (
	"cmp"
	"context"
	"fmt"

	"hocker/fetcher/lock"
)

type lockOutdatedCmd struct {
	Names []string `arg:"" optional:"" name:"name" complete:"locked" help:"Images to look for (default: all)."`
	lockFileFlag
	registryFlags
	jobsFlag
	JSON bool `name:"json" help:"Print JSON for all images instead of a table of those with newer tags."`
}

func (*lockOutdatedCmd) Help() string {
	return "For an image that follows tags, these are tags that --follow does not match. " +
		"A newer tag differs from the locked one in its numbers only, so that it has the same suffix: 1.29-alpine, 1.30-alpine. " +
		"Each repository is asked for its list of tags.\n\n" +
		"--username and the other credential flags apply only to the registry in --registry: a file must not decide who gets a password.\n\n" +
		"The exit code is 0 if there is no newer tag, and 1 if there is one. If a registry could not be asked, it is that of the failure, as for lock check.\n\n" +
		"Example:\n  hocker lock outdated"
}

// Validate is called by kong.
func (c *lockOutdatedCmd) Validate() error {
	if err := c.jobsFlag.check(); err != nil {
		return err
	}
	return c.registryFlags.Validate()
}

// outdatedRow is an image in the output of outdated --json.
type outdatedRow struct {
	Name      string `json:"name"`
	Reference string `json:"reference"`
	Tag       string `json:"tag"`
	Follow    string `json:"follow"`
	Newest    string `json:"newest"` // or empty
}

func (c *lockOutdatedCmd) Run(ctx context.Context, p process) error {
	outdated, of, err := c.find(ctx, p)
	switch {
	case err != nil:
		return &uncheckedError{err}
	case outdated > 0:
		return fmt.Errorf("%d of %d images in %s have newer tags: `hocker lock add` locks another one; if a file names the image, change it there", outdated, of, c.File)
	}
	return nil
}

// find looks for newer tags and counts the images that have one.
func (c *lockOutdatedCmd) find(ctx context.Context, p process) (outdated, of int, err error) {
	file, err := c.read(ctx)
	if err != nil {
		return 0, 0, err
	}
	names := c.Names
	if len(names) == 0 {
		names = file.Names()
	}
	if err := checkLocked(c.File, file, names); err != nil {
		return 0, 0, err
	}
	flags := lockRegistryFlags{registryFlags: c.registryFlags, jobsFlag: c.jobsFlag}
	locker, err := flags.locker(ctx, p, c.readFrom, file.References(names))
	if err != nil {
		return 0, 0, err
	}
	newer, failed := locker.Outdated(ctx, file, names)
	if outdated, err = c.show(p, file, names, newer); err == nil {
		err = p.withFailures(failed, nil)
	}
	return outdated, len(names), err
}

// show prints the newer tags and counts them.
func (c *lockOutdatedCmd) show(p process, file lock.File, names []string, newer map[string]string) (outdated int, err error) {
	rows := []outdatedRow{}
	table := [][]string{{"IMAGE", "REFERENCE", "FOLLOWS", "NEWEST"}}
	for _, name := range names {
		newest, ok := newer[name]
		if !ok { // it failed
			continue
		}
		i := file.Images[name]
		rows = append(rows, outdatedRow{name, i.Reference.String(), i.Reference.Tag, i.Follow, newest})
		if newest != "" {
			outdated++
			table = append(table, []string{name, i.Reference.Familiar(), cmp.Or(i.Follow, "-"), newest})
		}
	}
	if c.JSON {
		return outdated, writeJSON(p.stdout, rows)
	}
	if outdated > 0 {
		return outdated, writeTable(p.stdout, table)
	}
	return 0, nil
}
