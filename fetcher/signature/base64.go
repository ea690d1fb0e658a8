package signature

import (
	"encoding/base64"
	"errors"
	"strings"
)

// decodeBase64 decodes the standard alphabet with padding. There is one way to write
// something in it: line breaks, which package base64 ignores, and stray bits in the last
// character are errors.
func decodeBase64(s string) ([]byte, error) {
	if strings.ContainsAny(s, "\r\n") {
		return nil, errors.New("a line break in base64")
	}
	return base64.StdEncoding.Strict().DecodeString(s)
}
