package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"hocker/fetcher/image"
	"hocker/fetcher/nix"
)

// buildCmd is the builder of the derivations that put an image together. What
// it is made of comes from the derivation.
type buildCmd struct {
	Kind string `arg:"" enum:"image,archive,stream,oci,manifest,load" help:"What to build: image, or one of its shapes archive, stream, oci, manifest and load."`
}

// builds are the kinds of outputs. Each writes out as a whole or not at all.
var builds = map[string]func(ctx context.Context, p process, out string) error{
	"image":    buildImage,
	"archive":  buildArchive,
	"stream":   buildStream,
	"oci":      buildLayout,
	"manifest": buildManifest,
	"load":     buildLoad,
}

func (c *buildCmd) Run(ctx context.Context, p process) error {
	out := p.getenv("out")
	if out == "" {
		return missingAttribute("out")
	}
	// Nix keeps no output of a failed build, but a builder that is run by hand
	// leaves nothing behind either; nor does it touch what is there.
	if _, err := os.Lstat(out); err == nil {
		return fmt.Errorf("%s is there already", out)
	}
	err := builds[c.Kind](ctx, p, out)
	if err != nil {
		os.RemoveAll(out)
	}
	return err
}

func missingAttribute(name string) error {
	return fmt.Errorf("%s is not set: this command is run by Nix, as the builder of fetchdocker", name)
}

// buildImage makes the folder with compositeImage.sh.
func buildImage(ctx context.Context, p process, out string) error {
	composition, err := readSpec(p)
	if err != nil {
		return err
	}
	if composition.Verify {
		if err := composition.VerifyLayers(ctx, nix.Cores(p.getenv)); err != nil {
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
	return writeScript(p, filepath.Join(out, "compositeImage.sh"), streamScript, file, composition)
}

// buildArchive makes the archive of unpacked layers, which it verifies.
func buildArchive(ctx context.Context, p process, out string) error {
	composition, err := readSpec(p)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(out, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := composition.WriteUnpacked(ctx, f, nix.Cores(p.getenv)); err != nil {
		return err
	}
	return f.Close()
}

// readSpec reads what the image is to be made of.
func readSpec(p process) (image.Composition, error) {
	spec := p.getenv("specPath")
	if spec == "" {
		return image.Composition{}, missingAttribute("specPath")
	}
	composition, err := image.ReadComposition(spec)
	if err != nil {
		return image.Composition{}, err
	}
	return composition, composition.Complete()
}

// The other shapes are made of an image that was built, and so verified.

func buildStream(_ context.Context, p process, out string) error {
	file, composition, err := readBuilt(p)
	if err != nil {
		return err
	}
	return writeScript(p, out, streamScript, file, composition)
}

func buildLoad(_ context.Context, p process, out string) error {
	file, composition, err := readBuilt(p)
	if err != nil {
		return err
	}
	bin := filepath.Join(out, "bin")
	if err := os.MkdirAll(bin, 0o777); err != nil {
		return err
	}
	return writeScript(p, filepath.Join(bin, "load"), loadScript, file, composition)
}

func buildLayout(_ context.Context, p process, out string) error {
	_, composition, err := readBuilt(p)
	if err != nil {
		return err
	}
	return composition.WriteLayout(out)
}

func buildManifest(_ context.Context, p process, out string) error {
	_, composition, err := readBuilt(p)
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
func readBuilt(p process) (file string, composition image.Composition, err error) {
	built := p.getenv("built")
	if built == "" {
		return "", image.Composition{}, missingAttribute("built")
	}
	file = filepath.Join(built, "image.json")
	composition, err = image.ReadComposition(file)
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
func writeScript(p process, path, script, file string, composition image.Composition) error {
	// hocker is the binary for the machine that runs the image; it differs from
	// the builder where the image is built on another kind of machine.
	self := cmp.Or(p.getenv("hocker"), p.getenv("builder"))
	if self == "" {
		return missingAttribute("hocker")
	}
	text := fmt.Sprintf(script, cmp.Or(composition.Reference, "an image"), self, file)
	return os.WriteFile(path, []byte(text), 0o777)
}
