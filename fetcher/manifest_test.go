package fetcher

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"hocker/fetcher/content"
	"hocker/fetcher/image"
	"hocker/fetcher/reference"

	"github.com/opencontainers/go-digest"
)

// helloManifest serves hello: the client does not parse manifests.
func helloManifest(digestHeader string) answer {
	return answer{body: "hello", header: map[string]string{
		"Content-Type":          "application/vnd.oci.image.manifest.v1+json; charset=utf-8",
		"Docker-Content-Digest": digestHeader,
	}}
}

const ociManifest = "application/vnd.oci.image.manifest.v1+json"

var manifestTests = []struct {
	name     string
	tag      string
	handler  http.Handler
	want     image.Manifest
	requests int // 0 means 1
	failure
}{
	{name: "by tag", tag: "1", handler: helloManifest(string(helloDigest)), want: image.Manifest{MediaType: ociManifest, Digest: helloDigest}},
	{name: "by digest", tag: string(helloDigest), handler: helloManifest(string(helloDigest)), want: image.Manifest{MediaType: ociManifest, Digest: helloDigest}},
	{name: "by sha512 digest", tag: string(helloSHA512), handler: helloManifest(""), want: image.Manifest{MediaType: ociManifest, Digest: helloSHA512}},
	{name: "by tag, no digest stated", tag: "1", handler: helloManifest(""), want: image.Manifest{MediaType: ociManifest, Digest: helloDigest}},
	{name: "by tag, another algorithm stated", tag: "1", handler: helloManifest(string(helloSHA512)), want: image.Manifest{MediaType: ociManifest, Digest: helloSHA512}},
	{name: "by tag, malformed digest header", tag: "1", handler: helloManifest("hello"), want: image.Manifest{MediaType: ociManifest, Digest: helloDigest}},
	{name: "no media type", tag: "1", handler: answer{body: "hello", header: map[string]string{"Content-Type": ";"}}, want: image.Manifest{Digest: helloDigest}},
	{name: "unavailable at first", tag: "1", handler: inTurn(answer{status: 502}, helloManifest("")), requests: 2, want: image.Manifest{MediaType: ociManifest, Digest: helloDigest}},
	// The requested digest counts, not the one in the header.
	{name: "by digest, wrong digest header", tag: string(helloDigest), handler: helloManifest(string(wrongDigest)), want: image.Manifest{MediaType: ociManifest, Digest: helloDigest}},
	{
		name: "by tag, wrong digest header", tag: "1", handler: helloManifest(string(wrongDigest)),
		failure: failure{
			text:   "manifest of HOST/org/app:1: content does not match its digest: want " + string(wrongDigest) + ", got " + string(helloDigest) + " (5 bytes)",
			verify: &content.VerifyError{Want: wrongDigest, Got: helloDigest, Read: 5, Size: content.SizeUnknown},
		},
	},
	{
		name: "by digest, another manifest", tag: string(wrongDigest), handler: helloManifest(string(wrongDigest)),
		failure: failure{
			text:   "manifest of HOST/org/app@" + string(wrongDigest) + ": content does not match its digest: want " + string(wrongDigest) + ", got " + string(helloDigest) + " (5 bytes)",
			verify: &content.VerifyError{Want: wrongDigest, Got: helloDigest, Read: 5, Size: content.SizeUnknown},
		},
	},
	{
		name: "cut", tag: "1", requests: 6, handler: answer{body: "hell", length: 5, cut: true},
		failure: failure{kind: content.ErrUnavailable, text: "manifest of HOST/org/app:1: GET http://HOST/v2/org/app/manifests/1: unexpected EOF"},
	},
	{
		name: "cut, length not announced", tag: "1", requests: 6, handler: answer{body: "hello", length: unannounced, cut: true},
		failure: failure{kind: content.ErrUnavailable, text: "manifest of HOST/org/app:1: GET http://HOST/v2/org/app/manifests/1: unexpected EOF"},
	},
	{
		name: "over 4 MiB", tag: "1", handler: answer{body: strings.Repeat("x", 4<<20+1), length: unannounced},
		failure: failure{text: "manifest of HOST/org/app:1: it is larger than 4.2 MB, the limit for a manifest"},
	},
	{
		name: "unauthorized", tag: "1", handler: answer{status: 401, body: `{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}`},
		failure: failure{kind: content.ErrDenied, text: "manifest of HOST/org/app:1: GET http://HOST/v2/org/app/manifests/1: 401 Unauthorized (UNAUTHORIZED authentication required)"},
	},
	{
		name: "unknown challenge", tag: "1", handler: answer{status: 401, header: map[string]string{"WWW-Authenticate": "Negotiate"}},
		failure: failure{kind: content.ErrDenied, text: "manifest of HOST/org/app:1: GET http://HOST/v2/org/app/manifests/1: the registry asks for Negotiate authentication; hocker supports Basic and Bearer"},
	},
	{
		name: "forbidden", tag: "1", handler: answer{status: 403},
		failure: failure{kind: content.ErrDenied, text: "manifest of HOST/org/app:1: GET http://HOST/v2/org/app/manifests/1: 403 Forbidden"},
	},
	{
		name: "not found", tag: "1", handler: answer{status: 404, body: `{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown","detail":{"Tag":"1"}}]}`},
		failure: failure{kind: content.ErrNotFound, text: "manifest of HOST/org/app:1: GET http://HOST/v2/org/app/manifests/1: 404 Not Found (MANIFEST_UNKNOWN manifest unknown)"},
	},
	{
		name: "unavailable", tag: "1", handler: answer{status: 503}, requests: 6,
		failure: failure{kind: content.ErrUnavailable, text: "manifest of HOST/org/app:1: GET http://HOST/v2/org/app/manifests/1: 503 Service Unavailable"},
	},
}

func TestManifest(t *testing.T) {
	for _, tt := range manifestTests {
		t.Run(tt.name, func(t *testing.T) {
			s := startServer(t, tt.handler)
			ref, err := s.app(t).Reference(tt.tag)
			if err != nil {
				t.Fatal(err)
			}
			got, err := (&Client{}).Manifest(t.Context(), ref)
			tt.check(t, err, s.host())
			if err == nil {
				tt.want.Bytes = []byte("hello")
			}
			if got.MediaType != tt.want.MediaType || got.Digest != tt.want.Digest || !bytes.Equal(got.Bytes, tt.want.Bytes) {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
			asked := s.asked()
			if len(asked) != max(tt.requests, 1) || asked[0].URL.String() != "/v2/org/app/manifests/"+tt.tag {
				t.Errorf("%d requests, the first for %s", len(asked), asked[0].URL)
			}
		})
	}
}

func TestManifestOf4MiB(t *testing.T) {
	body := strings.Repeat("x", 4<<20)
	s := startServer(t, answer{body: body})
	m, err := (&Client{}).Manifest(t.Context(), reference.Reference{Repository: s.app(t), Tag: "1"})
	if err != nil || string(m.Bytes) != body || m.Digest != digest.FromString(body) {
		t.Errorf("got %d bytes, %s, %v", len(m.Bytes), m.Digest, err)
	}
}

func TestManifestAccept(t *testing.T) {
	s := startServer(t, hello)
	if _, err := (&Client{}).Manifest(t.Context(), reference.Reference{Repository: s.app(t), Tag: "1"}); err != nil {
		t.Fatal(err)
	}
	accept := strings.Join(s.asked()[0].Header.Values("Accept"), ", ")
	for _, want := range []string{
		"application/vnd.oci.image.manifest.v1+json", "application/vnd.oci.image.index.v1+json",
		"application/vnd.docker.distribution.manifest.v2+json", "application/vnd.docker.distribution.manifest.list.v2+json",
	} {
		if !strings.Contains(accept, want) {
			t.Errorf("%s is not accepted: %s", want, accept)
		}
	}
}

// A path prefix before /v2/ is part of every URL.
func TestPrefix(t *testing.T) {
	s := startServer(t, hello)
	registry, err := reference.ParseRegistry(s.URL + "/some/proxy/v2/")
	if err != nil {
		t.Fatal(err)
	}
	repo := reference.Repository{Registry: registry, Path: "org/app"}
	if _, err := fetchHello(t, &Client{}, repo); err != nil {
		t.Error(err)
	}
	if got := s.asked()[0].URL.Path; got != "/some/proxy/v2/org/app/blobs/"+string(helloDigest) {
		t.Errorf("asked for %s", got)
	}
}
