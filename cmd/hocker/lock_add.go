package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"hocker/fetcher/follow"
	"hocker/fetcher/image"
	"hocker/fetcher/lock"
	"hocker/fetcher/nix"
	"hocker/fetcher/reference"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

type lockAddCmd struct {
	References []string `arg:"" optional:"" name:"reference" help:"Images, such as debian:bookworm or ghcr.io/org/app@sha256:…; NAME=IMAGE gives one a name in Nix."`
	lockChangeFlags
	lockTableFlag
	lockRegistryFlags
	plainHTTPFlag
	fromFlag
	Follow       string   `placeholder:"PATTERN" help:"Tags that updates of a single image choose the newest from: '1.29.*', '^1.29', '>=1.2 <2' or 'newest:bookworm-2026*'."`
	Name         string   `placeholder:"NAME" help:"Name in Nix, for a single image (default: the last part of its path)."`
	As           string   `placeholder:"NAME:TAG" help:"Name and tag to load a single image under (default: its own)."`
	Platform     []string `complete:"platform" placeholder:"OS/ARCH[/VARIANT]" help:"Platform to lock. Can be repeated (default: those it is locked for; else linux on this machine's architecture, or the platform of a single-platform image)."`
	NoVerify     bool     `group:"signatures" help:"Lock a single image without a signature. The lock file says so, and updates do not require one."`
	AllPlatforms bool     `help:"Lock every platform of the image that Nix has a system for."`
}

func (*lockAddCmd) Help() string {
	return "An image replaces one with the same name in the file.\n\n" +
		"A digest, after the tag or instead of it, pins the image: updates leave it alone. " +
		"Without a tag, the image is loaded under digits of its digest; --as gives it a better name, " +
		"which stays when another image of the same repository replaces it.\n\n" +
		"--from locks the images that files name: compose files, Kubernetes manifests, Dockerfiles and quadlet files. " +
		"The lock file remembers the files, and updates read them again: see docs/sources.md. " +
		"Compose files joined by colons are one project, as in -f a -f b of docker compose.\n\n" +
		"--follow locks the newest of the tags that it matches, and so does each update. " +
		"Only tags that differ in their numbers are compared: 1.29.3-alpine is followed by 1.29.4-alpine, not by 1.29.4. " +
		"The first tag has the suffix of the tag in the reference, else that of the pattern. " +
		"Pre-releases count for newest:PATTERN, for a pattern or range that names one (1.30.0-rc*, ^1.30.0-0), and while one is locked.\n\n" +
		"Example:\n  hocker lock add debian:bookworm old=debian:bullseye\n  hocker lock add nginx --follow '^1.29'\n  hocker lock add --from compose.yaml\n  hocker lock add debian:bookworm --platform linux/amd64 --platform linux/arm64"
}

// Validate is called by kong.
func (c *lockAddCmd) Validate() error {
	switch {
	case len(c.References) == 0 && len(c.From) == 0:
		return errors.New("expected a reference, or --from FILE")
	case c.NoVerify && c.verifies():
		return errors.New("--no-verify cannot be used with --verify-key or --policy")
	case c.AllPlatforms && len(c.Platform) > 0:
		return errors.New("--all-platforms and --platform cannot be used together")
	}
	if err := c.checkSingle(); err != nil {
		return err
	}
	if err := c.lockTableFlag.check(); err != nil {
		return err
	}
	return c.lockRegistryFlags.Validate()
}

// checkSingle rejects flags for a single image if there are several.
func (c *lockAddCmd) checkSingle() error {
	for _, flag := range []struct {
		name  string
		given bool
	}{{"--name", c.Name != ""}, {"--as", c.As != ""}, {"--follow", c.Follow != ""}, {"--no-verify", c.NoVerify}} {
		switch {
		case flag.given && len(c.References) > 1:
			return fmt.Errorf("%s is for one image, but %d are given", flag.name, len(c.References))
		case flag.given && len(c.From) > 0 && (flag.name != "--name" || len(c.References) > 0):
			return fmt.Errorf("%s is for one image that is named on the command line: --from cannot be used with it", flag.name)
		}
	}
	return nil
}

func (c *lockAddCmd) Run(ctx context.Context, p process) error {
	c.Registry = c.address(c.Registry) // credentials are for this address too
	var locker *lock.Locker            // one for every plan: a password on standard input comes once
	return c.change(ctx, p, &c.lockTableFlag, func(before lock.File) (lock.Edit, error) {
		wanted, err := c.wanted(before)
		if err != nil {
			return lock.Edit{}, &usageError{err: err}
		}
		edit, err := c.addFrom(ctx, p, before, wanted)
		if err != nil {
			return lock.Edit{}, err
		}
		if locker == nil {
			audience := c.typed
			if len(c.From) > 0 { // a file must not decide who gets a password
				audience = c.readFrom
			}
			if locker, err = c.locker(ctx, p, audience, references(wanted)); err != nil {
				return lock.Edit{}, err
			}
			c.lockTableFlag.mirrored = c.lockRegistryFlags.mirrored
		}
		images, err := locker.Lock(ctx, before, wanted)
		if err != nil {
			return lock.Edit{}, err
		}
		c.warnReplaced(p, before, images)
		maps.Copy(edit.Set, images)
		return edit, nil
	})
}

func references(wanted map[string]lock.Wanted) []reference.Reference {
	var refs []reference.Reference
	for _, w := range wanted {
		refs = append(refs, w.Reference)
	}
	return refs
}

// warnReplaced warns about images that are replaced: two different images may
// only share a name.
func (c *lockAddCmd) warnReplaced(p process, before lock.File, images map[string]lock.Image) {
	for _, name := range slices.Sorted(maps.Keys(images)) {
		old, ok := before.Images[name]
		added := images[name].Reference
		intended := (c.Follow != "" || len(images[name].Sources) > 0) && old.Reference.Repository == added.Repository
		if ok && old.Reference != added && !intended {
			c.warn(p, fmt.Sprintf("%s: %s replaces %s", name, added.Familiar(), old.Reference.Familiar()))
		}
	}
}

// wanted parses the arguments into the images to lock, by name.
func (c *lockAddCmd) wanted(before lock.File) (map[string]lock.Wanted, error) {
	platforms, err := c.platforms()
	if err != nil {
		return nil, err
	}
	var as string
	if c.As != "" {
		if as, err = lock.CheckAs(c.As); err != nil {
			return nil, fmt.Errorf("--as: %w", err)
		}
	}
	if c.Follow != "" {
		if _, err := follow.Parse(c.Follow); err != nil {
			return nil, fmt.Errorf("--follow: %w", err)
		}
	}
	wanted := map[string]lock.Wanted{}
	for _, argument := range c.References {
		name, ref, err := c.named(argument)
		if err != nil {
			return nil, err
		}
		if other, taken := wanted[name]; taken && other.Reference != ref {
			return nil, fmt.Errorf("%s and %s would both be named %s: give one of them another name, as NAME=%s", other.Reference.Familiar(), ref.Familiar(), name, ref.Familiar())
		}
		if c.Follow != "" && ref.Digest != "" {
			return nil, fmt.Errorf("--follow: %s is pinned by its digest, and follows no tags: leave out one of the two", argument)
		}
		old, there := before.Images[name]
		if len(old.Sources) > 0 && (old.Reference != ref || c.Follow != "") {
			return nil, fmt.Errorf("%s is named by %s: change it there and run `hocker lock update`, or give this image another name, as NAME=%s", name, c.sourcePath(old.Sources[0]), ref.Familiar())
		}
		w := c.want(ref, old, there, platforms)
		w.Follow, w.Sources = c.Follow, old.Sources
		if as != "" {
			w.As = as
		}
		wanted[name] = w
	}
	return wanted, nil
}

// want returns what to lock for a reference, in place of an old image if that is there.
func (c *lockAddCmd) want(ref reference.Reference, old lock.Image, there bool, platforms []ocispec.Platform) lock.Wanted {
	w := lock.Wanted{Reference: ref, AllPlatforms: c.AllPlatforms, Platforms: platforms, NoVerify: c.NoVerify}
	if !c.verifies() && !c.NoVerify {
		// Nothing drops the check but a flag.
		w.NoVerify, w.SignedBy = old.NoVerify, old.SignedBy
	}
	if there && !c.AllPlatforms && len(platforms) == 0 {
		w.AllPlatforms, w.Platforms = old.AllPlatforms, old.WantedPlatforms()
	}
	if old.Reference.Repository == ref.Repository {
		w.As = old.As
	}
	return w
}

// named parses an argument, [NAME=]REFERENCE. A reference contains no =.
func (c *lockAddCmd) named(argument string) (name string, ref reference.Reference, err error) {
	name, reference, given := strings.Cut(argument, "=")
	switch {
	case given && c.Name != "":
		return "", ref, fmt.Errorf("--name %s and %s: give the name once", c.Name, argument)
	case !given:
		name, reference = c.Name, argument
	}
	if ref, err = (imageArgs{Name: reference}).reference(c.Registry, c.plainHTTPFlag); err != nil {
		return "", ref, err
	}
	if name == "" && !given {
		_, name = ref.Split()
	}
	if err := lock.CheckName(name); err != nil {
		return "", ref, fmt.Errorf("%s: %w (give it one with --name)", argument, err)
	}
	return name, ref, nil
}

// platforms parses --platform. Each platform must have a Nix system, and no two
// the same.
func (c *lockAddCmd) platforms() ([]ocispec.Platform, error) {
	var platforms []ocispec.Platform
	var systems []string
	for _, argument := range c.Platform {
		platform, err := image.ParsePlatform(argument)
		if err != nil {
			return nil, err
		}
		system := nix.System(platform)
		switch {
		case system == "":
			return nil, fmt.Errorf("--platform %s: Nix has no system for this platform", argument)
		case slices.Contains(systems, system):
			return nil, fmt.Errorf("--platform %s: %s already has an image, and can have only one", argument, system)
		}
		platforms, systems = append(platforms, platform), append(systems, system)
	}
	return platforms, nil
}
