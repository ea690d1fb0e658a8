package test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/opencontainers/go-digest"
)

// The media types of manifests of signatures, and of lists of them.
const (
	manifestType = "application/vnd.oci.image.manifest.v1+json"
	indexType    = "application/vnd.oci.image.index.v1+json"
	emptyType    = "application/vnd.oci.empty.v1+json"
)

// ask sends a request to the registry and returns the body of a successful response.
func (c *signatureCell) ask(method, url, contentType string, body []byte) (*http.Response, []byte) {
	c.t.Helper()
	req, err := http.NewRequestWithContext(c.t.Context(), method, url, bytes.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("Accept", manifestType+", "+indexType)
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode >= 300 {
		c.t.Fatalf("%s %s: %s, %v\n%s", method, url, resp.Status, err, data)
	}
	return resp, data
}

func (c *signatureCell) url(repo, path string) string {
	return "http://" + c.registry.Addr() + "/v2/" + repo + path
}

// tagOf returns the tag that stands for a digest.
func tagOf(d digest.Digest) string { return strings.Replace(d.String(), ":", "-", 1) }

// read reads the signature of a digest, where this version of cosign puts it.
func (c *signatureCell) read(repo string, d digest.Digest) cosigned {
	c.t.Helper()
	at := tagOf(d) + ".sig"
	if c.isThree() {
		list := "/manifests/" + tagOf(d)
		if c.hasReferrers() {
			list = "/referrers/" + d.String()
		}
		var index struct {
			Manifests []struct{ Digest string }
		}
		c.decode(c.url(repo, list), &index)
		at = index.Manifests[0].Digest
	}
	var manifest struct{ Layers []cosigned }
	c.decode(c.url(repo, "/manifests/"+at), &manifest)
	s := manifest.Layers[0]
	_, s.data = c.ask("GET", c.url(repo, "/blobs/"+s.Digest.String()), "", nil)
	return s
}

func (c *signatureCell) isThree() bool      { return c.cosignOf == c.signaturesTest.cosign["sid"] }
func (c *signatureCell) hasReferrers() bool { return c.registry == c.registries[true] }

func (c *signatureCell) decode(url string, v any) {
	c.t.Helper()
	if _, data := c.ask("GET", url, "", nil); json.Unmarshal(data, v) != nil {
		c.t.Fatalf("%s: %s", url, data)
	}
}

// attach pushes a signature of a digest to the image's repository, as this version of
// cosign does.
func (c *signatureCell) attach(s cosigned, d digest.Digest) {
	c.t.Helper()
	s.Digest, s.Size = digest.FromBytes(s.data), len(s.data)
	c.upload(s.data)
	c.upload([]byte("{}"))
	config := map[string]any{"mediaType": emptyType, "digest": digest.FromString("{}"), "size": 2}
	manifest := map[string]any{"schemaVersion": 2, "mediaType": manifestType, "config": config, "layers": []cosigned{s}}
	if !c.isThree() {
		c.putManifest(tagOf(d)+".sig", manifestType, manifest)
		return
	}
	resp, subject := c.ask("GET", c.url(c.repo, "/manifests/"+d.String()), "", nil)
	manifest["subject"] = map[string]any{"mediaType": resp.Header.Get("Content-Type"), "digest": d, "size": len(subject)}
	manifest["artifactType"] = s.MediaType
	data := c.putManifest("", manifestType, manifest)
	if !c.hasReferrers() {
		entry := map[string]any{"mediaType": manifestType, "digest": digest.FromBytes(data), "size": len(data), "artifactType": emptyType}
		c.putManifest(tagOf(d), indexType, map[string]any{"schemaVersion": 2, "mediaType": indexType, "manifests": []any{entry}})
	}
}

// putManifest pushes a document under a tag, or under its digest.
func (c *signatureCell) putManifest(tag, mediaType string, document any) []byte {
	c.t.Helper()
	data, err := json.Marshal(document)
	if err != nil {
		c.t.Fatal(err)
	}
	if tag == "" {
		tag = digest.FromBytes(data).String()
	}
	c.ask("PUT", c.url(c.repo, "/manifests/"+tag), mediaType, data)
	return data
}

// upload pushes a blob.
func (c *signatureCell) upload(data []byte) {
	c.t.Helper()
	resp, _ := c.ask("POST", c.url(c.repo, "/blobs/uploads/"), "", nil)
	to, err := url.Parse(c.url(c.repo, "/blobs/uploads/"))
	if err == nil {
		to, err = to.Parse(resp.Header.Get("Location"))
	}
	if err != nil {
		c.t.Fatal(err)
	}
	query := to.Query()
	query.Set("digest", digest.FromBytes(data).String())
	to.RawQuery = query.Encode()
	c.ask("PUT", fmt.Sprint(to), "application/octet-stream", data)
}
