package nix

import (
	"bytes"
	"cmp"
	"fmt"
	"regexp"
	"strings"

	"hocker/fetcher/image"
	"hocker/fetcher/reference"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// Image is an image to write as a Nix expression.
type Image struct {
	// Name is the derivation's name. If empty, it is the last part of the
	// repository's path.
	Name      string
	Reference reference.Reference
	Manifest  ocispec.Manifest
	// Pin is the digest of the manifest. If it is set, the image includes the
	// manifest.
	Pin digest.Digest
}

// SystemImage is an image for the machines of one Nix system.
type SystemImage struct {
	System string
	Image
}

// namePattern matches the names that Nix accepts for a store path. Their length
// is at most maxNameLength.
// https://github.com/NixOS/nix/blob/2.34.0/src/libstore/path.cc
var namePattern = regexp.MustCompile(`^[a-zA-Z0-9+\-_?=][a-zA-Z0-9+\-_?=.]*$`)

// CheckName returns an error unless name can be the name of a derivation.
func CheckName(name string) error {
	if len(name) > maxNameLength || !namePattern.MatchString(name) {
		return &reference.InputError{What: "name", Value: name, Reason: "expected at most 207 characters of a-z, A-Z, 0-9 and + - _ . ? =, not starting with a dot"}
	}
	return nil
}

type callLayer struct{ Digest, Hash string }

type callData struct {
	Name, Registry, Repository, ImageName, Tag string
	Pin, PinHash, Config                       string
	Layers                                     []callLayer
}

// String returns the call of fetchdocker.
func (d callData) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, `fetchdocker rec {
  name = %s;
  registry = %s;
  repository = %s;
  imageName = %s;
  tag = %s;
`, String(d.Name), String(d.Registry), String(d.Repository), String(d.ImageName), String(d.Tag))
	if d.Pin != "" {
		fmt.Fprintf(&b, `  imageDigest = %s;
  imageManifest = fetchDockerManifest {
    inherit tag registry repository imageName;
    sha256 = %s;
  };
`, String(d.Pin), String(d.PinHash))
	}
	fmt.Fprintf(&b, `  imageConfig = fetchDockerConfig {
    inherit tag registry repository imageName;
    sha256 = %s;
  };
  imageLayers = let
`, String(d.Config))
	var names strings.Builder
	for i, layer := range d.Layers {
		fmt.Fprintf(&b, `    layer%d = fetchDockerLayer {
      inherit registry repository imageName;
      layerDigest = %s;
      sha256 = %s;
    };
`, i, String(layer.Digest), String(layer.Hash))
		fmt.Fprintf(&names, "layer%d ", i)
	}
	fmt.Fprintf(&b, "    in [ %s];\n}", names.String())
	return b.String()
}

// Expression returns the Nix expression of an image: a function of
// fetchDockerConfig, fetchDockerLayer, fetchdocker and, with a Pin,
// fetchDockerManifest. Strings from outside are checked against their grammar
// and escaped.
func (i Image) Expression() ([]byte, error) {
	body, err := i.call()
	if err != nil {
		return nil, err
	}
	return []byte(arguments(i.Pin != "") + body + "\n"), nil
}

// SystemsExpression returns the Nix expression of one image for several
// systems. It takes the same functions as [Image.Expression] and returns an
// attribute set with an image for each system.
func SystemsExpression(images []SystemImage) ([]byte, error) {
	var b bytes.Buffer
	pinned := false
	for _, i := range images {
		body, err := i.call()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", i.System, err)
		}
		pinned = pinned || i.Pin != ""
		fmt.Fprintf(&b, "  %s = %s;\n", i.System, strings.ReplaceAll(body, "\n", "\n  "))
	}
	return []byte(arguments(pinned) + "{\n" + b.String() + "}\n"), nil
}

func arguments(pinned bool) string {
	if pinned {
		return "{ fetchDockerConfig, fetchDockerLayer, fetchDockerManifest, fetchdocker }:\n"
	}
	return "{ fetchDockerConfig, fetchDockerLayer, fetchdocker }:\n"
}

func (i Image) call() (string, error) {
	all := append([]ocispec.Descriptor{i.Manifest.Config}, i.Manifest.Layers...)
	if i.Pin != "" {
		all = append(all, ocispec.Descriptor{Digest: i.Pin})
	}
	if err := image.RequireSHA256(all...); err != nil {
		return "", fmt.Errorf("it cannot be a flat sha256 fixed-output derivation: %w", err)
	}
	repository, imageName := i.Reference.Split()
	data := callData{
		Name:       cmp.Or(i.Name, imageName),
		Registry:   i.Reference.Registry.String(),
		Repository: repository,
		ImageName:  imageName,
		Tag:        cmp.Or(i.Reference.Tag, i.Reference.Digest.String()),
		Pin:        i.Pin.String(),
	}
	// fetchdocker shortens a long name that comes from the repository.
	if i.Name != "" {
		if err := CheckName(i.Name); err != nil {
			return "", err
		}
	}
	if err := i.hashes(&data); err != nil {
		return "", err
	}
	return data.String(), nil
}

// hashes fills in the hashes that Nix verifies.
func (i Image) hashes(data *callData) (err error) {
	if i.Pin != "" {
		if data.PinHash, err = Base32(i.Pin); err != nil {
			return err
		}
	}
	if data.Config, err = Base32(i.Manifest.Config.Digest); err != nil {
		return err
	}
	if err := image.RequirePlain(i.Manifest.Layers); err != nil {
		return err
	}
	for _, layer := range i.Manifest.Layers {
		if image.IsForeign(layer) {
			return fmt.Errorf("fetchDockerLayer asks the registry: %w", &image.ForeignError{Digest: layer.Digest, URLs: layer.URLs})
		}
		hash, err := Base32(layer.Digest)
		if err != nil {
			return err
		}
		data.Layers = append(data.Layers, callLayer{Digest: layer.Digest.Encoded(), Hash: hash})
	}
	return nil
}

// stringEscapes are the characters with a meaning between double quotes:
// https://nix.dev/manual/nix/2.34/language/string-literals
var stringEscapes = strings.NewReplacer(
	`\`, `\\`,
	`"`, `\"`,
	`${`, `\${`,
	"\n", `\n`,
	"\r", `\r`,
	"\t", `\t`,
)

// String returns s as a Nix string literal.
func String(s string) string {
	return `"` + stringEscapes.Replace(s) + `"`
}
