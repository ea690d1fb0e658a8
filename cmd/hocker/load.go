package main

import (
	"context"
	"fmt"

	"hocker/fetcher/engine"
)

type loadCmd struct {
	builtImage
	Host string `placeholder:"URI" help:"Container engine: unix:///PATH, tcp://HOST:PORT or ssh://USER@HOST (default: the one docker would talk to, else podman's)."`
	JSON bool   `name:"json" help:"Print a JSON object: reference, id and outcome (loaded, tagged or present)."`
}

func (*loadCmd) Help() string {
	return "What the engine has already is left out.\n\n" +
		"Example:\n  nix-build && hocker load ./result"
}

func (c *loadCmd) Run(ctx context.Context, p process) error {
	composition, err := c.read(ctx)
	if err != nil {
		return err
	}
	wanted, err := engineImage(composition)
	if err != nil {
		return fmt.Errorf("%s: %w", c.Image, err)
	}
	e, err := engine.Find(ctx, c.Host, p.getenv)
	if err != nil {
		return err
	}
	result, err := e.Load(ctx, wanted, engine.Progress{})
	if err != nil {
		return err
	}
	name := composition.Reference
	if name == "" {
		name = composition.Config.Digest.String()
	}
	if c.JSON {
		return writeJSON(p, loadResult{composition.Reference, composition.Config.Digest.String(), outcomes[result.Outcome]})
	}
	switch result.Outcome {
	case engine.Present:
		fmt.Fprintf(p.stdout, "Image is there already: %s\n", name)
	case engine.Tagged:
		fmt.Fprintf(p.stdout, "Tagged image: %s\n", name)
	case engine.Loaded:
		fmt.Fprintf(p.stdout, "Loaded image: %s\n", name)
	}
	return nil
}

// loadResult is what load --json prints.
type loadResult struct {
	Reference string `json:"reference"` // empty for an image without a name
	ID        string `json:"id"`        // the config's digest, which Docker and podman use as the image's ID
	Outcome   string `json:"outcome"`
}

var outcomes = map[engine.Outcome]string{
	engine.Present: "present", // it was there already, under this name
	engine.Tagged:  "tagged",  // it was there already, and got the name
	engine.Loaded:  "loaded",
}
