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

// Locker resolves images at their registries. It requests manifests and configs, never
// layers.
type Locker struct {
	Source Source
	Jobs   int // parallel requests to each registry, at least 1
	// Notice is called with messages for the user, one line each, from several
	// goroutines at once. It may be nil.
	Notice func(line string)
	// AllowDowngrade lets [Locker.Update] choose a tag that is older than the locked one.
	AllowDowngrade bool
	// Vouch returns the fingerprint of the key that vouches for an image, or "" if the
	// user accepts the image without one. It prefers a key, if that is not "". index is
	// the image's index, or nil if it was not requested. A nil Vouch means that there are
	// no keys.
	Vouch func(ctx context.Context, i Image, index []byte, prefer digest.Digest) (digest.Digest, error)
}

// Wanted is an image to lock.
type Wanted struct {
	Reference reference.Reference
	As        string   // see Image
	Follow    string   // see Image; the tag of Reference tells the form of the tags
	NoVerify  bool     // see Image
	Sources   []string // see Image
	// SignedBy is the fingerprint of the key that must vouch for the image. If it is
	// empty, any key will do.
	SignedBy digest.Digest
	// AllPlatforms selects all platforms of the index that have a Nix system.
	AllPlatforms bool
	// Platforms lists the platforms to lock, at most one for each Nix system. If it is
	// empty, the platform is this machine's or, without an index, the image's own.
	Platforms []ocispec.Platform
}

// wanted returns the choices that the image was locked with.
func (i Image) wanted() Wanted {
	return Wanted{Reference: i.Reference, As: i.As, Follow: i.Follow, NoVerify: i.NoVerify, Sources: i.Sources, SignedBy: i.SignedBy, AllPlatforms: i.AllPlatforms, Platforms: i.WantedPlatforms()}
}

// WantedPlatforms returns the platforms that the image is locked for, sorted by system.
func (i Image) WantedPlatforms() []ocispec.Platform {
	var platforms []ocispec.Platform
	for _, system := range i.Systems() {
		platforms = append(platforms, i.Platforms[system].Platform)
	}
	return platforms
}

// choice is a manifest of an index, and the platform it was chosen for.
type choice struct {
	platform ocispec.Platform  // the requested one, or this machine's
	asked    bool              // the platform was requested
	stated   *ocispec.Platform // the platform in the index, or nil
	digest   digest.Digest
}

// resolve resolves a wanted image from m, the manifest or index at the reference at.
func (l *Locker) resolve(ctx context.Context, q *queue, known map[digest.Digest]Platform, w Wanted, at reference.Reference, m image.Manifest) (Image, error) {
	i := Image{Reference: w.Reference, As: w.As, Follow: w.Follow, Sources: w.Sources, AllPlatforms: w.AllPlatforms, Platforms: map[string]Platform{}, sealed: w.Reference.Tag != ""}
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
	var group errgroup.Group // without its own context: another image may wait for the same manifest
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

// lockManifest locks an image without an index. Its platform is that of its config.
func (l *Locker) lockManifest(ctx context.Context, q *queue, i *Image, w Wanted, m image.Manifest) error {
	c := choice{platform: image.DefaultPlatform(), digest: m.Digest}
	switch {
	case w.AllPlatforms:
	case len(w.Platforms) == 1:
		c.platform, c.asked = w.Platforms[0], true
	case len(w.Platforms) > 1:
		return fmt.Errorf("%s has a single platform, but %d were requested: give the one that it is for", w.Reference.Familiar(), len(w.Platforms))
	}
	resolved, err := image.ReadManifest(ctx, q, w.Reference, m)
	if err != nil {
		return err
	}
	p, err := l.newPlatform(ctx, q, w, w.Reference, resolved, c)
	i.Platforms[nix.System(p.Platform)] = p
	return err
}

// platformOf returns the platform of an image without an index: the requested one, which
// must match the config, else the one in the config.
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
		return platform, fmt.Errorf("its config says that it is for %.100s, which has no Nix system", image.FormatPlatform(has))
	}
	if system := nix.System(platform); system != nix.System(c.platform) && !w.AllPlatforms {
		l.notice(fmt.Sprintf("%s: the image is for %s only, and is locked for %s", w.Reference.Familiar(), image.FormatPlatform(platform), system))
	}
	return platform, nil
}

// errNoSystem reports an index without an image to lock.
var errNoSystem = errors.New("the index has no image for a Nix system")

// choose selects the wanted manifests of an index.
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

// chooseAll selects the first manifest for each Nix system.
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
			l.notice(fmt.Sprintf("%s: left out: %.100s: Nix has no system for this platform", w.Reference.Familiar(), name))
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

// lockPlatform locks a manifest of an index, and requests it unless it is known. It
// returns nil for a missing manifest if all platforms are wanted.
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

// checkConfig checks that an image can be built, and returns its platform. If index and
// config disagree, it only warns: engines run such images, and their programs are
// usually for the platform in the index.
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

// newPlatform returns the entry of a manifest in a lock file.
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
		Layers:   make([]ocispec.Descriptor, 0, len(m.Image.Layers)),
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

// bare returns the fields of d that a lock file has.
func bare(d ocispec.Descriptor) ocispec.Descriptor {
	return ocispec.Descriptor{MediaType: d.MediaType, Digest: d.Digest, Size: d.Size}
}

// descriptorOf returns the descriptor of a document. Its media type is the one in the
// document, else the one from the registry, else that of OCI, which documents may omit.
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
