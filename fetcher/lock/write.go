package lock

import (
	"bytes"
	"cmp"
	"encoding/json"

	"hocker/fetcher/image"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// The format of the file. Its keys are sorted as by jq -S, one per line, so that git
// can merge changes of different images.
type (
	wireFile struct {
		Images  map[string]wireImage  `json:"images"`
		Sources map[string]wireSource `json:"sources,omitempty"` // since version 4
		Version int                   `json:"version"`
	}
	wireSource struct {
		AllPlatforms bool     `json:"allPlatforms,omitempty"`
		Kind         string   `json:"kind"`
		Overrides    []string `json:"overrides,omitempty"`
		PlainHTTP    bool     `json:"plainHTTP,omitempty"`
		Platforms    []string `json:"platforms,omitempty"`
	}
	wireImage struct {
		AllPlatforms bool                    `json:"allPlatforms,omitempty"`
		As           string                  `json:"as,omitempty"`     // since version 2
		Follow       string                  `json:"follow,omitempty"` // since version 4
		ImageName    string                  `json:"imageName"`
		Index        *wireDescriptor         `json:"index,omitempty"`
		Locked       string                  `json:"locked,omitempty"`   // since version 4
		NoVerify     bool                    `json:"noVerify,omitempty"` // since version 3
		Pinned       bool                    `json:"pinned,omitempty"`
		Platforms    map[string]wirePlatform `json:"platforms"`
		Registry     string                  `json:"registry"`
		Repository   string                  `json:"repository"`
		SignedBy     digest.Digest           `json:"signedBy,omitempty"` // since version 3
		Sources      []string                `json:"sources,omitempty"`  // since version 4
		Tag          string                  `json:"tag"`
	}
	wirePlatform struct {
		Config   wireDescriptor   `json:"config"`
		Layers   []wireDescriptor `json:"layers"`
		Manifest wireDescriptor   `json:"manifest"`
		Platform string           `json:"platform"`
	}
	wireDescriptor struct {
		Digest    digest.Digest `json:"digest"`
		MediaType string        `json:"mediaType,omitempty"`
		Size      int64         `json:"size"`
	}
)

// Format returns the file as JSON. Equal files give equal bytes. The version is the
// lowest that supports the content, so that an older hocker can read the file.
func (f File) Format() ([]byte, error) {
	file := wireFile{Images: map[string]wireImage{}, Version: oldest}
	for name, i := range f.Images {
		file.Version = max(file.Version, i.version())
		file.Images[name] = i.wire()
	}
	if len(f.Sources) > 0 {
		file.Version = Version
		file.Sources = map[string]wireSource{}
	}
	for path, s := range f.Sources {
		file.Sources[path] = s.wire()
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err := encoder.Encode(file)
	return b.Bytes(), err
}

// version returns the lowest version that supports the image.
func (i Image) version() int {
	switch {
	case i.Follow != "", i.sealed:
		return 4
	case i.SignedBy != "", i.NoVerify:
		return 3
	case i.As != "":
		return 2
	}
	return oldest
}

func (s SourceFile) wire() wireSource {
	w := wireSource{AllPlatforms: s.AllPlatforms, Kind: s.Kind, Overrides: s.Overrides, PlainHTTP: s.PlainHTTP}
	for _, platform := range s.Platforms {
		w.Platforms = append(w.Platforms, image.FormatPlatform(platform))
	}
	return w
}

func (i Image) wire() wireImage {
	repository, imageName := i.Reference.Split()
	w := wireImage{
		AllPlatforms: i.AllPlatforms,
		As:           i.As,
		Follow:       i.Follow,
		ImageName:    imageName,
		NoVerify:     i.NoVerify,
		Pinned:       i.Reference.Tag != "" && i.Pinned(),
		Platforms:    map[string]wirePlatform{},
		Registry:     i.Reference.Registry.String(),
		Repository:   repository,
		SignedBy:     i.SignedBy,
		Sources:      i.Sources,
		Tag:          cmp.Or(i.Reference.Tag, i.Reference.Digest.String()),
	}
	if i.sealed {
		w.Locked = i.seal()
	}
	if i.Index.Digest != "" {
		index := wireOf(i.Index)
		w.Index = &index
	}
	for system, p := range i.Platforms {
		platform := wirePlatform{
			Config:   wireOf(p.Config),
			Layers:   []wireDescriptor{},
			Manifest: wireOf(p.Manifest),
			Platform: image.FormatPlatform(p.Platform),
		}
		for _, layer := range p.Layers {
			platform.Layers = append(platform.Layers, wireOf(layer))
		}
		w.Platforms[system] = platform
	}
	return w
}

func wireOf(d ocispec.Descriptor) wireDescriptor {
	return wireDescriptor{Digest: d.Digest, MediaType: d.MediaType, Size: d.Size}
}
