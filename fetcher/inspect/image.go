package inspect

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"

	"hocker/fetcher/image"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// Image describes an image. Its text is as its config has it, and not fit to print.
type Image struct {
	Reference string        `json:"reference"`
	Index     digest.Digest `json:"index"`    // empty for an image without an index
	Manifest  digest.Digest `json:"manifest"` // empty if there is no manifest
	Config    digest.Digest `json:"config"`
	// Size is that of the layers, each of them once; ManifestSize and ConfigSize are those
	// of the documents.
	Size         int64 `json:"size"`
	ManifestSize int64 `json:"manifestSize"`
	ConfigSize   int64 `json:"configSize"`

	Platform  string     `json:"platform"`
	Platforms []Platform `json:"platforms"` // of the index
	// Annotations are those of the manifest, and those that the index has for it and for
	// itself.
	Annotations map[string]string `json:"annotations"`

	Created          string            `json:"created"`
	Author           string            `json:"author"`
	User             string            `json:"user"`
	WorkingDirectory string            `json:"workingDirectory"`
	Entrypoint       []string          `json:"entrypoint"`
	Command          []string          `json:"command"`
	StopSignal       string            `json:"stopSignal"`
	Healthcheck      []string          `json:"healthcheck"`
	Ports            []string          `json:"ports"`
	Volumes          []string          `json:"volumes"`
	Environment      []string          `json:"environment"`
	Labels           map[string]string `json:"labels"`

	Layers  []Layer `json:"layers"` // the lowest first
	History []Step  `json:"history"`

	// Signatures are those that were found, whoever made them. SignedBy is the fingerprint
	// of the key that vouches for the image, if that was asked for.
	Signatures []Signature `json:"signatures"`
	// SignaturesUnread reports whether there may be more, which could not be read.
	SignaturesUnread bool          `json:"signaturesUnread"`
	SignedBy         digest.Digest `json:"signedBy"`

	manifestAnnotations map[string]string // without those of the index
}

// Platform is a platform that an image is for.
type Platform struct {
	Platform string        `json:"platform"`
	Digest   digest.Digest `json:"digest"` // of its manifest
	Size     int64         `json:"size"`   // of its manifest
}

// Signature is a signature, which is not verified.
type Signature struct {
	Kind   string        `json:"kind"`
	Digest digest.Digest `json:"digest"` // of the index or manifest that is signed
}

// config is the part of a config that describes an image to people.
// https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md
type config struct {
	Created string `json:"created"` // which is not a time in every image
	Author  string `json:"author"`
	Config  struct {
		ocispec.ImageConfig
		Healthcheck *struct {
			Test []string `json:"Test"`
		} `json:"Healthcheck"` // of Docker
	} `json:"config"`
	History []step `json:"history"`
}

// New describes an image by its layers and its config.
//
// Errors: *[image.AmbiguousError].
func New(layers []ocispec.Descriptor, data []byte) (*Image, error) {
	basic, err := image.ParseConfig(data)
	if err == nil {
		err = basic.CheckLayers(len(layers))
	}
	if err != nil {
		return nil, err
	}
	var c config
	err = image.Unmarshal("config", data, &c)
	switch {
	case errors.As(err, new(*image.AmbiguousError)):
		return nil, err
	case err != nil:
		return nil, fmt.Errorf("it is not an image config: %w", err)
	}
	i := &Image{
		Config:           digest.FromBytes(data),
		ConfigSize:       int64(len(data)),
		Platform:         platformName(basic.Platform),
		Platforms:        []Platform{},
		Annotations:      map[string]string{},
		Created:          c.Created,
		Author:           c.Author,
		User:             c.Config.User,
		WorkingDirectory: c.Config.WorkingDir,
		Entrypoint:       list(c.Config.Entrypoint),
		Command:          list(c.Config.Cmd),
		StopSignal:       c.Config.StopSignal,
		Healthcheck:      []string{},
		Ports:            list(slices.Sorted(maps.Keys(c.Config.ExposedPorts))),
		Volumes:          list(slices.Sorted(maps.Keys(c.Config.Volumes))),
		Environment:      list(c.Config.Env),
		Labels:           c.Config.Labels,
		Signatures:       []Signature{},
	}
	if c.Config.Healthcheck != nil {
		i.Healthcheck = list(c.Config.Healthcheck.Test)
	}
	if i.Labels == nil {
		i.Labels = map[string]string{}
	}
	i.addLayers(layers, basic.DiffIDs)
	i.History = newHistory(c.History, i.Layers)
	return i, nil
}

// list returns a list that is not nil, since JSON has no null here.
func list(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}

// platformName returns the name of the platform in a config, which may lack it.
func platformName(p ocispec.Platform) string {
	if p.OS == "" && p.Architecture == "" {
		return ""
	}
	p.OS, p.Architecture = cmp.Or(p.OS, "unknown"), cmp.Or(p.Architecture, "unknown")
	return image.FormatPlatform(p)
}

func (i *Image) addLayers(layers []ocispec.Descriptor, diffIDs []digest.Digest) {
	i.Layers = []Layer{}
	seen := map[digest.Digest]bool{}
	for n, d := range layers {
		i.Layers = append(i.Layers, Layer{Digest: d.Digest, DiffID: diffIDs[n], MediaType: d.MediaType, Size: d.Size})
		if !seen[d.Digest] {
			seen[d.Digest] = true
			i.Size += d.Size
		}
	}
}

// HistoryFits reports whether the history says how each layer was made. An image need not
// have one.
func (i *Image) HistoryFits() bool { return fits(i.History, i.Layers) }

// SetManifest adds the manifest of the image, and the index that lists it, if there are
// any. The platforms are those that the index itself states.
func (i *Image) SetManifest(m, index image.Manifest) error {
	i.Manifest, i.ManifestSize = m.Digest, int64(len(m.Bytes))
	if err := i.setIndex(index); err != nil || len(m.Bytes) == 0 {
		return err
	}
	parsed, err := image.ParseManifest(m.Bytes)
	maps.Copy(i.Annotations, parsed.Annotations)
	i.manifestAnnotations = parsed.Annotations
	return err
}

func (i *Image) setIndex(index image.Manifest) error {
	if len(index.Bytes) == 0 {
		return nil
	}
	parsed, err := image.ParseIndex(index.Bytes)
	if err != nil {
		return err
	}
	i.Index = index.Digest
	maps.Copy(i.Annotations, parsed.Annotations)
	for _, d := range parsed.Manifests {
		if d.Digest == i.Manifest {
			maps.Copy(i.Annotations, d.Annotations)
		}
		if d.Platform != nil && !image.IsAttestation(d) {
			i.Platforms = append(i.Platforms, Platform{image.FormatPlatform(*d.Platform), d.Digest, d.Size})
		}
	}
	return nil
}
