package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"hocker/fetcher/archive"
	"hocker/fetcher/nix"
)

// buildCmd is the builder of the derivations that put an image together. What
// it is made of comes from the derivation.
type buildCmd struct {
	Kind string `arg:"" enum:"image,archive,stream,oci,manifest,load" help:"What to build: image, or one of its shapes archive, stream, oci, manifest and load."`
}

// builds are the kinds of outputs. Each writes out as a whole or not at all.
var builds = map[string]func(ctx context.Context, b build, out string) error{
	"image":    buildImage,
	"archive":  buildArchive,
	"stream":   buildStream,
	"oci":      buildLayout,
	"manifest": buildManifest,
	"load":     buildLoad,
}

func (*buildCmd) Help() string {
	return "Nix runs this as the builder of fetchdocker. All else comes from the derivation."
}

func (c *buildCmd) Run(ctx context.Context, p process) error {
	attributes, err := nix.ReadAttributes(p.getenv)
	if err != nil {
		return err
	}
	out, err := attributes.Out()
	switch {
	case err != nil:
		return err
	case out == "":
		return missingAttribute("out")
	}
	// Nix keeps no output of a failed build, but a builder that is run by hand
	// leaves nothing behind either; nor does it touch what is there.
	if _, err := os.Lstat(out); err == nil {
		return fmt.Errorf("%s is there already", out)
	}
	err = builds[c.Kind](ctx, build{attributes, nix.Cores(p.getenv)}, out)
	if err != nil {
		os.RemoveAll(out)
	}
	return err
}

// build is what Nix tells a builder.
type build struct {
	nix.Attributes
	cores int // that it may use
}

func missingAttribute(name string) error {
	return fmt.Errorf("%s is not set: this command is run by Nix, as the builder of fetchdocker", name)
}

// buildImage makes the folder with compositeImage.sh.
func buildImage(ctx context.Context, b build, out string) error {
	composition, err := readSpec(ctx, b)
	if err != nil {
		return err
	}
	if composition.Verify {
		if err := composition.VerifyLayers(ctx, b.cores); err != nil {
			return err
		}
	}
	data, err := json.MarshalIndent(composition, "", "  ")
	if err != nil {
		return err
	}
	if err := os.Mkdir(out, 0o777); err != nil {
		return err
	}
	file := filepath.Join(out, "image.json")
	if err := os.WriteFile(file, append(data, '\n'), 0o666); err != nil {
		return err
	}
	return writeScript(b, filepath.Join(out, "compositeImage.sh"), streamScript, file, composition)
}

// buildArchive makes the archive of unpacked layers, which it verifies.
func buildArchive(ctx context.Context, b build, out string) error {
	composition, err := readSpec(ctx, b)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(out, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := composition.WriteUnpacked(ctx, f, b.cores); err != nil {
		return err
	}
	return f.Close()
}

// readSpec reads what the image is to be made of.
func readSpec(ctx context.Context, b build) (archive.Composition, error) {
	spec, err := b.Text("spec")
	switch {
	case err != nil:
		return archive.Composition{}, err
	case len(spec) == 0:
		return archive.Composition{}, missingAttribute("spec")
	}
	composition, err := archive.ParseComposition(spec)
	if err != nil {
		return archive.Composition{}, fmt.Errorf("attribute spec: %w", err)
	}
	return composition, composition.Complete(ctx)
}

// The other shapes are made of an image that was built, and so verified.

func buildStream(ctx context.Context, b build, out string) error {
	file, composition, err := readBuilt(ctx, b)
	if err != nil {
		return err
	}
	return writeScript(b, out, streamScript, file, composition)
}

func buildLoad(ctx context.Context, b build, out string) error {
	file, composition, err := readBuilt(ctx, b)
	if err != nil {
		return err
	}
	bin := filepath.Join(out, "bin")
	if err := os.MkdirAll(bin, 0o777); err != nil {
		return err
	}
	return writeScript(b, filepath.Join(bin, "load"), loadScript, file, composition)
}

func buildLayout(ctx context.Context, b build, out string) error {
	_, composition, err := readBuilt(ctx, b)
	if err != nil {
		return err
	}
	return composition.WriteLayout(out)
}

func buildManifest(ctx context.Context, b build, out string) error {
	_, composition, err := readBuilt(ctx, b)
	if err != nil {
		return err
	}
	data, err := composition.ManifestBytes()
	if err != nil {
		return err
	}
	return os.WriteFile(out, data, 0o666)
}

// readBuilt reads the image.json that buildImage wrote.
func readBuilt(ctx context.Context, b build) (file string, composition archive.Composition, err error) {
	built, err := b.String("built")
	switch {
	case err != nil:
		return "", archive.Composition{}, err
	case built == "":
		return "", archive.Composition{}, missingAttribute("built")
	}
	file = filepath.Join(built, "image.json")
	composition, err = readComposition(ctx, file)
	return file, composition, err
}

// The scripts are plain enough to be run by any sh, whether they are executable
// or not.
const (
	streamScript = `#!/bin/sh
# Writes the archive of %s to standard output, for docker load and others.
exec '%s' compose '%s' "$@"
`
	loadScript = `#!/bin/sh
# Loads %s into the container engine of this machine.
exec '%s' load '%s' "$@"
`
)

// writeScript writes one of the scripts for the image in file.
func writeScript(b build, path, script, file string, composition archive.Composition) error {
	// hocker is the binary for the machine that runs the image; it differs from
	// the builder where the image is built on another kind of machine.
	self, err := b.String("hocker")
	if self == "" && err == nil {
		self, err = b.String("builder")
	}
	switch {
	case err != nil:
		return err
	case self == "":
		return missingAttribute("hocker")
	}
	text := fmt.Sprintf(script, cmp.Or(composition.Reference, "an image"), self, file)
	return os.WriteFile(path, []byte(text), 0o777)
}
