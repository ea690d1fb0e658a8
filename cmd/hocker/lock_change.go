package main

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
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
	return "The files of --from are read again: an image that is new in them is added, one that is gone is removed, and a tag that has changed is locked. " +
		"With names, this is done for these images alone.\n\n" +
		"An image whose tag has not moved costs one HEAD request, which Docker Hub does not count as a pull. " +
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
		if !before.Found() {
			return lock.Edit{}, c.missing()
		}
		plan, err := c.plan(ctx, p, before)
		if err != nil {
			return lock.Edit{}, err
		}
		if locker == nil {
			refs := append(before.References(plan.names), references(plan.wanted)...)
			if locker, err = c.locker(ctx, p, c.readFrom, refs); err != nil {
				return lock.Edit{}, err
			}
			locker.AllowDowngrade = c.AllowDowngrade
			c.lockTableFlag.mirrored = c.lockRegistryFlags.mirrored
		}
		c.named = plan.named
		images, err := locker.Renew(ctx, before, plan.names, plan.wanted)
		for name, sources := range plan.sources {
			if i, ok := images[name]; ok {
				i.Sources = sources
				images[name] = i
			}
		}
		return lock.Edit{Set: images, Remove: plan.gone}, err // what could be updated is kept
	})
}

type lockRemoveCmd struct {
	Names []string `arg:"" optional:"" name:"name" complete:"locked" help:"Images to remove."`
	lockChangeFlags
	From []string `sep:"none" placeholder:"FILE" help:"Forget a file that names images, and remove those that no other one names. Can be repeated."`
}

func (*lockRemoveCmd) Help() string {
	return "An image that a file names (see --from of hocker lock add) is removed there: the next update removes it here.\n\nExample:\n  hocker lock remove debian"
}

func (c *lockRemoveCmd) Run(ctx context.Context, p process) error {
	return c.change(ctx, p, &lockTableFlag{}, func(before lock.File) (lock.Edit, error) {
		if !before.Found() {
			return lock.Edit{}, c.missing()
		}
		if err := checkLocked(c.File, before, c.Names); err != nil {
			return lock.Edit{}, err
		}
		return c.edit(ctx, p, before)
	})
}

// edit returns the change of the file.
func (c *lockRemoveCmd) edit(ctx context.Context, p process, before lock.File) (lock.Edit, error) {
	edit := lock.Edit{Set: map[string]lock.Image{}, Remove: c.Names}
	reader := c.sourceReader(ctx, p)
	for _, path := range c.From {
		key, err := reader.key(path)
		if err != nil {
			return lock.Edit{}, err
		}
		if _, ok := before.Sources[key]; !ok {
			return lock.Edit{}, usagef("--from %s: %s has no images of this file, only of %s", path, c.File, orNone(slices.Sorted(maps.Keys(before.Sources))))
		}
		edit.Forget = append(edit.Forget, key)
	}
	for name, i := range before.Images {
		others := slices.DeleteFunc(slices.Clone(i.Sources), func(key string) bool { return slices.Contains(edit.Forget, key) })
		switch {
		case slices.Contains(c.Names, name) && len(others) > 0:
			return lock.Edit{}, usagef("%s is named by %s: remove it there and run `hocker lock update`, or write # hocker: skip beside it", name, reader.path(others[0]))
		case len(others) == len(i.Sources):
		case len(others) == 0:
			edit.Remove = append(edit.Remove, name)
		default:
			i.Sources = others
			edit.Set[name] = i
		}
	}
	return edit, nil
}

func orNone(words []string) string {
	if len(words) == 0 {
		return "none"
	}
	return strings.Join(words, ", ")
}

// Validate is called by kong.
func (c *lockRemoveCmd) Validate() error {
	if len(c.Names) == 0 && len(c.From) == 0 {
		return errors.New("expected the name of an image, or --from FILE")
	}
	return nil
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
