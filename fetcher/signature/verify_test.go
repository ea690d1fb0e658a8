package signature

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"hocker/fetcher/content"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

var (
	theIndex  = digest.FromString("index")
	manifest1 = digest.FromString("linux/amd64")
	manifest2 = digest.FromString("linux/arm64")
)

// tagOf returns the tag that stands for a digest.
func tagOf(d digest.Digest, suffix string) string { return "sha256-" + d.Encoded() + suffix }

// Where signatures are found, and whom they vouch for.
func TestVerify(t *testing.T) {
	ours, other, third := ed25519Pair(t, 1), ed25519Pair(t, 2), ed25519Pair(t, 3)
	entry := func(d ocispec.Descriptor, artifactType string) ocispec.Descriptor {
		d.ArtifactType = artifactType
		return d
	}
	// referrer adds a signature as a registry with the API lists it.
	referrer := func(t *testing.T, r *registry, d digest.Digest, artifactType string, s Signature) {
		if r.referrers == nil {
			r.referrers = map[digest.Digest][]ocispec.Descriptor{}
		}
		r.referrers[d] = append(r.referrers[d], entry(r.put(t, s), artifactType))
	}
	cases := []struct {
		name string
		fill func(t *testing.T, r *registry)
		want string        // the error
		by   digest.Digest // ours if empty
		kind error
	}{
		{name: "referrers, index", fill: func(t *testing.T, r *registry) { referrer(t, r, theIndex, MediaTypeBundle, ours.bundleOf(theIndex)) }},
		{name: "referrers with the type of the config", fill: func(t *testing.T, r *registry) {
			referrer(t, r, theIndex, ocispec.MediaTypeEmptyJSON, ours.bundleOf(theIndex))
		}},
		{name: "referrers of cosign 2, with --registry-referrers-mode=oci-1-1", fill: func(t *testing.T, r *registry) {
			referrer(t, r, theIndex, "application/vnd.dev.cosign.artifact.sig.v1+json", ours.simple(payloadOf("x/y", theIndex)))
		}},
		{name: "referrers of another type are not read", fill: func(t *testing.T, r *registry) {
			referrer(t, r, theIndex, "application/spdx+json", ours.bundleOf(theIndex))
		}, want: "debian:1 is not signed: the registry shows no signature"},
		{name: "fallback tag", fill: func(t *testing.T, r *registry) {
			r.putJSON(t, tagOf(theIndex, ""), index(entry(r.put(t, ours.bundleOf(theIndex)), ocispec.MediaTypeEmptyJSON)))
		}},
		{name: "fallback tag beside an empty list of referrers", fill: func(t *testing.T, r *registry) {
			r.referrers = map[digest.Digest][]ocispec.Descriptor{}
			r.putJSON(t, tagOf(theIndex, ""), index(r.put(t, ours.bundleOf(theIndex))))
		}},
		{name: "tag of cosign 2", fill: func(t *testing.T, r *registry) {
			r.manifests[tagOf(theIndex, ".sig")] = r.manifests[r.put(t, ours.simple(payloadOf("x/y", theIndex))).Digest.String()]
		}},
		{name: "every manifest, not the index", fill: func(t *testing.T, r *registry) {
			referrer(t, r, manifest1, MediaTypeBundle, ours.bundleOf(manifest1))
			referrer(t, r, manifest2, MediaTypeBundle, ours.bundleOf(manifest2))
		}},
		{name: "one manifest of two", fill: func(t *testing.T, r *registry) {
			referrer(t, r, manifest1, MediaTypeBundle, ours.bundleOf(manifest1))
		}, want: "debian:1 is not signed by a key that vouches for it: of its platforms, 1 are signed, and " + manifest2.String() + " is not"},
		{name: "manifests by different keys", fill: func(t *testing.T, r *registry) {
			referrer(t, r, manifest1, MediaTypeBundle, ours.bundleOf(manifest1))
			referrer(t, r, manifest2, MediaTypeBundle, third.bundleOf(manifest2))
		}, want: "debian:1 is not signed by a key that vouches for it: different keys signed its platforms"},
		{name: "manifests by two keys, of which one is the same", fill: func(t *testing.T, r *registry) {
			referrer(t, r, manifest1, MediaTypeBundle, ours.bundleOf(manifest1))
			referrer(t, r, manifest1, MediaTypeBundle, third.bundleOf(manifest1))
			referrer(t, r, manifest2, MediaTypeBundle, third.bundleOf(manifest2))
		}, by: third.key.Fingerprint},
		{name: "two signatures of which the second fits", fill: func(t *testing.T, r *registry) {
			d := r.put(t, other.simple(payloadOf("x/y", theIndex)), ours.simple(payloadOf("x/y", theIndex)))
			r.manifests[tagOf(theIndex, ".sig")] = r.manifests[d.Digest.String()]
		}},
		{name: "two bundles of which the second fits", fill: func(t *testing.T, r *registry) {
			referrer(t, r, theIndex, MediaTypeBundle, other.bundleOf(theIndex))
			referrer(t, r, theIndex, MediaTypeBundle, ours.bundleOf(theIndex))
		}},
		{name: "a bundle of another key, and cosign 2's tag", fill: func(t *testing.T, r *registry) {
			referrer(t, r, theIndex, MediaTypeBundle, other.bundleOf(theIndex))
			d := r.put(t, ours.simple(payloadOf("x/y", theIndex)))
			r.manifests[tagOf(theIndex, ".sig")] = r.manifests[d.Digest.String()]
		}},
		{name: "nothing", fill: func(*testing.T, *registry) {}, want: "debian:1 is not signed: the registry shows no signature"},
		{name: "another key", fill: func(t *testing.T, r *registry) {
			referrer(t, r, theIndex, MediaTypeBundle, other.bundleOf(theIndex))
		}, want: "debian:1 is not signed by a key that vouches for it: not signed by a given key"},
		{name: "signatures of another image", fill: func(t *testing.T, r *registry) {
			for i := range 5 {
				referrer(t, r, theIndex, MediaTypeBundle, ours.bundleOf(digest.FromString(fmt.Sprint(i))))
			}
		}, want: `debian:1 is not signed by a key that vouches for it: a signature of another image, "5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9"; ` +
			`a signature of another image, "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b"; ` +
			`a signature of another image, "d4735e3a265e16eee03f59718b9b5d03019c07d8b6c51f90da3a666eec13ab35"; and 2 more`},
		{name: "the blob is missing", fill: func(t *testing.T, r *registry) {
			referrer(t, r, theIndex, MediaTypeBundle, ours.bundleOf(theIndex))
			clear(r.blobs)
		}, want: "debian:1 is not signed: a signature: not found"},
		{name: "the blob is too large", fill: func(t *testing.T, r *registry) {
			referrer(t, r, theIndex, MediaTypeBundle, Signature{MediaType: MediaTypeBundle, Data: make([]byte, maxSignature+1)})
		}, want: "debian:1 is not signed: a signature: it is larger than 1.0 MB, the limit for a signature"},
		{name: "referrers refused", fill: func(t *testing.T, r *registry) {
			r.errs["referrers"] = fmt.Errorf("refused: %w", content.ErrDenied)
		}, want: "debian:1 is not signed: refused: access denied"},
		{name: "referrers refused, and a tag", fill: func(t *testing.T, r *registry) {
			r.errs["referrers"] = content.ErrDenied
			r.putJSON(t, tagOf(theIndex, ""), index(r.put(t, ours.bundleOf(theIndex))))
		}},
		{name: "referrers fail", fill: func(t *testing.T, r *registry) {
			r.errs["referrers"] = content.ErrUnavailable
		}, want: "signatures of debian:1: unavailable", kind: content.ErrUnavailable},
		{name: "referrers fail, and a tag", fill: func(t *testing.T, r *registry) {
			r.errs["referrers"] = content.ErrUnavailable
			r.putJSON(t, tagOf(theIndex, ""), index(r.put(t, ours.bundleOf(theIndex))))
		}},
		{name: "the tag leads to something else", fill: func(t *testing.T, r *registry) {
			r.manifests[tagOf(theIndex, "")] = []byte("<html>")
		}, want: "debian:1 is not signed: debian:" + tagOf(theIndex, "") + ": expected an index of manifests for several platforms, but it is a web page"},
		{name: "two readers see two signatures", fill: func(t *testing.T, r *registry) {
			d := r.put(t, ours.simple(payloadOf("x/y", theIndex)))
			text := string(r.manifests[d.Digest.String()])
			r.manifests[tagOf(theIndex, ".sig")] = []byte(strings.Replace(text, `"layers"`, `"layers":[],"layers"`, 1))
		}, want: `debian:1 is not signed: the manifest is ambiguous: duplicate key "layers"`},
		{name: "too many signatures", fill: func(t *testing.T, r *registry) {
			signatures := slices.Repeat([]Signature{other.simple("x")}, maxSignatures)
			d := r.put(t, append(signatures, ours.simple(payloadOf("x/y", theIndex)))...)
			r.manifests[tagOf(theIndex, ".sig")] = r.manifests[d.Digest.String()]
		}, want: "debian:1 is not signed by a key that vouches for it: not signed by a given key; more than 100 signatures, the limit"},
		{name: "too large signatures", fill: func(t *testing.T, r *registry) {
			var signatures []Signature
			for i := range maxAll/maxSignature + 1 {
				signatures = append(signatures, other.simple(strings.Repeat(fmt.Sprint(i), maxSignature)[:maxSignature]))
			}
			d := r.put(t, append(signatures, ours.simple(payloadOf("x/y", theIndex)))...)
			r.manifests[tagOf(theIndex, ".sig")] = r.manifests[d.Digest.String()]
		}, want: "debian:1 is not signed by a key that vouches for it: not signed by a given key; signatures of more than 8.4 MB, the limit"},
		{name: "too many manifests", fill: func(t *testing.T, r *registry) {
			for i := range maxManifests {
				referrer(t, r, theIndex, "", other.simple(fmt.Sprint(i)))
			}
			referrer(t, r, theIndex, "", ours.bundleOf(theIndex))
		}, want: "debian:1 is not signed by a key that vouches for it: not signed by a given key; more than 100 manifests that may have a signature, the limit"},
	}
	for _, tt := range cases {
		t.Run(tt.name, func(t *testing.T) {
			r := newRegistry()
			tt.fill(t, r)
			v := Verifier{Source: r, Keys: []Key{ours.key, third.key}}
			image := Image{Reference: parseReference(t, "debian:1"), Index: theIndex, Manifests: []digest.Digest{manifest1, manifest2}}
			vouched, err := v.Verify(t.Context(), image)
			checkError(t, err, tt.want)
			if tt.by == "" {
				tt.by = ours.key.Fingerprint
			}
			switch {
			case tt.kind != nil && !errors.Is(err, tt.kind):
				t.Errorf("%v is not %v", err, tt.kind)
			case err != nil && tt.kind == nil && !errors.As(err, new(*UnsignedError)):
				t.Errorf("error %T", err)
			case err == nil && vouched.Key.Fingerprint != tt.by:
				t.Errorf("signed by %s, want %s", vouched.Key.Fingerprint, tt.by)
			case err != nil:
				return
			}
			// The signatures that were found are enough without a registry, and only
			// for this image.
			offline := Verifier{Kept: vouched.Signatures, Keys: v.Keys}
			if again, err := offline.Verify(t.Context(), image); err != nil || again.Key.Fingerprint != tt.by {
				t.Errorf("offline: %s, %v", again.Key.Fingerprint, err)
			}
			image.Index, image.Manifests = digest.FromString("x"), nil
			if _, err := offline.Verify(t.Context(), image); !errors.As(err, new(*UnsignedError)) {
				t.Errorf("offline, another image: %v", err)
			}
		})
	}
}

// A signature that vouches ends the search, and nothing is requested twice.
func TestVerifyRequests(t *testing.T) {
	ours := ed25519Pair(t, 1)
	r := newRegistry()
	d := r.put(t, ours.bundleOf(theIndex))
	r.referrers = map[digest.Digest][]ocispec.Descriptor{theIndex: {d}}
	v := Verifier{Source: r, Keys: []Key{ours.key}}
	image := Image{Reference: parseReference(t, "debian:1"), Index: theIndex, Manifests: []digest.Digest{manifest1}}
	for range 2 {
		if _, err := v.Verify(t.Context(), image); err != nil {
			t.Fatal(err)
		}
	}
	blob := "blob " + digest.FromBytes(ours.bundleOf(theIndex).Data).String()
	if want := []string{"referrers " + theIndex.String(), d.Digest.String(), blob}; !slices.Equal(r.asked, want) {
		t.Errorf("requests %q, want %q", r.asked, want)
	}
}

// A blob that says it is too large is not requested.
func TestVerifyLarge(t *testing.T) {
	r := newRegistry()
	d := r.put(t, Signature{MediaType: MediaTypeBundle, Data: make([]byte, maxSignature+1)})
	r.referrers = map[digest.Digest][]ocispec.Descriptor{theIndex: {d}}
	v := Verifier{Source: r, Keys: []Key{ed25519Pair(t, 1).key}}
	if _, err := v.Verify(t.Context(), Image{Reference: parseReference(t, "debian:1"), Index: theIndex}); !errors.As(err, new(*UnsignedError)) {
		t.Error(err)
	}
	if slices.ContainsFunc(r.asked, func(s string) bool { return strings.HasPrefix(s, "blob ") }) {
		t.Errorf("requests %q", r.asked)
	}
}

// An interrupted search is no unsigned image.
func TestVerifyInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	v := Verifier{Source: newRegistry(), Keys: []Key{ed25519Pair(t, 1).key}}
	if _, err := v.Verify(ctx, Image{Reference: parseReference(t, "debian:1"), Index: theIndex}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// If several keys vouch for an image, the preferred one counts, whatever the order of
// signatures and keys.
func TestVerifyPrefers(t *testing.T) {
	one, two, three := ed25519Pair(t, 1), ed25519Pair(t, 2), ed25519Pair(t, 3)
	v := Verifier{Kept: []Signed{{theIndex, one.bundleOf(theIndex)}, {theIndex, two.bundleOf(theIndex)}}, Keys: []Key{one.key, two.key, three.key}}
	for _, tt := range []struct{ prefer, want pair }{{one, one}, {two, two}, {three, one}} {
		i := Image{Reference: parseReference(t, "debian:1"), Index: theIndex, Prefer: tt.prefer.key.Fingerprint}
		if vouched, err := v.Verify(t.Context(), i); err != nil || vouched.Key.Fingerprint != tt.want.key.Fingerprint {
			t.Errorf("%v, %v", vouched.Key.Fingerprint, err)
		}
	}
}
