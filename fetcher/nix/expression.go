package nix

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"text/template"

	"hocker/fetcher"
	"hocker/fetcher/image"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// Image is an image that is to be written as a Nix expression.
type Image struct {
	// Name is the derivation's; empty means the last part of the repository's path.
	Name      string
	Reference fetcher.Reference
	Manifest  ocispec.Manifest
}

// namePattern is what Nix takes as the name of a store path. 211 is its limit.
// https://github.com/NixOS/nix/blob/2.34.0/src/libstore/path.cc
var namePattern = regexp.MustCompile(`^[a-zA-Z0-9+\-_?=][a-zA-Z0-9+\-_?=.]{0,210}$`)

// CheckName returns an error unless name can be the name of a derivation.
func CheckName(name string) error {
	if !namePattern.MatchString(name) {
		return &fetcher.InputError{What: "name", Value: name, Reason: "a name in the Nix store has up to 211 of a-z, A-Z, 0-9 and + - _ . ? =, and does not begin with a dot"}
	}
	return nil
}

var expression = template.Must(template.New("fetchdocker").Funcs(template.FuncMap{"str": String}).Parse(
	`{ fetchDockerConfig, fetchDockerLayer, fetchdocker }:
fetchdocker rec {
  name = {{str .Name}};
  registry = {{str .Registry}};
  repository = {{str .Repository}};
  imageName = {{str .ImageName}};
  tag = {{str .Tag}};
  imageConfig = fetchDockerConfig {
    inherit tag registry repository imageName;
    sha256 = {{str .Config}};
  };
  imageLayers = let
{{- range $i, $layer := .Layers}}
    layer{{$i}} = fetchDockerLayer {
      inherit registry repository imageName;
      layerDigest = {{str $layer.Digest}};
      sha256 = {{str $layer.Hash}};
    };
{{- end}}
    in [ {{range $i, $_ := .Layers}}layer{{$i}} {{end}}];
}
`))

type expressionLayer struct{ Digest, Hash string }

type expressionData struct {
	Name, Registry, Repository, ImageName, Tag, Config string
	Layers                                             []expressionLayer
}

// Expression returns the Nix expression of an image: a function of
// fetchDockerConfig, fetchDockerLayer and fetchdocker. All strings that come
// from outside are checked against their grammar and escaped besides.
func (i Image) Expression() ([]byte, error) {
	if err := image.RequireSHA256(i.Manifest); err != nil {
		return nil, fmt.Errorf("it cannot be a flat sha256 fixed-output derivation: %w", err)
	}
	repository, imageName := i.Reference.Split()
	data := expressionData{
		Name:       i.Name,
		Registry:   i.Reference.Registry.String(),
		Repository: repository,
		ImageName:  imageName,
		Tag:        i.Reference.Tag,
	}
	if data.Name == "" {
		data.Name = imageName
	}
	if data.Tag == "" {
		data.Tag = i.Reference.Digest.String()
	}
	if err := CheckName(data.Name); err != nil {
		return nil, err
	}
	var err error
	if data.Config, err = Base32(i.Manifest.Config.Digest); err != nil {
		return nil, err
	}
	for _, layer := range i.Manifest.Layers {
		l, err := newExpressionLayer(layer.Digest)
		if err != nil {
			return nil, err
		}
		data.Layers = append(data.Layers, l)
	}
	var b bytes.Buffer
	if err := expression.Execute(&b, data); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func newExpressionLayer(d digest.Digest) (expressionLayer, error) {
	hash, err := Base32(d)
	return expressionLayer{Digest: d.Encoded(), Hash: hash}, err
}

// stringEscapes are what has a meaning between double quotes:
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
