package shape

import (
	"context"
	"fmt"
	"path/filepath"

	"hocker/fetcher/archive"
)

// readSpec reads the composition of the image from the attribute spec.
func readSpec(ctx context.Context, b build) (archive.Composition, error) {
	composition, err := parseSpec(b)
	if err != nil {
		return archive.Composition{}, err
	}
	return composition, composition.Complete(ctx)
}

// parseSpec reads the attribute spec.
func parseSpec(b build) (archive.Composition, error) {
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
	return composition, nil
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
	composition, err = archive.ReadComposition(ctx, file)
	return file, composition, err
}
