package signature

import (
	"context"
	"slices"

	"hocker/fetcher/reference"

	"github.com/opencontainers/go-digest"
)

// Kinds returns the kinds of the signatures of a digest. None of them is verified. notes
// say what could not be read.
//
// Errors: those of Source if the registry fails.
func (v *Verifier) Kinds(ctx context.Context, repo reference.Repository, d digest.Digest) (kinds []Kind, notes []string, err error) {
	f := v.signatures(repo, d)
	for n := 0; ; n++ {
		if _, ok := f.at(ctx, n); !ok {
			break
		}
	}
	if ctx.Err() != nil {
		return nil, nil, context.Cause(ctx)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.kinds), slices.Clone(f.notes), f.err
}
