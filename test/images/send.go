package images

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/opencontainers/go-digest"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"
)

// target receives the parts of images that skopeo does not push.
type target interface {
	blob(repository string, d digest.Digest, path string) error
	manifest(repository, reference string, d v1.Descriptor, data []byte) error
}

// send sends the image to a target, as "repository:tag".
func (i *Image) send(to target, name string) error {
	repository, tag, ok := strings.Cut(name, ":")
	if !ok {
		return fmt.Errorf("%q is not of the form repository:tag", name)
	}
	return i.sendManifest(to, repository, tag, i.top)
}

// sendManifest sends the blobs or manifests that a manifest or index names, then the
// manifest or index itself. Registries require this order.
func (i *Image) sendManifest(to target, repository, reference string, d v1.Descriptor) error {
	data, err := os.ReadFile(i.Blob(d.Digest))
	if err != nil {
		return err
	}
	var document struct {
		v1.Manifest
		Manifests, Blobs []v1.Descriptor
	}
	if err := json.Unmarshal(data, &document); err != nil {
		return err
	}
	for _, entry := range document.Manifests {
		if !exists(i.Blob(entry.Digest)) {
			continue // a registry may have less than an index names
		}
		if err := i.sendManifest(to, repository, entry.Digest.String(), entry); err != nil {
			return err
		}
	}
	blobs := append(document.Layers, document.Blobs...)
	if document.Config.Digest != "" {
		blobs = append(blobs, document.Config)
	}
	for _, blob := range blobs {
		if blob.URLs != nil {
			continue
		}
		if err := to.blob(repository, blob.Digest, i.Blob(blob.Digest)); err != nil {
			return err
		}
	}
	d.MediaType = cmp.Or(document.MediaType, d.MediaType)
	return to.manifest(repository, reference, d, data)
}

// registryTarget is an anonymous registry.
type registryTarget struct{ url string }

func (t registryTarget) blob(repository string, d digest.Digest, path string) error {
	answer, err := http.Post(t.url+"/v2/"+repository+"/blobs/uploads/", "", nil)
	if err != nil {
		return err
	}
	answer.Body.Close()
	location, err := answer.Location()
	if err != nil {
		return fmt.Errorf("upload to %s: %s: %w", repository, answer.Status, err)
	}
	query := location.Query()
	query.Set("digest", d.String())
	location.RawQuery = query.Encode()
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return put(location.String(), "application/octet-stream", content)
}

func (t registryTarget) manifest(repository, reference string, d v1.Descriptor, data []byte) error {
	return put(t.url+"/v2/"+repository+"/manifests/"+reference, d.MediaType, data)
}

// put makes a PUT request that must get a 201.
func put(url, mediaType string, content []byte) error {
	request, err := http.NewRequest(http.MethodPut, url, bytes.NewReader(content))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", mediaType)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusCreated {
		words, _ := io.ReadAll(io.LimitReader(answer.Body, 1<<10))
		return fmt.Errorf("PUT %s: %s\n%s", url, answer.Status, words)
	}
	return nil
}

// directoryTarget is a directory whose files are at the paths of a registry's
// API.
type directoryTarget struct{ dir string }

func (t directoryTarget) blob(repository string, d digest.Digest, path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return t.write(repository, "blobs", d.String(), data)
}

func (t directoryTarget) manifest(repository, reference string, d v1.Descriptor, data []byte) error {
	if err := t.write(repository, "manifests", d.Digest.String(), data); err != nil {
		return err
	}
	return t.write(repository, "manifests", reference, data)
}

func (t directoryTarget) write(repository, kind, name string, data []byte) error {
	dir := filepath.Join(t.dir, "v2", filepath.FromSlash(repository), kind)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, name), data, 0o644)
}
