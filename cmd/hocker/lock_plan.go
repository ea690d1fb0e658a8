package main

import (
	"context"
	"slices"

	"hocker/fetcher/lock"
)

// updatePlan is what an update does.
type updatePlan struct {
	names   []string               // the images to update or to lock
	wanted  map[string]lock.Wanted // those of them that sources name otherwise, or that are new
	sources map[string][]string    // the sources of those that are the same otherwise
	named   map[string]lock.Place  // where the images are named
	gone    []string               // the images to remove
}

// plan reads the sources and plans the update of images. If the user has named some, it
// is about no others.
func (c *lockUpdateCmd) plan(ctx context.Context, p process, before lock.File) (updatePlan, error) {
	plan := updatePlan{wanted: map[string]lock.Wanted{}, sources: map[string][]string{}}
	match, err := c.match(ctx, p, before)
	if err != nil {
		return plan, err
	}
	if err := c.checkNames(before, match); err != nil {
		return plan, err
	}
	plan.named = places(match)
	isMeant := func(name string) bool { return len(c.Names) == 0 || slices.Contains(c.Names, name) }
	for _, name := range match.Gone {
		if isMeant(name) {
			plan.gone = append(plan.gone, name)
		}
	}
	for name := range before.Images {
		if isMeant(name) && !slices.Contains(plan.gone, name) {
			plan.names = append(plan.names, name)
		}
	}
	for name, m := range match.Images {
		was, there := before.Images[name]
		switch {
		case !isMeant(name):
		case !there:
			plan.names = append(plan.names, name)
			plan.wanted[name] = newlyNamed(before, m)
		case was.Reference != m.Reference:
			plan.wanted[name] = renamed(was, m)
		default:
			plan.sources[name] = m.Sources
		}
	}
	slices.Sort(plan.names)
	return plan, nil
}

// checkNames makes sure that the images that the user has named are locked, or that a
// source names them.
func (c *lockUpdateCmd) checkNames(before lock.File, match lock.Match) error {
	known := before.Names()
	for name := range match.Images {
		if _, ok := before.Images[name]; !ok {
			known = append(known, name)
		}
	}
	slices.Sort(known)
	for _, name := range c.Names {
		if !slices.Contains(known, name) {
			return usagef("%s has no image %q, only %s", c.File, name, orNone(known))
		}
	}
	return nil
}

// newlyNamed returns what to lock for an image that is new in its source.
func newlyNamed(file lock.File, m lock.Matched) lock.Wanted {
	s := file.Sources[m.Sources[0]]
	return lock.Wanted{Reference: m.Reference, Sources: m.Sources, AllPlatforms: s.AllPlatforms, Platforms: s.Platforms}
}

// renamed returns what to lock for an image that has another reference in its source.
func renamed(was lock.Image, m lock.Matched) lock.Wanted {
	w := lock.Wanted{
		Reference: m.Reference, Sources: m.Sources,
		SignedBy:     was.SignedBy,
		AllPlatforms: was.AllPlatforms, Platforms: was.WantedPlatforms(),
	}
	if was.Reference.Repository == m.Reference.Repository {
		// Else it is another image, which nobody has accepted without a signature.
		w.As, w.NoVerify = was.As, was.NoVerify
	}
	return w
}
