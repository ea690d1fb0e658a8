package main

import (
	"cmp"
	"context"
	"strings"

	"hocker/fetcher/lock"
)

type lockUpdateCmd struct {
	Names []string `arg:"" optional:"" name:"name" complete:"locked" help:"Images to update (default: all)."`
	lockChangeFlags
	lockTableFlag
	lockRegistryFlags
	commitMessageFlag
	AllowDowngrade bool `help:"Let an image that follows tags get an older one than is locked."`
}

func (*lockUpdateCmd) Help() string {
	return "An image whose tag has not moved costs one HEAD request, which Docker Hub does not count as a pull. " +
		"Pinned images stay as they are. If some images fail, or the command is interrupted, the others are updated.\n\n" +
		"An image that follows tags gets the newest one that matches. Its registry is asked for the list of tags too.\n\n" +
		"--username and the other credential flags apply only to the registry in --registry: a file must not decide who gets a password.\n\n" +
		"Example:\n  hocker lock update --dry-run\n  hocker lock update --format markdown --commit-message message >description.md"
}

// Validate is called by kong.
func (c *lockUpdateCmd) Validate() error {
	if err := cmp.Or(c.lockTableFlag.check(), c.commitMessageFlag.check()); err != nil {
		return err
	}
	return c.lockRegistryFlags.Validate()
}

func (c *lockUpdateCmd) Run(ctx context.Context, p process) error {
	c.message = c.commitMessageFlag
	var locker *lock.Locker // one for every plan: a password on standard input comes once
	return c.change(ctx, p, &c.lockTableFlag, func(before lock.File) (lock.Edit, error) {
		names, err := c.names(before)
		if err != nil {
			return lock.Edit{}, err
		}
		if locker == nil {
			if locker, err = c.locker(ctx, p, c.readFrom, before.References(names)); err != nil {
				return lock.Edit{}, err
			}
			locker.AllowDowngrade = c.AllowDowngrade
			c.lockTableFlag.mirrored = c.lockRegistryFlags.mirrored
		}
		images, err := locker.Update(ctx, before, names)
		return lock.Edit{Set: images}, err // what could be updated is kept
	})
}

// names returns the names of the images to update.
func (c *lockUpdateCmd) names(before lock.File) ([]string, error) {
	if !before.Found() {
		return nil, c.missing()
	}
	if len(c.Names) == 0 {
		return before.Names(), nil
	}
	return c.Names, checkLocked(c.File, before, c.Names)
}

type lockRemoveCmd struct {
	Names []string `arg:"" name:"name" complete:"locked" help:"Images to remove."`
	lockChangeFlags
}

func (*lockRemoveCmd) Help() string {
	return "Example:\n  hocker lock remove debian"
}

func (c *lockRemoveCmd) Run(ctx context.Context, p process) error {
	return c.change(ctx, p, &lockTableFlag{}, func(before lock.File) (lock.Edit, error) {
		if !before.Found() {
			return lock.Edit{}, c.missing()
		}
		return lock.Edit{Remove: c.Names}, checkLocked(c.File, before, c.Names)
	})
}

// checkLocked makes sure that images of these names are locked.
func checkLocked(path string, file lock.File, names []string) error {
	for _, name := range names {
		if _, ok := file.Images[name]; !ok {
			return usagef("%s has no image %q, only %s", path, name, strings.Join(file.Names(), ", "))
		}
	}
	return nil
}
