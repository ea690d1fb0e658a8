package engine

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// loopbackRegistry is a registry with one image, on a port of the loopback interface.
// It implements the part of the specification that a pull needs:
// https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pull.
type loopbackRegistry struct {
	image      *Image
	repository string // unguessable, so that nobody else pulls
	progress   Progress
	fail       context.CancelCauseFunc
	server     *loopbackServer

	mu      sync.Mutex
	started map[digest.Digest]bool // requested blobs
	sent    int64                  // bytes
}

// pulledRepository is the prefix of the repository of each loopbackRegistry.
const pulledRepository = "hocker-load/"

// pulledTag is the tag of the image in a loopbackRegistry.
const pulledTag = "image"

// serveImage starts a registry with the image. The caller closes it. It stops reading the
// image when ctx is done, and calls fail if it cannot read the image.
func serveImage(ctx context.Context, image *Image, progress Progress, fail context.CancelCauseFunc) (*loopbackRegistry, error) {
	r := &loopbackRegistry{
		image:      image,
		repository: pulledRepository + strings.ToLower(rand.Text()),
		progress:   progress,
		fail:       fail,
		started:    map[digest.Digest]bool{},
	}
	var err error
	r.server, err = serveLoopback(ctx, r)
	return r, err
}

// close ends the registry and its connections.
func (r *loopbackRegistry) close() { r.server.close() }

// reference names the image in the registry, without its tag.
func (r *loopbackRegistry) reference() string {
	return r.server.listener.Addr().String() + "/" + r.repository
}

// ServeHTTP implements [http.Handler].
func (r *loopbackRegistry) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	if request.Method != http.MethodGet && request.Method != http.MethodHead {
		http.Error(w, "this registry is read-only", http.StatusMethodNotAllowed)
		return
	}
	if request.URL.Path == "/v2/" {
		return // the status 200 says that there is a registry
	}
	blob, ok := r.find(request.URL.Path)
	if !ok {
		http.NotFound(w, request)
		return
	}
	w.Header().Set("Content-Type", blob.MediaType)
	w.Header().Set("Content-Length", strconv.FormatInt(blob.Size, 10))
	w.Header().Set("Docker-Content-Digest", blob.Digest.String())
	if request.Method == http.MethodHead {
		return
	}
	// If this writes less than Content-Length, the server closes the
	// connection.
	if err := r.send(request.Context(), w, blob); err != nil && request.Context().Err() == nil {
		r.fail(err)
	}
}

// find returns the blob or manifest at a path.
func (r *loopbackRegistry) find(path string) (ocispec.Descriptor, bool) {
	path, ok := strings.CutPrefix(path, "/v2/"+r.repository+"/")
	if !ok {
		return ocispec.Descriptor{}, false
	}
	kind, name, _ := strings.Cut(path, "/")
	switch kind {
	case "manifests":
		return r.image.Manifest, name == pulledTag || name == r.image.Manifest.Digest.String()
	case "blobs":
		for _, blob := range r.image.blobs() {
			if name == blob.Digest.String() {
				return blob, true
			}
		}
	}
	return ocispec.Descriptor{}, false
}

// send writes a blob to w. Its errors are those of reading the blob.
func (r *loopbackRegistry) send(ctx context.Context, w io.Writer, blob ocispec.Descriptor) error {
	r.mu.Lock()
	r.started[blob.Digest] = true
	r.mu.Unlock()
	content, err := r.image.Open(ctx, blob.Digest)
	if err != nil {
		return err
	}
	defer content.Close()
	buffer := make([]byte, 256<<10)
	for total := int64(0); ; {
		n, err := content.Read(buffer)
		total += int64(n)
		if total > blob.Size || err == io.EOF && total < blob.Size {
			return fmt.Errorf("blob %s does not have the expected size of %d bytes", blob.Digest, blob.Size)
		}
		if _, err := w.Write(buffer[:n]); err != nil {
			return nil // the engine closed the connection
		}
		r.count(n)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// count calls progress, one call at a time.
func (r *loopbackRegistry) count(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sent += int64(n)
	r.progress.sent(int64(n))
}

// served is what a loopbackRegistry has sent.
type served struct {
	blobs  bool // the config or a layer was requested
	layers int  // number of requested layers
	bytes  int64
}

// served returns what was sent so far.
func (r *loopbackRegistry) served() served {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := served{blobs: r.started[r.image.Config.Digest], bytes: r.sent}
	for _, layer := range r.image.Layers {
		if r.started[layer.Digest] {
			s.blobs = true
			s.layers++
		}
	}
	return s
}
