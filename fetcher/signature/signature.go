package signature

import (
	"fmt"

	"github.com/opencontainers/go-digest"
)

// Signature is a signature as the registry has it. Nothing of it is checked.
type Signature struct {
	MediaType string `json:"mediaType"` // MediaTypeBundle or MediaTypeSimpleSigning
	// Data is the bundle, or the payload that Signature signs.
	Data      []byte `json:"data"`
	Signature string `json:"signature,omitempty"` // in base64
}

// claim is what a signature says, by one of the keys.
type claim struct {
	key Key
	// named reports whether the signature has a reference. A bundle has none.
	named     bool
	reference string
}

// check returns what the signature says about d. It is an error unless one of the keys
// vouches for d.
func (s Signature) check(d digest.Digest, keys []Key) (claim, error) {
	switch s.MediaType {
	case MediaTypeBundle:
		key, err := checkBundle(s.Data, d, keys)
		return claim{key: key}, err
	case MediaTypeSimpleSigning:
		key, reference, err := checkSimpleSigning(s.Data, s.Signature, d, keys)
		return claim{key, true, reference}, err
	}
	return claim{}, fmt.Errorf("a signature of type %.100q", s.MediaType)
}
