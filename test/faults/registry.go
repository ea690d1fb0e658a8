package faults

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/opencontainers/go-digest"
)

// Registry is an http.Handler that serves the same content in every repository.
// [Registry.Close] ends requests that hang.
type Registry struct {
	// Auth is the authentication; nil allows anonymous access.
	Auth *Auth

	mu       sync.Mutex
	blobs    map[digest.Digest][]byte
	manifest map[string]manifest // by tag or digest
	faults   []*active
	requests []*Request
	tokens   map[string]int // number of uses of each token
	signed   map[string]int // number of uses of each signature
	closed   chan struct{}
	close    sync.Once
}

type manifest struct {
	mediaType string
	data      []byte
}

// New returns a registry without content and without faults.
func New() *Registry {
	return &Registry{
		blobs:    map[digest.Digest][]byte{},
		manifest: map[string]manifest{},
		tokens:   map[string]int{},
		signed:   map[string]int{},
		closed:   make(chan struct{}),
	}
}

// Close ends the requests that hang.
func (r *Registry) Close() { r.close.Do(func() { close(r.closed) }) }

// AddBlob adds a blob. The caller must not change it afterwards.
func (r *Registry) AddBlob(data []byte) digest.Digest {
	d := digest.FromBytes(data)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.blobs[d] = data
	return d
}

// AddManifest adds a manifest under a tag and its digest.
func (r *Registry) AddManifest(tag, mediaType string, data []byte) digest.Digest {
	d := digest.FromBytes(data)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.manifest[tag] = manifest{mediaType, data}
	r.manifest[string(d)] = manifest{mediaType, data}
	return d
}

// ServeHTTP implements http.Handler.
func (r *Registry) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	noted := r.note(req)
	w = &headWriter{ResponseWriter: w, head: func(status int, _ http.Header) { r.noteStatus(noted, status) }}
	r.spoil(http.HandlerFunc(r.answer)).ServeHTTP(w, req)
}

// answer answers a request without any fault.
func (r *Registry) answer(w http.ResponseWriter, req *http.Request) {
	switch path := req.URL.Path; {
	case path == "/token":
		r.giveToken(w, req)
	case strings.HasPrefix(path, "/cdn/"):
		r.serveBlob(w, req)
	case !strings.HasPrefix(path, "/v2/"):
		fail(w, http.StatusNotFound, "NOT_FOUND", "no such page")
	case !r.letIn(w, req):
	case path == "/v2/":
	case strings.Contains(path, "/manifests/"):
		r.serveManifest(w, req)
	case strings.HasSuffix(path, "/tags/list"):
		r.serveTags(w, req)
	default:
		r.serveBlob(w, req)
	}
}

func (r *Registry) serveBlob(w http.ResponseWriter, req *http.Request) {
	d := digest.Digest(lastPart(req.URL.Path))
	r.mu.Lock()
	data, ok := r.blobs[d]
	r.mu.Unlock()
	if !ok {
		fail(w, http.StatusNotFound, "BLOB_UNKNOWN", "blob unknown to registry")
		return
	}
	serve(w, req, &content{mediaType: "application/octet-stream", data: data})
}

// serveTags lists all tags, in every repository.
func (r *Registry) serveTags(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	tags := slices.Sorted(maps.Keys(r.manifest))
	r.mu.Unlock()
	tags = slices.DeleteFunc(tags, func(name string) bool { return strings.Contains(name, ":") }) // digests
	data, err := json.Marshal(map[string]any{"tags": tags})
	if err != nil {
		fail(w, http.StatusInternalServerError, "UNKNOWN", err.Error())
		return
	}
	serve(w, req, &content{mediaType: "application/json", data: data})
}

func (r *Registry) serveManifest(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	m, ok := r.manifest[lastPart(req.URL.Path)]
	r.mu.Unlock()
	if !ok {
		fail(w, http.StatusNotFound, "MANIFEST_UNKNOWN", "manifest unknown")
		return
	}
	w.Header().Set("Docker-Content-Digest", string(digest.FromBytes(m.data)))
	serve(w, req, &content{mediaType: m.mediaType, data: m.data})
}

func lastPart(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }

// fail answers with an error in the form of the distribution spec.
func fail(w http.ResponseWriter, status int, code, message string) {
	text := `{"errors":[{"code":"` + code + `","message":"` + message + `"}]}`
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(status)
	io.WriteString(w, text)
}

// content is the content of an answer. Faults edit it.
type content struct {
	mediaType string
	encoding  string
	data      []byte
}

// editKey is the context key of the edits of a request's content.
type editKey struct{}

// editing adds an edit of the content of the answer.
func editing(req *http.Request, edit func(*content)) *http.Request {
	edits, _ := req.Context().Value(editKey{}).([]func(*content))
	return req.WithContext(context.WithValue(req.Context(), editKey{}, append(edits, edit)))
}

func serve(w http.ResponseWriter, req *http.Request, c *content) {
	edits, _ := req.Context().Value(editKey{}).([]func(*content))
	for _, edit := range edits {
		edit(c)
	}
	w.Header().Set("Content-Type", c.mediaType)
	if c.encoding != "" { // set late, since ServeContent omits Content-Length if it knows of an encoding
		w = &headWriter{ResponseWriter: w, head: func(_ int, header http.Header) { header.Set("Content-Encoding", c.encoding) }}
	}
	// A checksum is enough to distinguish contents, and is fast.
	w.Header().Set("ETag", fmt.Sprintf(`"%08x"`, crc32.ChecksumIEEE(c.data)))
	http.ServeContent(w, req, "", time.Time{}, bytes.NewReader(c.data))
}
