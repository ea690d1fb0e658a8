package lock

import (
	"context"
	"fmt"

	"hocker/fetcher/reference"

	"github.com/opencontainers/go-digest"
)

// SignerError reports an image that another key vouches for than when it was locked.
type SignerError struct {
	Reference reference.Reference
	Want      digest.Digest // fingerprint of the key in the lock file
	// Got is that of the key that vouches now; empty if the user accepts the image
	// without one.
	Got digest.Digest
}

func (e *SignerError) Error() string {
	msg := fmt.Sprintf("%s was signed by the key %s when it was locked", e.Reference.Familiar(), e.Want)
	if e.Got == "" {
		return msg + ", and no key vouches for it now"
	}
	return msg + ", and is signed by " + e.Got.String() + " now"
}

// KeyNeededError reports an image that a key vouched for when it was locked, and that
// changes now without a key to verify it with.
type KeyNeededError struct {
	Reference reference.Reference
	Want      digest.Digest // fingerprint of the key in the lock file
}

func (e *KeyNeededError) Error() string {
	return fmt.Sprintf("%s was signed by the key %s when it was locked, and no key is given to verify it now", e.Reference.Familiar(), e.Want)
}

// lock resolves a wanted image from the manifest or index at the reference at: its own
// reference, or the digest that it resolved to. Then it verifies who vouches for it.
func (l *Locker) lock(ctx context.Context, q *queue, known map[digest.Digest]Platform, w Wanted, at reference.Reference) (Image, error) {
	m, err := q.Manifest(ctx, at)
	if err != nil {
		return Image{}, err
	}
	i, err := l.resolve(ctx, q, known, w, at, m)
	if err != nil {
		return Image{}, err
	}
	return l.verify(ctx, q, i, w, m.Bytes)
}

// verify records in i which key vouches for it. It is an error if that is none, or another
// than the wanted one.
func (l *Locker) verify(ctx context.Context, q *queue, i Image, w Wanted, index []byte) (Image, error) {
	i.NoVerify, i.SignedBy = w.NoVerify, ""
	switch {
	case w.NoVerify:
		return i, nil
	case l.Vouch == nil && w.SignedBy != "":
		return Image{}, &KeyNeededError{i.Reference, w.SignedBy}
	case l.Vouch == nil:
		return i, nil
	}
	if i.Index.Digest == "" {
		index = nil
	}
	err := q.withSlot(ctx, share{i.Reference.Registry, true}, func() (err error) {
		i.SignedBy, err = l.Vouch(ctx, i, index, w.SignedBy)
		return err
	})
	switch {
	case err != nil:
		return Image{}, err
	case w.SignedBy != "" && i.SignedBy != w.SignedBy:
		return Image{}, &SignerError{i.Reference, w.SignedBy, i.SignedBy}
	}
	return i, nil
}
