package main

import (
	"context"
	"fmt"
	"slices"

	"hocker/fetcher/engine"
)

type loadCmd struct {
	Images []string `arg:"" name:"image" complete:"loadable" help:"Image built by nix-build, such as ./result; an archive, such as one from docker save, or - for standard input; or an OCI layout. Or a lock file and the names of images in it, which must be in the Nix store."`
	All    bool     `help:"Load every image of the lock file."`
	engineFlags
	DryRun bool `help:"Print what would be done, and do nothing."`
	Quiet  bool `short:"q" help:"Print only errors to standard error."`
	JSON   bool `name:"json" help:"Print a JSON array of objects with reference, id, outcome (loaded, tagged or present), layers and bytes."`
}

func (*loadCmd) Help() string {
	return "The engine gets only the layers that it lacks. If one image cannot be loaded, the others still are.\n\n" +
		"Example:\n  nix-build && hocker load ./result\n  hocker load hocker.lock.json debian\n  hocker load --all hocker.lock.json"
}

func (c *loadCmd) Run(ctx context.Context, p process) error {
	var piped string
	if slices.Contains(c.Images, standardInput) {
		f, err := copyInput(ctx, p)
		if err != nil {
			return err
		}
		defer f.Discard()
		piped = f.Name()
	}
	inputs, err := c.inputs(ctx, p, piped)
	if err != nil {
		return err
	}
	wanted := make([]engine.Image, len(inputs))
	for i, input := range inputs {
		if wanted[i], err = engineImage(input.image); err != nil {
			return fmt.Errorf("%s: %w", input.from, err)
		}
	}
	e, err := c.find(ctx, p.getenv)
	if err != nil {
		return err
	}
	defer e.Close()
	rows, failed := []loadResult{}, &notLoadedError{of: len(wanted)}
	for i, image := range wanted {
		row, err := c.load(ctx, p, e, image)
		switch {
		case err == nil:
			rows = append(rows, row)
		case len(wanted) == 1 || ctx.Err() != nil:
			return err
		default:
			failed.add(p, inputs[i].from, err)
		}
	}
	if c.JSON {
		if err := writeJSON(p.stdout, rows); err != nil {
			return err
		}
	}
	if len(failed.causes) > 0 {
		return failed
	}
	return nil
}

// load loads one image, or plans to with --dry-run, and prints the result.
func (c *loadCmd) load(ctx context.Context, p process, e engine.Engine, image engine.Image) (loadResult, error) {
	var result engine.Result
	var err error
	if c.DryRun {
		result.Plan, err = e.Plan(ctx, image)
	} else {
		show := newLoadProgress(ctx, p, image, c.Quiet)
		result, err = e.Load(ctx, image, show.progress())
		show.done(err)
	}
	if err != nil {
		return loadResult{}, err
	}
	row := newLoadResult(image, result)
	if !c.JSON {
		err = writeLines(p.stdout, row.line(c.DryRun))
	}
	return row, err
}

// notLoadedError reports that some of several images could not be loaded. It wraps the
// first error.
type notLoadedError struct {
	causes []error
	of     int
}

// add prints why an image could not be loaded.
func (e *notLoadedError) add(p process, from string, err error) {
	e.causes = append(e.causes, err)
	p.sayf("hocker: %s: %v", from, err)
}

func (e *notLoadedError) Error() string {
	return fmt.Sprintf("%d of %d images could not be loaded", len(e.causes), e.of)
}

func (e *notLoadedError) Unwrap() error { return e.causes[0] }
