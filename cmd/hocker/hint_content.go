package main

import (
	"errors"

	"hocker/fetcher"
	"hocker/fetcher/archive"
	"hocker/fetcher/content"
)

// isContentError reports whether err says that the content is not as expected.
func isContentError(err error) bool {
	return errors.As(err, new(*archive.LayerError)) || errors.As(err, new(*archive.UnpackError)) || errors.As(err, new(*content.VerifyError))
}

// contentHint says where the wrong content may come from, or returns "".
func contentHint(command string, err error) string {
	var mismatch *content.VerifyError
	switch {
	case errors.As(err, new(*archive.PackingError)):
		if fetchesImage(command) {
			return "--compressed leaves the layers packed as they are"
		}
		return ""
	case errors.As(err, new(*archive.LayerError)):
		return "are these the layers of this config, the lowest first?"
	case errors.As(err, new(*archive.UnpackError)):
		return "the layer matches its digest, so the image itself is broken"
	case !errors.As(err, &mismatch) || !errors.As(err, new(*fetcher.FetchError)):
		return "" // a local file
	case mismatch.Got == mismatch.Want:
		return "the content matches its digest: the image is broken, because its manifest gives another size"
	case mismatch.Got == "": // not read to the end
		return "either the image's manifest gives a wrong size, or the registry has other content under this digest"
	}
	return "the registry, or something between it and this machine, sent the wrong content"
}
