package lock

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"hocker/fetcher"
	"hocker/fetcher/image"
	"hocker/fetcher/nix"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sync/errgroup"
)

// wanted is what locks the image anew as it was chosen.
func (i Image) wanted() Wanted {
	return Wanted{Reference: i.Reference, AllPlatforms: i.AllPlatforms, Platforms: i.WantedPlatforms()}
}

// WantedPlatforms are those that the image is locked for, in the order of their
// systems.
func (i Image) WantedPlatforms() []ocispec.Platform {
	var platforms []ocispec.Platform
	for _, system := range i.Systems() {
		platforms = append(platforms, i.Platforms[system].Platform)
	}
	return platforms
}

// choice is a manifest of an index, and what it was chosen for.
type choice struct {
	platform ocispec.Platform
	digest   digest.Digest
}

// lock asks for the image at a place, which is its reference, or the digest
// that this leads to.
func (l *Locker) lock(ctx context.Context, q *queue, known map[digest.Digest]Platform, w Wanted, at fetcher.Reference) (Image, error) {
	m, err := q.Manifest(ctx, at)
	if err != nil {
		return Image{}, err
	}
	i := Image{Reference: w.Reference, AllPlatforms: w.AllPlatforms, Platforms: map[string]Platform{}}
	if image.Identify(m.Bytes) != image.KindIndex {
		return i, i.lockManifest(w, m)
	}
	entries, err := image.Entries(ctx, q, at.Repository, m)
	if err != nil {
		return Image{}, fmt.Errorf("index of %s: %w", w.Reference.Familiar(), err)
	}
	i.Index = descriptorOf(m, ocispec.MediaTypeImageIndex, fetcher.MediaTypeDockerIndex)
	if err := checkDescriptor(i.Index); err != nil {
		return Image{}, fmt.Errorf("%s cannot be locked: %w", w.Reference.Familiar(), err)
	}
	choices, err := l.choose(entries, w)
	if err != nil {
		return Image{}, fmt.Errorf("%s: %w", w.Reference.Familiar(), err)
	}
	platforms := make([]Platform, len(choices))
	var group errgroup.Group // without a context of its own: another image may wait for the same manifest
	for n, c := range choices {
		group.Go(func() (err error) {
			platforms[n], err = lockPlatform(ctx, q, known, at.Repository, c)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return Image{}, err
	}
	for _, p := range platforms {
		i.Platforms[nix.System(p.Platform)] = p
	}
	return i, nil
}

// lockManifest locks an image that is one manifest, without an index. Nothing
// in the manifest tells its platform: it is the one that is wanted.
func (i *Image) lockManifest(w Wanted, m fetcher.Manifest) error {
	platform := image.DefaultPlatform()
	switch {
	case len(w.Platforms) == 1:
		platform = w.Platforms[0]
	case !w.AllPlatforms:
		return fmt.Errorf("%s is one image for one platform, and %d are wanted of it: give the one that it is for", w.Reference.Familiar(), len(w.Platforms))
	}
	p, err := newPlatform(w.Reference, m, platform)
	i.Platforms[nix.System(platform)] = p
	return err
}

// errNoSystem is an index of which there would be nothing in the file.
var errNoSystem = errors.New("the index has no image for a system of Nix")

// choose finds the manifests of an index that are wanted.
func (l *Locker) choose(entries []ocispec.Descriptor, w Wanted) ([]choice, error) {
	var choices []choice
	if !w.AllPlatforms {
		for _, platform := range w.Platforms {
			d, err := image.Choose(entries, platform)
			if err != nil {
				return nil, err
			}
			choices = append(choices, choice{platform, d.Digest})
		}
		return choices, nil
	}
	for _, d := range entries {
		if d.Platform == nil || image.IsAttestation(d) {
			continue
		}
		name := image.FormatPlatform(*d.Platform)
		platform, err := image.ParsePlatform(name)
		system := nix.System(platform)
		taken := slices.ContainsFunc(choices, func(c choice) bool { return nix.System(c.platform) == system })
		if err != nil || system == "" || taken {
			l.notice(fmt.Sprintf("%s: left out: %.100s, for which Nix has no system of its own", w.Reference.Familiar(), name))
			continue
		}
		choices = append(choices, choice{platform, d.Digest})
	}
	if len(choices) == 0 {
		return nil, errNoSystem
	}
	return choices, nil
}

func (l *Locker) notice(line string) {
	if l.Notice != nil {
		l.Notice(line)
	}
}

// lockPlatform asks for a manifest of an index, unless it is known.
func lockPlatform(ctx context.Context, q *queue, known map[digest.Digest]Platform, repo fetcher.Repository, c choice) (Platform, error) {
	if p, ok := known[c.digest]; ok {
		p.Platform = c.platform
		return p, nil
	}
	ref := fetcher.Reference{Repository: repo, Digest: c.digest}
	m, err := q.Manifest(ctx, ref)
	if err != nil {
		return Platform{}, err
	}
	return newPlatform(ref, m, c.platform)
}

// newPlatform reads a manifest.
func newPlatform(ref fetcher.Reference, m fetcher.Manifest, platform ocispec.Platform) (Platform, error) {
	parsed, err := image.ParseManifest(m.Bytes)
	if err != nil {
		return Platform{}, fmt.Errorf("manifest of %s: %w", ref.Familiar(), err)
	}
	p := Platform{
		Platform: platform,
		Manifest: descriptorOf(m, ocispec.MediaTypeImageManifest, fetcher.MediaTypeDockerManifest),
		Config:   bare(parsed.Config),
		Layers:   []ocispec.Descriptor{},
	}
	for _, layer := range parsed.Layers {
		if fetcher.IsForeign(layer) {
			return Platform{}, fmt.Errorf("%s cannot be locked, since fetchDockerLayer asks the registry: %w", ref.Familiar(), &fetcher.ForeignError{Digest: layer.Digest, URLs: layer.URLs})
		}
		p.Layers = append(p.Layers, bare(layer))
	}
	if err := p.check(); err != nil {
		return Platform{}, fmt.Errorf("%s cannot be locked: %w", ref.Familiar(), err)
	}
	return p, nil
}

// bare is d with what a lock file keeps of it.
func bare(d ocispec.Descriptor) ocispec.Descriptor {
	return ocispec.Descriptor{MediaType: d.MediaType, Digest: d.Digest, Size: d.Size}
}

// descriptorOf describes a document of one of two media types: the one that it
// gives itself, else the one that the registry gives it, else the OCI's, whose
// documents need not say it.
func descriptorOf(m fetcher.Manifest, oci, docker string) ocispec.Descriptor {
	var document struct {
		MediaType string `json:"mediaType"`
	}
	d := ocispec.Descriptor{MediaType: oci, Digest: m.Digest, Size: int64(len(m.Bytes))}
	if json.Unmarshal(m.Bytes, &document) != nil || document.MediaType == "" {
		document.MediaType = m.MediaType
	}
	if document.MediaType == docker {
		d.MediaType = docker
	}
	return d
}
