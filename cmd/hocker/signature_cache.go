package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"

	"hocker/fetcher/atomicfile"
	"hocker/fetcher/image"
	"hocker/fetcher/signature"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// keptSignatures is a file with what vouched for a manifest. Nothing in it has to be
// trusted: the signatures are verified again, and the index has a digest.
type keptSignatures struct {
	Index      []byte             `json:"index,omitempty"` // the signed index, which lists the manifest
	Signatures []signature.Signed `json:"signatures"`
}

// The limits for one such file: its signatures, and its size in bytes.
const (
	maxKept     = 10
	maxKeptFile = 32 << 20
)

// cacheFolder returns the folder for signatures, as in the specification of base
// directories of freedesktop.org, or "" if the user has no home.
func cacheFolder(p process) string {
	base := p.getenv("XDG_CACHE_HOME")
	if !filepath.IsAbs(base) {
		home := p.getenv("HOME")
		if !filepath.IsAbs(home) {
			return ""
		}
		base = filepath.Join(home, ".cache")
	}
	return filepath.Join(base, "hocker", "signatures")
}

func keptPath(folder string, manifest digest.Digest) string {
	return filepath.Join(folder, manifest.Algorithm().String()+"-"+manifest.Encoded()+".json")
}

// keepSignatures adds what vouches for a manifest: signatures of it, or of the index.
func keepSignatures(ctx context.Context, folder string, manifest digest.Digest, index []byte, signatures []signature.Signed) error {
	kept := keptSignatures{Signatures: slices.DeleteFunc(slices.Clone(signatures), func(s signature.Signed) bool {
		return s.Digest != manifest && s.Digest != digest.FromBytes(index)
	})}
	if folder == "" || len(kept.Signatures) == 0 {
		return nil
	}
	if slices.ContainsFunc(kept.Signatures, func(s signature.Signed) bool { return s.Digest != manifest }) {
		if !lists(index, manifest) {
			return nil // it is in an index of that index
		}
		kept.Index = index
	}
	if before, err := readKept(ctx, folder, manifest); err == nil {
		kept.add(before)
	}
	data, err := json.Marshal(kept)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	f, err := atomicfile.Create(keptPath(folder, manifest))
	if err != nil {
		return err
	}
	defer f.Discard()
	if _, err := f.Write(data); err != nil {
		return err
	}
	return f.Commit()
}

// add adds the signatures of an earlier file: they may be by other keys.
func (k *keptSignatures) add(before keptSignatures) {
	if k.Index == nil {
		k.Index = before.Index
	}
	for _, s := range before.Signatures {
		same := func(other signature.Signed) bool { return reflect.DeepEqual(s, other) }
		if len(k.Signatures) < maxKept && !slices.ContainsFunc(k.Signatures, same) {
			k.Signatures = append(k.Signatures, s)
		}
	}
}

// lists reports whether an index lists a manifest.
func lists(index []byte, manifest digest.Digest) bool {
	parsed, err := image.ParseIndex(index)
	return err == nil && slices.ContainsFunc(parsed.Manifests, func(d ocispec.Descriptor) bool { return d.Digest == manifest })
}

// readSignatures returns what was kept for a manifest: nothing if there is no file. index
// is the digest of the signed index that lists it, or "".
func readSignatures(ctx context.Context, folder string, manifest digest.Digest) (index digest.Digest, signatures []signature.Signed, err error) {
	kept, err := readKept(ctx, folder, manifest)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", nil, nil
	case err != nil:
		return "", nil, err
	}
	if lists(kept.Index, manifest) {
		index = digest.FromBytes(kept.Index)
	}
	return index, kept.Signatures, nil
}

// readKept reads the file of a manifest.
func readKept(ctx context.Context, folder string, manifest digest.Digest) (keptSignatures, error) {
	path := keptPath(folder, manifest)
	data, err := readLimited(ctx, path, maxKeptFile, "signatures")
	if err != nil {
		return keptSignatures{}, err
	}
	var kept keptSignatures
	if err := json.Unmarshal(data, &kept); err != nil {
		return keptSignatures{}, fmt.Errorf("%s: %w", path, err)
	}
	return kept, nil
}
