package image

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// Kind is what a document that should be a manifest turns out to be.
type Kind int

// The kinds of documents that arrive where a manifest is expected.
const (
	KindManifest  Kind = iota // an image manifest: Docker schema 2 or OCI
	KindIndex                 // a Docker manifest list or an OCI index
	KindSchema1               // Docker schema 1, from before 2016
	KindArtifact              // an OCI manifest of something other than an image
	KindEmpty                 // nothing at all
	KindHTML                  // a web page: a login form or a proxy's message
	KindTruncated             // truncated JSON
	KindText                  // anything that is not JSON
	KindError                 // a registry's error document
	KindOther                 // JSON of another kind
)

var kindNames = [...]string{
	KindManifest:  "an image manifest",
	KindIndex:     "an index of manifests for several platforms",
	KindSchema1:   "a schema 1 manifest",
	KindArtifact:  "the manifest of an artifact that is not an image",
	KindEmpty:     "empty",
	KindHTML:      "a web page",
	KindTruncated: "truncated JSON",
	KindText:      "not JSON",
	KindError:     "a registry's error message",
	KindOther:     "JSON, but not a manifest",
}

func (k Kind) String() string { return kindNames[k] }

// KindMismatchError is returned for a document of another kind than expected.
type KindMismatchError struct {
	Want, Got Kind
	Detail    string // more about it, or empty
}

func (e *KindMismatchError) Error() string {
	msg := fmt.Sprintf("expected %s, but it is %s", e.Want, e.Got)
	if e.Detail != "" {
		msg += " (" + e.Detail + ")"
	}
	return msg
}

// probe holds the fields that distinguish the kinds.
type probe struct {
	SchemaVersion json.RawMessage `json:"schemaVersion"`
	MediaType     string          `json:"mediaType"`
	ArtifactType  string          `json:"artifactType"`
	Config        json.RawMessage `json:"config"`
	Layers        json.RawMessage `json:"layers"`
	Manifests     json.RawMessage `json:"manifests"`
	FSLayers      json.RawMessage `json:"fsLayers"`
	Errors        []struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	} `json:"errors"`
}

// Identify returns the kind of a document by its content, not by the media type
// from the registry.
func Identify(data []byte) Kind {
	kind, _ := identify(data)
	return kind
}

func identify(data []byte) (kind Kind, detail string) {
	text := bytes.TrimSpace(withoutBOM(data))
	switch {
	case len(text) == 0:
		return KindEmpty, ""
	case text[0] == '<':
		return KindHTML, ""
	}
	var p probe
	if err := json.Unmarshal(text, &p); err != nil {
		return brokenKind(err)
	}
	return p.kind()
}

// withoutBOM removes the byte order mark that some shells write to a pipe.
func withoutBOM(data []byte) []byte { return bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")) }

func brokenKind(err error) (Kind, string) {
	var syntax *json.SyntaxError
	var mistyped *json.UnmarshalTypeError
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), err.Error() == "unexpected end of JSON input":
		return KindTruncated, ""
	case errors.As(err, &syntax):
		return KindText, err.Error()
	case errors.As(err, &mistyped):
		return KindOther, err.Error()
	}
	return KindText, err.Error()
}

func (p *probe) kind() (Kind, string) {
	switch {
	case p.Manifests != nil && (p.Layers != nil || p.Config != nil):
		// https://github.com/advisories/GHSA-77vh-xpmg-72qh: different tools read such
		// a document differently.
		return KindOther, "it has both manifests and layers"
	case p.Manifests != nil:
		return KindIndex, p.MediaType
	case p.FSLayers != nil, string(p.SchemaVersion) == "1":
		return KindSchema1, ""
	case len(p.Errors) > 0:
		return KindError, fmt.Sprintf("%.100s %.200s", p.Errors[0].Code, p.Errors[0].Message)
	case string(p.SchemaVersion) != "2" && p.SchemaVersion != nil:
		return KindOther, fmt.Sprintf("schemaVersion %.20s", p.SchemaVersion)
	case p.SchemaVersion == nil:
		return KindOther, "it has no schemaVersion"
	case p.MediaType != "" && p.MediaType != ocispec.MediaTypeImageManifest && p.MediaType != MediaTypeDockerManifest:
		return KindOther, fmt.Sprintf("mediaType %.100s", p.MediaType)
	}
	return KindManifest, ""
}
