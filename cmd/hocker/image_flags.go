package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"hocker/fetcher"
	"hocker/fetcher/image"
	"hocker/fetcher/reference"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// imageArgs names the image, in one argument or in two.
type imageArgs struct {
	Name string `arg:"" name:"image-name" help:"Image, such as debian:bookworm, library/debian, ghcr.io/org/app@sha256:… or http://host:5000/app:1."`
	Tag  string `arg:"" optional:"" name:"image-tag" help:"Tag or digest, if the name has none."`
}

// isPath reports whether the image is a path. No reference starts in this way.
func (a imageArgs) isPath() bool {
	return strings.HasPrefix(a.Name, ".") || strings.HasPrefix(a.Name, "/")
}

// reference parses the arguments. With --registry, the name is a path in that
// registry, even if its first part looks like a host.
func (a imageArgs) reference(registry string, plain plainHTTPFlag) (reference.Reference, error) {
	name := strings.TrimPrefix(a.Name, "docker://") // which skopeo requires
	parseName, parseReference := reference.ParseName, reference.Parse
	switch {
	case registry != "" && strings.Contains(name, "://"):
		return reference.Reference{}, errors.New("the registry is named twice, by --registry and before the image's name")
	case registry != "":
		r, err := reference.ParseRegistry(registry)
		if err != nil {
			return reference.Reference{}, err
		}
		parseName, parseReference = r.Repository, r.ParseReference
	case reference.HasHost(name):
		name = plain.address(name)
	}
	var ref reference.Reference
	var err error
	if a.Tag == "" {
		ref, err = parseReference(name)
	} else {
		ref.Repository, err = parseName(name)
		if err == nil {
			ref, err = ref.Repository.Reference(a.Tag)
		}
	}
	if err == nil {
		err = plain.check(ref.Registry)
	}
	return ref, err
}

// explain turns an error of package reference into one about the command line.
// The second of two arguments is often meant as the output file.
func (a imageArgs) explain(err error) error {
	usage := &usageError{err: err}
	if a.Tag == "" || strings.Contains(a.Tag, "@") { // there may be a password before it
		return usage
	}
	if isFileName(a.Tag) {
		usage.hint = fileHint(a.Tag)
	}
	if a.isTagged() {
		usage.err = errors.New("the image's name already has a tag or digest, but a second argument is given")
	}
	return usage
}

// isTagged reports whether the name has a tag or digest.
func (a imageArgs) isTagged() bool {
	return strings.Contains(a.Name, "@") || strings.LastIndexByte(a.Name, ':') > strings.LastIndexByte(a.Name, '/')
}

// fileName matches usual names for an image's file, and for those of its
// manifest, config, layers and expression.
var fileName = regexp.MustCompile(`/|\.(tar|tgz|gz|zst|json|nix|img|oci)$`)

func isFileName(word string) bool { return fileName.MatchString(word) }

func fileHint(file string) string {
	return fmt.Sprintf("the second argument is the image's tag: to write to a file, give --out %s", file)
}

// platformFlag picks an image from an index.
type platformFlag struct {
	Platform string `complete:"platform" placeholder:"OS/ARCH[/VARIANT]" help:"Platform to pick from a multi-platform image (default: linux on this machine's architecture)."`
}

func (f platformFlag) platform() (ocispec.Platform, error) {
	if f.Platform == "" {
		return image.DefaultPlatform(), nil
	}
	return image.ParsePlatform(f.Platform)
}

// foreignFlag is for the commands that fetch layers.
type foreignFlag struct {
	Foreign bool `help:"Download foreign (non-distributable) layers from the URLs in the manifest."`
}

// imageFlags are the flags of every command that reads one image from a
// registry.
type imageFlags struct {
	imageArgs
	registryFlags
	plainHTTPFlag
	platformFlag
}

// source is an image in a registry, and the client to read it with.
type source struct {
	*fetcher.Client
	ref      reference.Reference
	platform *ocispec.Platform // as requested, or nil
	warn     func(line string)
}

// open reads the image's name and makes the client for its registry.
func (f *imageFlags) open(ctx context.Context, p process) (source, error) {
	f.Registry = f.address(f.Registry) // credentials are for this address too
	ref, err := f.reference(f.Registry, f.plainHTTPFlag)
	if err != nil {
		return source{}, f.explain(err)
	}
	wanted, err := f.platform()
	if err != nil {
		return source{}, &usageError{err: err}
	}
	platform := &wanted
	if f.Platform == "" {
		platform = nil
	}
	audience, err := f.typed([]reference.Registry{ref.Registry})
	if err != nil {
		return source{}, err
	}
	client, err := f.client(ctx, p, audience)
	return source{client, ref, platform, func(line string) { f.warn(p, line) }}, err
}

// resolve fetches the image's manifest, from an index if there is one.
func (s source) resolve(ctx context.Context) (image.Resolved, error) {
	return image.Resolve(ctx, s.Client, s.ref, s.platform)
}

// config fetches the config of an image. It warns if the platforms in the
// config and in the index differ.
func (s source) config(ctx context.Context, m *image.Resolved) ([]byte, error) {
	data, err := m.ReadConfig(ctx, s.Client, s.ref.Repository)
	if err != nil {
		return nil, err
	}
	if config, err := image.ParseConfig(data); err == nil {
		s.warnPlatform(m, config)
	}
	return data, nil
}

func (s source) warnPlatform(m *image.Resolved, config image.Config) {
	if m.Platform == nil {
		return
	}
	if err := config.CheckPlatform(*m.Platform); err != nil {
		s.warn(fmt.Sprintf("warning: %s: %v, as the index says", s.ref.Familiar(), err))
	}
}

// resolveLayers is resolve for an image whose layers are to be fetched.
func (s source) resolveLayers(ctx context.Context) (image.Resolved, error) {
	resolved, err := s.resolve(ctx)
	if err != nil {
		return image.Resolved{}, err
	}
	if err := image.RequirePlain(resolved.Image.Layers); err != nil {
		return image.Resolved{}, fmt.Errorf("%s: %w", s.ref.Familiar(), err)
	}
	return resolved, nil
}
