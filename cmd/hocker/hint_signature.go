package main

import (
	"errors"
	"strings"

	"hocker/fetcher/lock"
	"hocker/fetcher/signature"
)

// isUnsigned reports whether err says that no key vouches for an image, or not the right
// one.
func isUnsigned(err error) bool {
	return errors.As(err, new(*signature.UnsignedError)) || errors.As(err, new(*signature.RejectedError)) || errors.As(err, new(*lock.SignerError))
}

// signatureHint returns a way out if no key vouches for an image.
func signatureHint(command string, err error) string {
	var unsigned *signature.UnsignedError
	switch {
	case errors.As(err, new(*lock.SignerError)):
		return "if its owner has a new key, and you trust it, add the image again: hocker lock add --verify-key"
	case errors.As(err, new(*lock.KeyNeededError)):
		return "give the key with --verify-key; `hocker lock add --no-verify` locks the image without one"
	case errors.As(err, &unsigned) && unsigned.Offline && unsigned.Found == 0:
		return "`hocker verify REFERENCE` gets it from the registry, and keeps it"
	case errors.As(err, &unsigned) && unsigned.Found > 0:
		return "is this the key that signs the image?"
	case errors.As(err, &unsigned) && strings.HasPrefix(command, "hocker lock"):
		return "`hocker lock add --no-verify` locks an image without a signature"
	}
	return ""
}
