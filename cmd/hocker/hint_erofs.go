package main

import (
	"errors"

	"hocker/fetcher/erofs"
)

func isErofsError(err error) bool {
	return errors.As(err, new(*erofs.EntryError)) || errors.As(err, new(*erofs.MkfsError))
}

// erofsHint returns a way out of an error of EROFS files, or "".
func erofsHint(err error) string {
	var mkfs *erofs.MkfsError
	switch {
	case errors.As(err, new(*erofs.EntryError)):
		return "the layer matches its digest, so the image itself is at fault; shapes without EROFS files keep the layer as it is, but engines may refuse it, too"
	case errors.As(err, &mkfs) && mkfs.TooOld():
		return "pass erofs-utils 1.7 or newer as erofsUtils"
	}
	return ""
}
