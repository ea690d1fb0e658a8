package main

import (
	"cmp"
	"fmt"

	"hocker/fetcher/bytecount"
	"hocker/fetcher/engine"
)

// loadResult is an image in the output of load --json.
type loadResult struct {
	Reference     string `json:"reference"` // empty for an image without a name
	ID            string `json:"id"`        // the config's digest, which Docker and podman use as the image's ID
	Outcome       string `json:"outcome"`
	Layers        int    `json:"layers"`
	LayersPresent int    `json:"layersPresent"` // before the image was loaded
	Bytes         int64  `json:"bytes"`         // sent to the engine
}

var outcomes = map[engine.Outcome]string{
	engine.Present: "present", // with this name
	engine.Tagged:  "tagged",  // was present, and got the name
	engine.Loaded:  "loaded",
}

// newLoadResult describes what was done or, for a dry run, what would be done.
func newLoadResult(image engine.Image, result engine.Result) loadResult {
	row := loadResult{
		ID:            image.Config.Digest.String(),
		Outcome:       outcomes[result.Outcome],
		Layers:        result.Layers,
		LayersPresent: result.LayersPresent,
		Bytes:         cmp.Or(result.Sent, result.Bytes),
	}
	if image.Reference.Tag != "" {
		row.Reference = image.Reference.Familiar()
	}
	return row
}

// shownName returns the name of an image, or its ID if it has none.
func shownName(image engine.Image) string {
	row := newLoadResult(image, engine.Result{})
	return cmp.Or(row.Reference, row.ID)
}

// line returns the result in words.
func (r loadResult) line(dry bool) string {
	name := cmp.Or(r.Reference, r.ID)
	switch {
	case r.Outcome == "present":
		return "Image is already present: " + name
	case r.Outcome == "tagged" && dry:
		return "Would tag image: " + name
	case r.Outcome == "tagged":
		return "Tagged image: " + name
	case dry:
		return fmt.Sprintf("Would load image: %s (%d of %d layers already present, %s to send)", name, r.LayersPresent, r.Layers, bytecount.Format(r.Bytes))
	}
	return "Loaded image: " + name
}
