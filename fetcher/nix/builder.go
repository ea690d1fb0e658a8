package nix

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"

	"hocker/fetcher/credential"
	"hocker/fetcher/reference"

	"github.com/opencontainers/go-digest"
)

// Builder is what Nix passes to the builder of a fixed-output derivation.
type Builder struct {
	Out        string               // path of the output
	Digest     digest.Digest        // from outputHash
	Repository reference.Repository // from registry, repository and imageName
	Tag        string               // used only in messages
	Mirrors    string               // from hockerMirrors, separated by commas
	Size       int64                // in bytes; 0 if unknown
	MaxSize    int64                // limit for a blob of unknown size; 0 for the default

	credentialsFile string // from dockerCredentialsFile, which is set from NIX_PATH
}

// ReadBuilder reads the attributes of a fixed-output derivation. An empty
// attribute counts as unset.
func ReadBuilder(a Attributes) (Builder, error) {
	t, err := readTexts(a)
	if err != nil {
		return Builder{}, err
	}
	if t["out"] == "" || t["outputHash"] == "" {
		return Builder{}, fmt.Errorf("out and outputHash are not set: this command is run by Nix, as the builder of a fixed-output derivation")
	}
	if algorithm := t["outputHashAlgo"]; algorithm != "" && algorithm != "sha256" {
		return Builder{}, fmt.Errorf("outputHashAlgo is %q, expected sha256", algorithm)
	}
	if mode := t["outputHashMode"]; mode != "" && mode != "flat" {
		return Builder{}, fmt.Errorf("outputHashMode is %q, expected flat", mode)
	}
	b := Builder{Out: t["out"], Tag: t["tag"], Mirrors: t["hockerMirrors"], credentialsFile: t["dockerCredentialsFile"]}
	if b.Digest, err = ParseHash(t["outputHash"]); err != nil {
		return Builder{}, fmt.Errorf("outputHash: %w", err)
	}
	if err := checkLayerDigest(t["layerDigest"], b.Digest); err != nil {
		return Builder{}, err
	}
	if b.Size, err = a.Bytes("size"); err != nil {
		return Builder{}, err
	}
	if b.MaxSize, err = a.Bytes("maxSize"); err != nil {
		return Builder{}, err
	}
	b.Repository, err = readRepository(t)
	return b, err
}

// readTexts reads the attributes as strings.
func readTexts(a Attributes) (texts map[string]string, err error) {
	texts = map[string]string{}
	for _, name := range []string{
		"outputHash", "outputHashAlgo", "outputHashMode", "layerDigest", "registry", "repository", "imageName", "tag", "dockerCredentialsFile",
	} {
		if texts[name], err = a.String(name); err != nil {
			return nil, err
		}
	}
	if texts["out"], err = a.Out(); err != nil {
		return nil, err
	}
	mirrors, err := a.Strings("hockerMirrors")
	texts["hockerMirrors"] = strings.Join(mirrors, ",")
	return texts, err
}

// checkLayerDigest compares layerDigest, if it is set, with the output's hash.
func checkLayerDigest(layerDigest string, want digest.Digest) error {
	if layerDigest == "" {
		return nil
	}
	d, err := ParseHash(layerDigest)
	if err != nil {
		return fmt.Errorf("layerDigest: %w", err)
	}
	if d != want {
		return fmt.Errorf("layerDigest does not match the hash: layerDigest is %s, the hash is %s", d.Encoded(), want.Encoded())
	}
	return nil
}

func readRepository(texts map[string]string) (reference.Repository, error) {
	registry := reference.DockerHub
	if s := texts["registry"]; s != "" {
		var err error
		if registry, err = reference.ParseRegistry(s); err != nil {
			return reference.Repository{}, err
		}
	}
	path := texts["imageName"]
	if path == "" {
		return reference.Repository{}, fmt.Errorf("the derivation has no imageName")
	}
	if repository := texts["repository"]; repository != "" {
		path = repository + "/" + path
	}
	return registry.Repository(path)
}

// Image returns the image's reference for messages. Its tag comes from the
// derivation.
func (b Builder) Image() string {
	name := b.Repository.Familiar()
	switch {
	case b.Tag == "":
		return name
	case strings.Contains(b.Tag, ":"):
		return name + "@" + b.Tag
	}
	return name + ":" + b.Tag
}

// URL returns the URL to fetch: of a manifest if kind is "manifest", else of a
// blob.
func (b Builder) URL(kind string) string {
	place := "blobs"
	if kind == "manifest" {
		place = "manifests"
	}
	return b.Repository.Registry.String() + b.Repository.Path + "/" + place + "/" + b.Digest.String()
}

// credentialsFile is the last place where a builder looks for credentials,
// after its environment and the file from NIX_PATH. The setting
// extra-sandbox-paths makes either file visible in the sandbox.
const credentialsFile = "/etc/nix-docker-credentials.txt"

// Credentials returns a builder's credentials: from the environment, else from
// the file in NIX_PATH, else from /etc/nix-docker-credentials.txt, else none.
// Any derivation can name a registry, so a secret without a host is not sent.
// Warnings are passed to notice.
func (b Builder) Credentials(getenv func(string) string, notice func(line string)) (credential.Func, error) {
	audience := credential.Audience{Asked: []reference.Registry{b.Repository.Registry}}
	hosts, err := credential.EnvironmentHosts(getenv)
	if err != nil {
		return nil, err
	}
	fromEnvironment, err := credential.FromEnvironment(getenv, audience, notice)
	if err != nil {
		return nil, err
	}
	// The file is read only if the environment has no credential.
	read := sync.OnceValues(func() (credential.Func, error) { return b.fileCredential(audience, notice) })
	fromFile := func(ctx context.Context, repo reference.Repository) (credential.Credential, error) {
		find, err := read()
		if err != nil {
			return credential.Credential{}, err
		}
		return find(ctx, repo)
	}
	return credential.AllowPlainHTTP(hosts, credential.First(fromEnvironment, fromFile)), nil
}

// fileCredential reads the credentials file. If it cannot be read, that is only
// a warning, since the registry may not need a credential.
func (b Builder) fileCredential(audience credential.Audience, notice func(line string)) (credential.Func, error) {
	path := cmp.Or(b.credentialsFile, credentialsFile)
	file, err := credential.ReadFile(path, audience, notice)
	switch {
	case errors.Is(err, fs.ErrNotExist) && path == credentialsFile:
		return credential.First(), nil
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission):
		notice(fmt.Sprintf("warning: %v: is it in extra-sandbox-paths, and readable by the group nixbld?", err))
		return credential.First(), nil
	}
	return file.Credential, err
}
