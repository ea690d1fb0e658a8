package main

import (
	"errors"

	"hocker/fetcher/archive"
	"hocker/fetcher/content"
	"hocker/fetcher/image"
)

// limitHint says how to raise the limit that some content exceeds, or returns "".
func limitHint(command string, err error, limit *content.LimitError, inNix bool) string {
	switch {
	case limit.Limit == image.MaxConfigSize:
		return "" // no engine accepts a larger one
	case errors.As(err, new(*archive.UnpackError)) && inNix:
		return "if the layer is no bomb, pass a higher maxUnpacked to fetchdocker, in bytes"
	case errors.As(err, new(*archive.UnpackError)):
		return pick(fetchesLayers(command), "if the layer is no bomb, give a higher --max-unpacked", "")
	}
	return pick(inNix,
		"if the layer is really that large, pass its size or a higher maxSize to fetchDockerLayer, in bytes",
		"name the layer by its number, such as --layer 0: then the manifest states its size")
}
