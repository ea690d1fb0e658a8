package reference

import (
	"errors"
	"net/url"
	"path"
	"strings"
	"testing"

	"github.com/opencontainers/go-digest"
)

var repositoryReferenceTests = []struct {
	tag        string
	want       Reference
	identifier string
	err        string
}{
	{tag: "1", want: Reference{Repository: Repository{ghcr, "app"}, Tag: "1"}, identifier: "1"},
	{tag: string(helloDigest), want: Reference{Repository: Repository{ghcr, "app"}, Digest: helloDigest}, identifier: string(helloDigest)},
	{tag: "", err: `tag: must not be empty`},
	{tag: ":", err: `digest ":": expected sha256: and 64 lower-case hexadecimal digits`},
	{tag: "a/b", err: `tag "a/b": expected at most 128 characters of a-z, A-Z, 0-9, _ . -, not starting with . or -`},
	{tag: "latest@" + string(helloDigest), err: `digest "latest@` + string(helloDigest) + `": expected sha256: and 64 lower-case hexadecimal digits`},
}

func TestRepositoryReference(t *testing.T) {
	for _, tt := range repositoryReferenceTests {
		t.Run(tt.tag, func(t *testing.T) {
			got, err := Repository{ghcr, "app"}.Reference(tt.tag)
			checkError(t, err, tt.err)
			if got != tt.want || got.Identifier() != tt.identifier {
				t.Errorf("got %+v, asked for as %q, want %+v, %q", got, got.Identifier(), tt.want, tt.identifier)
			}
		})
	}
}

func TestIdentifierPrefersDigest(t *testing.T) {
	ref := Reference{Repository: Repository{ghcr, "app"}, Tag: "1", Digest: helloDigest}
	if got := ref.Identifier(); got != string(helloDigest) {
		t.Errorf("got %s, want the digest", got)
	}
}

func FuzzParseReference(f *testing.F) {
	for _, tt := range parseReferenceTests {
		f.Add(tt.in)
	}
	for _, tt := range parseNameTests {
		f.Add(tt.in)
	}
	// Adding library/ makes this name too long.
	f.Add("docker.io/" + strings.Repeat("a", 230))
	f.Fuzz(func(t *testing.T, s string) {
		ref, err := Parse(s)
		if err != nil {
			var input *InputError
			if ref != (Reference{}) || !errors.As(err, &input) {
				t.Errorf("%q: got %+v and %T", s, ref, err)
			}
			return
		}
		checkReference(t, ref)
		checkRegistry(t, ref.Registry)
		checkRequestPath(t, ref)
	})
}

// checkRequestPath checks that the URL of a reference stays below its repository,
// and that the reference has no characters that URLs or shells interpret.
func checkRequestPath(t *testing.T, ref Reference) {
	t.Helper()
	want := "/v2/" + ref.Path + "/manifests/" + ref.Identifier()
	u, err := url.Parse(ref.Registry.String() + ref.Path + "/manifests/" + ref.Identifier())
	if err != nil || u.Path != want || path.Clean(u.Path) != want || u.RawQuery+u.Fragment+u.RawPath != "" {
		t.Errorf("%+v is asked for as %v, %v", ref, u, err)
	}
	if s := ref.Path + ref.Tag; strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-") != "" {
		t.Errorf("strange characters in %q", s)
	}
	if ref.Tag == "" && ref.Digest == "" {
		t.Errorf("%+v has neither tag nor digest", ref)
	}
}

func FuzzParseDigest(f *testing.F) {
	for _, s := range []string{
		string(helloDigest), string(helloSHA512), strings.ToUpper(string(helloDigest)), string(helloDigest) + "\n",
		"sha256:", ":", "sha256", "sha256:../../etc/passwd", "sha256-LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=", "md5:5d41402abc4b2a76b9719d911017c592",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := ParseDigest(s)
		if err != nil {
			var input *InputError
			if d != "" || !errors.As(err, &input) {
				t.Errorf("%q: got %q and %T", s, d, err)
			}
			return
		}
		if d.String() != s || len(d.Encoded()) != 2*d.Algorithm().Size() || strings.Trim(d.Encoded(), "0123456789abcdef") != "" {
			t.Errorf("invalid digest %q was accepted as %q", s, d)
		}
		if empty := d.Algorithm().FromString(""); d.Algorithm() == digest.SHA256 && len(empty) != len(d) {
			t.Errorf("%q is not as long as %q", d, empty)
		}
	})
}
