package shape

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"hocker/fetcher/nix"
)

// builds are the kinds of output. Each writes out completely or not at all.
var builds = map[string]func(ctx context.Context, b build, out string) error{
	"image":    buildImage,
	"archive":  buildArchive,
	"stream":   buildStream,
	"oci":      buildLayout,
	"manifest": buildManifest,
	"load":     buildLoad,

	"nix2container": buildNix2container,

	"erofs-layer": buildErofsLayer,
	"erofs":       buildErofs,

	"podman-store": buildPodmanStore,

	"rootfs":  buildRootfs,
	"service": buildService,
	"bundle":  buildBundle,
}

// Build builds the output of a derivation with these attributes: image, or one of
// its shapes. cores is how many processors it may use, at least 1. Build fails if
// the output's path exists.
//
// Errors: those of [archive.Composition]'s methods, of [erofs.MakeLayer] and of
// [rootfs.Make].
func Build(ctx context.Context, attributes nix.Attributes, kind string, cores int) error {
	write, ok := builds[kind]
	if !ok {
		return fmt.Errorf("unknown shape %q", kind)
	}
	out, err := attributes.Out()
	switch {
	case err != nil:
		return err
	case out == "":
		return missingAttribute("out")
	}
	// Nix discards the output of a failed build. A builder run by hand leaves
	// nothing behind either, and overwrites nothing.
	if _, err := os.Lstat(out); err == nil {
		return fmt.Errorf("%s already exists", out)
	}
	err = write(ctx, build{attributes, cores}, out)
	if err != nil {
		os.RemoveAll(out)
	}
	return err
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

// buildArchive writes the archive with unpacked layers, and verifies them.
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

// The other shapes are made from a built image, whose layers are verified.

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
