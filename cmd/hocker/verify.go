package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"hocker/fetcher"
	"hocker/fetcher/archive"
	"hocker/fetcher/image"
	"hocker/fetcher/reference"
	"hocker/fetcher/signature"

	"github.com/opencontainers/go-digest"
)

type verifyCmd struct {
	imageFlags
	Key    []string `group:"signatures" sep:"none" placeholder:"FILE" help:"Public key, such as cosign.pub. Can be repeated: one of the keys is enough."`
	Policy string   `group:"signatures" placeholder:"FILE" help:"The policy.json that names the keys."`
}

func (*verifyCmd) Help() string {
	return "An image that starts with . or / is a path: an image built by nix-build, an archive, an OCI layout, or a manifest. " +
		"Its signature must be known from an earlier run of a command that verified it, and no registry is asked.\n\n" +
		"The exit code is 7 if none of the keys vouches for the image.\n\n" +
		"Example:\n  hocker verify debian:bookworm --key cosign.pub\n  docker2nix --pin debian:bookworm > debian.nix && nix-build && hocker verify ./result --key cosign.pub"
}

// Validate is called by kong.
func (c *verifyCmd) Validate() error {
	switch {
	case c.Policy == "" && len(c.Key) == 0:
		return fmt.Errorf("give the keys with --key or --policy")
	case c.Policy != "" && len(c.Key) > 0:
		return fmt.Errorf("--key and --policy cannot be used together: the policy names the keys")
	case c.isPath() && c.Tag != "":
		return fmt.Errorf("%s is a path, and has no tag", c.Name)
	}
	return c.registryFlags.Validate()
}

func (c *verifyCmd) Run(ctx context.Context, p process) error {
	trusted, err := readTrusted(ctx, c.Key, c.Policy)
	if err != nil {
		return err
	}
	v := &verifier{trusted, cacheFolder(p), func(line string) { c.warn(p, line) }}
	if c.isPath() {
		return c.verifyPath(ctx, p, v)
	}
	src, err := c.open(ctx, p)
	if err != nil {
		return err
	}
	v.Source = fetcher.Signatures{Client: src.Client}
	m, err := src.resolve(ctx)
	if err != nil {
		return err
	}
	key, err := v.vouched(ctx, signature.Image{Reference: src.ref, Index: m.Index.Digest, Manifests: []digest.Digest{m.Digest}}, m.Index.Bytes)
	if err != nil {
		return err
	}
	return sayVouched(p, src.ref.Familiar(), m.Digest, key)
}

// sayVouched prints the result.
func sayVouched(p process, name string, d digest.Digest, key signature.Key) error {
	if key.Fingerprint == "" {
		return writeLines(p.stdout, fmt.Sprintf("%s: accepted without a signature: %s", name, d))
	}
	return writeLines(p.stdout, fmt.Sprintf("%s: signed by %s (%s): %s", name, key.Fingerprint, key.From, d))
}

// verifyPath verifies images in files, with the signatures that were kept.
func (c *verifyCmd) verifyPath(ctx context.Context, p process, v *verifier) error {
	images, err := c.files(ctx)
	if err != nil {
		return err
	}
	for _, i := range images {
		offline, err := v.offline(ctx, &i)
		if err != nil {
			return err
		}
		key, err := offline.vouched(ctx, i, nil)
		if err == nil {
			err = sayVouched(p, i.Name, i.Manifests[0], key)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// files returns the images at the path.
func (c *verifyCmd) files(ctx context.Context) ([]signature.Image, error) {
	if d, ok := manifestFile(c.Name); ok {
		return []signature.Image{{Name: c.Name, Manifests: []digest.Digest{d}}}, nil
	}
	compositions, err := openImages(ctx, c.Name, c.Name, image.DefaultPlatform())
	if err != nil {
		return nil, err
	}
	var images []signature.Image
	for n := range compositions {
		i, err := fileImage(ctx, c.Name, &compositions[n])
		if err != nil {
			return nil, err
		}
		images = append(images, i)
	}
	return images, nil
}

// fileImage returns an image in files, whose parts belong together.
func fileImage(ctx context.Context, name string, c *archive.Composition) (signature.Image, error) {
	if c.Manifest == nil {
		return signature.Image{}, usagef("%s has no manifest of a registry, which is what was signed: lock it with `hocker lock` or `docker2nix --pin`", name)
	}
	if err := c.Complete(ctx); err != nil {
		return signature.Image{}, fmt.Errorf("%s: %w", name, err)
	}
	i := signature.Image{Name: name, Manifests: []digest.Digest{c.Manifest.Digest}}
	if ref, err := reference.Parse(c.Reference); err == nil {
		i.Reference = ref
	}
	return i, nil
}

// manifestFile returns the digest of the file at path if it is a manifest.
func manifestFile(path string) (digest.Digest, bool) {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxManifest {
		return "", false
	}
	f, err := os.Open(path)
	if err != nil {
		return "", false
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxManifest))
	if err != nil || image.Identify(data) != image.KindManifest {
		return "", false
	}
	return digest.FromBytes(data), true
}
