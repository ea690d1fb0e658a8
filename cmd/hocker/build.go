package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"hocker/fetcher/image"
)

// buildCmd is the builder of the derivations that put an image together. What
// it is made of comes from the derivation.
type buildCmd struct {
	Kind string `arg:"" enum:"image" help:"What to build: image."`
}

// composeScript is what compositeImage.sh holds: plain enough to be run by any
// sh, whether it is executable or not.
const composeScript = `#!/bin/sh
# Writes the archive of %s to standard output, for docker load and others.
exec '%s' compose '%s' "$@"
`

func (c *buildCmd) Run(p process) error {
	// hocker is the binary for the machine that runs the image; it differs from
	// the builder where the image is built on another kind of machine.
	out, spec, self := p.getenv("out"), p.getenv("specPath"), cmp.Or(p.getenv("hocker"), p.getenv("builder"))
	if out == "" || spec == "" || self == "" {
		return fmt.Errorf("out, specPath and builder are not set: this command is run by Nix, as the builder of fetchdocker")
	}
	composition, err := image.ReadComposition(spec)
	if err != nil {
		return err
	}
	if err := composition.Complete(); err != nil {
		return err
	}
	return writeImage(out, self, composition)
}

func writeImage(out, self string, composition image.Composition) error {
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
	name := composition.Reference
	if name == "" {
		name = "an image"
	}
	script := fmt.Sprintf(composeScript, name, self, file)
	return os.WriteFile(filepath.Join(out, "compositeImage.sh"), []byte(script), 0o777)
}
