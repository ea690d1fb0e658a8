package main

import (
	"context"
	"strings"

	"hocker/fetcher"
	"hocker/fetcher/lock"
)

type lockUpdateCmd struct {
	Names []string `arg:"" optional:"" name:"name" help:"Images to update (all)."`
	lockChangeFlags
	lockTableFlag
	lockRegistryFlags
}

func (*lockUpdateCmd) Help() string {
	return "What has no new digest is asked for once, by HEAD, which Docker Hub does not count as a pull. " +
		"Images that are pinned to a digest stay. --registry says which registry the credentials are for, where the images come from several.\n\n" +
		"Example:\n  hocker lock update --dry-run"
}

func (c *lockUpdateCmd) Run(ctx context.Context, p process) error {
	before, err := c.read()
	if err != nil {
		return err
	}
	names := c.Names
	if len(names) == 0 {
		names = before.Names()
	}
	if err := checkLocked(c.File, before, names); err != nil {
		return err
	}
	var refs []fetcher.Reference
	for _, name := range names {
		refs = append(refs, before.Images[name].Reference)
	}
	locker, err := c.locker(ctx, p, refs)
	if err != nil {
		return err
	}
	images, err := locker.Update(ctx, before, names)
	if err != nil {
		return p.withFailures(err)
	}
	return c.write(p, before, before.With(images), c.show)
}

type lockRemoveCmd struct {
	Names []string `arg:"" name:"name" help:"Images to remove."`
	lockChangeFlags
}

func (*lockRemoveCmd) Help() string {
	return "Example:\n  hocker lock remove debian"
}

func (c *lockRemoveCmd) Run(p process) error {
	before, err := c.read()
	if err != nil {
		return err
	}
	if err := checkLocked(c.File, before, c.Names); err != nil {
		return err
	}
	return c.write(p, before, before.Without(c.Names...), lockTableFlag{}.show)
}

// checkLocked makes sure that there are images of these names.
func checkLocked(path string, file lock.File, names []string) error {
	for _, name := range names {
		if _, ok := file.Images[name]; !ok {
			return usagef("%s has no image called %q, it has %s", path, name, strings.Join(file.Names(), ", "))
		}
	}
	return nil
}
