package lock

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"hocker/fetcher/content"
	"hocker/fetcher/image"
	"hocker/fetcher/nix"
	"hocker/fetcher/reference"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sync/errgroup"
)

// Locker asks registries what images are made of. It asks for manifests and
// configs, and never for a layer.
type Locker struct {
	Source Source
	Jobs   int // requests at a time, at least 1
	// Notice is told, in a line, what a person may want to know. Several
	// goroutines may call it at once.
	Notice func(line string)
}

// Wanted is an image that is to be locked.
type Wanted struct {
	Reference reference.Reference
	As        string // as in Image
	// AllPlatforms asks for all in the index that Nix has a system for.
	AllPlatforms bool
	// Platforms are the ones to lock, each of a Nix system of its own. If there are
	// none, it is this machine's, or the one that an image without an index is for.
	Platforms []ocispec.Platform
}

// wanted is what locks the image anew as it was chosen.
func (i Image) wanted() Wanted {
	return Wanted{Reference: i.Reference, As: i.As, AllPlatforms: i.AllPlatforms, Platforms: i.WantedPlatforms()}
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
	platform ocispec.Platform  // this machine's, unless another one was asked for
	asked    bool              // the platform was asked for
	stated   *ocispec.Platform // what the index says that it is for, or nil
	digest   digest.Digest
}

// lock asks for the image at a place, which is its reference, or the digest
// that this leads to.
func (l *Locker) lock(ctx context.Context, q *queue, known map[digest.Digest]Platform, w Wanted, at reference.Reference) (Image, error) {
	m, err := q.Manifest(ctx, at)
	if err != nil {
		return Image{}, err
	}
	i := Image{Reference: w.Reference, As: w.As, AllPlatforms: w.AllPlatforms, Platforms: map[string]Platform{}}
	if image.Identify(m.Bytes) != image.KindIndex {
		return i, l.lockManifest(ctx, q, &i, w, m)
	}
	i.Index = descriptorOf(m, ocispec.MediaTypeImageIndex, image.MediaTypeDockerIndex)
	if err := checkDescriptor(i.Index); err != nil {
		return Image{}, fmt.Errorf("%s cannot be locked: %w", w.Reference.Familiar(), err)
	}
	choices, err := l.choose(ctx, q, at.Repository, m, w)
	if err != nil {
		return Image{}, fmt.Errorf("%s: %w", w.Reference.Familiar(), err)
	}
	platforms := make([]*Platform, len(choices))
	var group errgroup.Group // without a context of its own: another image may wait for the same manifest
	for n, c := range choices {
		group.Go(func() (err error) {
			platforms[n], err = l.lockPlatform(ctx, q, known, w, at.Repository, c)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return Image{}, err
	}
	for _, p := range platforms {
		if p != nil {
			i.Platforms[nix.System(p.Platform)] = *p
		}
	}
	if len(i.Platforms) == 0 {
		return Image{}, fmt.Errorf("%s: %w", w.Reference.Familiar(), errNoSystem)
	}
	return i, nil
}

// lockManifest locks an image that is one manifest, without an index. Its config
// tells the platform.
func (l *Locker) lockManifest(ctx context.Context, q *queue, i *Image, w Wanted, m image.Manifest) error {
	c := choice{platform: image.DefaultPlatform(), digest: m.Digest}
	switch {
	case w.AllPlatforms:
	case len(w.Platforms) == 1:
		c.platform, c.asked = w.Platforms[0], true
	case len(w.Platforms) > 1:
		return fmt.Errorf("%s is one image for one platform, and %d are wanted of it: give the one that it is for", w.Reference.Familiar(), len(w.Platforms))
	}
	resolved, err := image.ReadManifest(ctx, q, w.Reference, m)
	if err != nil {
		return err
	}
	p, err := l.newPlatform(ctx, q, w, w.Reference, resolved, c)
	i.Platforms[nix.System(p.Platform)] = p
	return err
}

// platformOf returns what an image is locked for that no index vouches for: the
// platform that was asked for, if the image is for it, else the one that its
// config says.
func (l *Locker) platformOf(w Wanted, c choice, config image.Config) (ocispec.Platform, error) {
	has := config.Platform
	switch {
	case c.asked:
		return c.platform, config.CheckPlatform(c.platform)
	case has.OS == "" || has.Architecture == "":
		return c.platform, nil
	}
	platform, err := image.ParsePlatform(image.FormatPlatform(has))
	if err != nil || nix.System(platform) == "" {
		return platform, fmt.Errorf("its config says that it is for %.100s, and Nix has no system of its own for that", image.FormatPlatform(has))
	}
	if system := nix.System(platform); system != nix.System(c.platform) && !w.AllPlatforms {
		l.notice(fmt.Sprintf("%s: it is an image for %s alone, and is locked for %s", w.Reference.Familiar(), image.FormatPlatform(platform), system))
	}
	return platform, nil
}

// errNoSystem is an index of which there would be nothing in the file.
var errNoSystem = errors.New("the index has no image for a system of Nix")

// choose finds the manifests of an index that are wanted.
func (l *Locker) choose(ctx context.Context, q *queue, repo reference.Repository, index image.Manifest, w Wanted) ([]choice, error) {
	if w.AllPlatforms {
		return l.chooseAll(ctx, q, repo, index, w)
	}
	platforms, asked := w.Platforms, true
	if len(platforms) == 0 {
		asked = false
		platforms = []ocispec.Platform{image.DefaultPlatform()}
	}
	var choices []choice
	for _, platform := range platforms {
		d, err := image.Choose(ctx, q, repo, index, platform)
		if err != nil {
			return nil, err
		}
		choices = append(choices, choice{platform, asked, d.Platform, d.Digest})
	}
	return choices, nil
}

// chooseAll finds all that Nix has a system for, the first one for each.
func (l *Locker) chooseAll(ctx context.Context, q *queue, repo reference.Repository, index image.Manifest, w Wanted) ([]choice, error) {
	images, err := image.Images(ctx, q, repo, index)
	if err != nil {
		return nil, err
	}
	var choices []choice
	for _, d := range images {
		name := image.FormatPlatform(*d.Platform)
		platform, err := image.ParsePlatform(name)
		system := nix.System(platform)
		taken := slices.ContainsFunc(choices, func(c choice) bool { return nix.System(c.platform) == system })
		if err != nil || system == "" || taken {
			l.notice(fmt.Sprintf("%s: left out: %.100s, for which Nix has no system of its own", w.Reference.Familiar(), name))
			continue
		}
		choices = append(choices, choice{platform, false, d.Platform, d.Digest})
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

// lockPlatform asks for a manifest of an index, unless it is known. Of all that
// an index has, one that is not there is left out: nil.
func (l *Locker) lockPlatform(ctx context.Context, q *queue, known map[digest.Digest]Platform, w Wanted, repo reference.Repository, c choice) (*Platform, error) {
	if p, ok := known[c.digest]; ok && c.stated != nil {
		p.Platform = c.platform
		return &p, nil
	}
	ref := reference.Reference{Repository: repo, Digest: c.digest}
	m, err := q.Manifest(ctx, ref)
	if w.AllPlatforms && errors.Is(err, content.ErrNotFound) {
		l.notice(fmt.Sprintf("%s: left out: %s: %v", w.Reference.Familiar(), image.FormatPlatform(c.platform), err))
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	resolved, err := image.ReadManifest(ctx, q, ref, m)
	if err != nil {
		return nil, err
	}
	p, err := l.newPlatform(ctx, q, w, ref, resolved, c)
	return &p, err
}

// checkConfig makes sure that an image can be built, and returns its platform.
// Where an index says one, and the config another, that is told and no more:
// engines run such images, and the programs in them are most often what the
// index says.
func (l *Locker) checkConfig(ctx context.Context, q *queue, w Wanted, m *image.Resolved, c choice) (ocispec.Platform, error) {
	config, err := m.CheckConfig(ctx, q, w.Reference.Repository)
	if err != nil {
		return c.platform, err
	}
	if c.stated == nil {
		return l.platformOf(w, c, config)
	}
	if err := config.CheckPlatform(*c.stated); err != nil {
		l.notice(fmt.Sprintf("warning: %s: %v, as the index says", w.Reference.Familiar(), err))
	}
	return c.platform, nil
}

// newPlatform is what a lock file keeps of a manifest.
func (l *Locker) newPlatform(ctx context.Context, q *queue, w Wanted, ref reference.Reference, m image.Resolved, c choice) (Platform, error) {
	if err := image.RequirePlain(m.Image.Layers); err != nil {
		return Platform{}, fmt.Errorf("%s cannot be locked: %w", ref.Familiar(), err)
	}
	platform, err := l.checkConfig(ctx, q, w, &m, c)
	if err != nil {
		return Platform{}, fmt.Errorf("%s cannot be locked: %w", ref.Familiar(), err)
	}
	p := Platform{
		Platform: platform,
		Manifest: descriptorOf(m.Manifest, ocispec.MediaTypeImageManifest, image.MediaTypeDockerManifest),
		Config:   bare(m.Image.Config),
		Layers:   []ocispec.Descriptor{},
	}
	for _, layer := range m.Image.Layers {
		if image.IsForeign(layer) {
			return Platform{}, fmt.Errorf("%s cannot be locked, since fetchDockerLayer asks the registry: %w", ref.Familiar(), &image.ForeignError{Digest: layer.Digest, URLs: layer.URLs})
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
func descriptorOf(m image.Manifest, oci, docker string) ocispec.Descriptor {
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
