package main

import (
	"hocker/fetcher/content"
	"hocker/fetcher/image"
)

// limitHint says how to fetch content that is larger than a limit, or returns "".
func limitHint(e *content.LimitError, inNix bool) string {
	if e.Limit == image.MaxConfigSize {
		return "" // no engine accepts a larger one
	}
	return pick(inNix,
		"if the layer is really that large, pass its size or a higher maxSize to fetchDockerLayer, in bytes",
		"name the layer by its number, such as --layer 0: then the manifest states its size")
}
