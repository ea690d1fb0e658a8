package lock

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

const (
	keyA = digest.Digest("sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")
	keyB = digest.Digest("sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb")
)

var errUnsigned = errors.New("not signed")

// vouching returns a function that says which key vouches for a digest, or is an error.
// With several keys, the preferred one counts.
func vouching(signed map[digest.Digest][]digest.Digest) func(context.Context, Image, []byte, digest.Digest) (digest.Digest, error) {
	return func(_ context.Context, i Image, index []byte, prefer digest.Digest) (digest.Digest, error) {
		if index != nil && digest.FromBytes(index) != i.Index.Digest {
			return "", errors.New("another index")
		}
		keys := signed[i.Digest()]
		for _, key := range keys {
			if key == prefer {
				return key, nil
			}
		}
		if len(keys) == 0 {
			return "", errUnsigned
		}
		return keys[0], nil
	}
}

// The key that vouches for an image is recorded, and stays.
func TestVerified(t *testing.T) {
	r := newRegistry()
	amd := r.add(t, "amd", manifest("amd"))
	list := r.add(t, "1", index(map[string]ocispec.Descriptor{"linux/amd64": amd}))
	r.add(t, "2", manifest("lone"))
	signed := map[digest.Digest][]digest.Digest{list.Digest: {keyA}}
	l := Locker{Source: r, Jobs: 4, Vouch: vouching(signed)}
	_, err := l.Lock(t.Context(), File{}, map[string]Wanted{"one": wantedOf(t, "app:1"), "two": wantedOf(t, "app:2")})
	var failed *FailuresError
	if !errors.As(err, &failed) || len(failed.Failures) != 1 || failed.Failures[0].Name != "two" || failed.Failures[0].Err != errUnsigned {
		t.Fatal(err)
	}
	unverified := wantedOf(t, "app:2")
	unverified.NoVerify = true
	images, err := l.Lock(t.Context(), File{}, map[string]Wanted{"one": wantedOf(t, "app:1"), "two": unverified})
	if err != nil {
		t.Fatal(err)
	}
	f := Edit{Set: images}.apply(File{})
	if one, two := f.Images["one"], f.Images["two"]; one.SignedBy != keyA || one.NoVerify || two.SignedBy != "" || !two.NoVerify {
		t.Errorf("%+v", f.Images)
	}
	printed, err := f.Format()
	if err != nil || !strings.Contains(string(printed), `"version": 4`) {
		t.Errorf("%s, %v", printed, err)
	}
	if again, err := Parse(printed); err != nil || !reflect.DeepEqual(again, f) {
		t.Errorf("%s is read as %+v, %v", printed, again, err)
	}

	newer := r.add(t, "1", index(map[string]ocispec.Descriptor{"linux/amd64": r.add(t, "new", manifest("new"))}))
	r.add(t, "2", manifest("new"))
	withoutKeys := Locker{Source: r, Jobs: 4}
	for name, tt := range map[string]struct {
		locker Locker
		signed []digest.Digest
		err    string
	}{
		"the same key":             {l, []digest.Digest{keyA}, ""},
		"the same key and another": {l, []digest.Digest{keyB, keyA}, ""},
		"another key":              {l, []digest.Digest{keyB}, "localhost:5000/app:1 was signed by the key " + string(keyA) + " when it was locked, and is signed by " + string(keyB) + " now"},
		"accepted without a key":   {l, []digest.Digest{""}, "localhost:5000/app:1 was signed by the key " + string(keyA) + " when it was locked, and no key vouches for it now"},
		"no signature":             {l, nil, "not signed"},
		"no key to verify it with": {withoutKeys, []digest.Digest{keyA}, "localhost:5000/app:1 was signed by the key " + string(keyA) + " when it was locked, and no key is given to verify it now"},
	} {
		t.Run(name, func(t *testing.T) {
			signed[newer.Digest] = tt.signed
			images, err := tt.locker.Update(t.Context(), f, f.Names())
			got := ""
			if err != nil {
				got = err.(*FailuresError).Failures[0].Err.Error()
			}
			if got != tt.err {
				t.Errorf("error %q, want %q", got, tt.err)
			}
			if err == nil && (images["one"].SignedBy != keyA || images["one"].Digest() != newer.Digest || !images["two"].NoVerify || images["two"].Digest() == f.Images["two"].Digest()) {
				t.Errorf("%+v", images)
			}
			// check finds the same, but needs no key to look at tags.
			_, err = tt.locker.Check(t.Context(), f)
			if want := tt.err != "" && tt.locker.Vouch != nil; (err != nil) != want {
				t.Errorf("check: %v", err)
			}
		})
	}
}

// An image that has not moved is verified too.
func TestVerifiedUnmoved(t *testing.T) {
	r := newRegistry()
	lone := r.add(t, "1", manifest("lone"))
	f := lockFile(t, r, map[string]Wanted{"app": wantedOf(t, "app:1")})
	signed := map[digest.Digest][]digest.Digest{}
	l := Locker{Source: r, Jobs: 1, Vouch: vouching(signed)}
	if _, err := l.Update(t.Context(), f, f.Names()); !errors.Is(err, errUnsigned) {
		t.Errorf("update: %v", err)
	}
	if _, err := l.Check(t.Context(), f); !errors.Is(err, errUnsigned) {
		t.Errorf("check: %v", err)
	}
	signed[lone.Digest] = []digest.Digest{keyA}
	images, err := l.Update(t.Context(), f, f.Names())
	if err != nil || images["app"].SignedBy != keyA {
		t.Errorf("%+v, %v", images, err)
	}
	// Without keys, nothing is lost.
	f = Edit{Set: images}.apply(f)
	images, err = (&Locker{Source: r, Jobs: 1}).Update(t.Context(), f, f.Names())
	if err != nil || images["app"].SignedBy != keyA {
		t.Errorf("%+v, %v", images, err)
	}
}
