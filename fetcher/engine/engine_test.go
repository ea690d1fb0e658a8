package engine

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hocker/fetcher/reference"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

var (
	idA = digest.FromString("a")
	idB = digest.FromString("b")
)

// fake is a Docker daemon with a few images.
type fake struct {
	images     map[string]string   // name or ID to ID, as the engine writes it
	layers     map[string][]string // ID to diff IDs
	containerd bool                // has containerd's image store
	incomplete map[string]bool     // IDs of images that lack blobs
	describes  map[string]string   // ID to the ID of the image that the engine describes instead
	prunes     int                 // how many images are pruned before they have a name
	answer     func(w http.ResponseWriter, archive string)

	asked       []string
	connections int
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.asked = append(f.asked, r.Method+" "+r.URL.RequestURI())
	name, inspect := strings.CutSuffix(strings.TrimPrefix(r.URL.Path, "/images/"), "/json")
	named, tag := strings.CutSuffix(name, "/tag")
	switch {
	case r.URL.Path == "/_ping":
	case r.URL.Path == "/info":
		driver := `["Backing Filesystem","extfs"]`
		if f.containerd {
			driver = `["driver-type","io.containerd.snapshotter.v1"]`
		}
		fmt.Fprintf(w, `{"DriverStatus":[%s],"OSType":"linux","Architecture":"x86_64"}`, driver)
	case r.URL.Path == "/images/json":
		f.list(w)
	case inspect && f.images[name] != "":
		defer f.prune(name)
		id := cmp.Or(f.describes[name], f.images[name])
		layers, _ := json.Marshal(f.layers[id])
		fmt.Fprintf(w, `{"Id":%q,"RepoTags":[],"RootFS":{"Layers":%s}}`, id, layers)
	case inspect:
		http.Error(w, `{"message":"No such image: `+name+`"}`, http.StatusNotFound)
	case tag && f.images[named] == "":
		http.Error(w, `{"message":"No such image: `+named+`"}`, http.StatusNotFound)
	case tag:
		f.images[r.URL.Query().Get("repo")+":"+r.URL.Query().Get("tag")] = f.images[named]
		w.WriteHeader(http.StatusCreated)
	case r.Method == http.MethodDelete:
		delete(f.images, name)
	default:
		data, err := io.ReadAll(r.Body)
		if err != nil {
			return // the archive was truncated
		}
		f.answer(w, string(data))
	}
}

// prune removes an image after a request for its ID, up to prunes times.
func (f *fake) prune(name string) {
	if f.prunes > 0 && name == f.images[name] {
		f.prunes--
		delete(f.images, name)
	}
}

// list lists the images by their IDs.
func (f *fake) list(w http.ResponseWriter) {
	type manifest struct {
		ID        string
		Available bool
	}
	type image struct {
		ID        string `json:"Id"`
		Manifests []manifest
	}
	list := []image{}
	for name, id := range f.images {
		if name != id {
			continue
		}
		listed := image{ID: id}
		if f.containerd {
			listed.Manifests = []manifest{{id, !f.incomplete[id]}}
		}
		list = append(list, listed)
	}
	json.NewEncoder(w).Encode(list)
}

// start serves the engine on a temporary socket.
func (f *fake) start(t *testing.T) Engine {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "sock")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: f, ConnState: func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			f.connections++
		}
	}}}
	server.Start()
	t.Cleanup(server.Close)
	e, err := Find(t.Context(), "unix://"+socket, func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// imageOf returns an image with config a and manifest b.
func imageOf(write func(io.Writer) error) Image {
	return Image{
		Config:   ocispec.Descriptor{Digest: idA, Size: 10},
		Manifest: ocispec.Descriptor{Digest: idB, Size: 20},
		Write:    func(_ context.Context, w io.Writer, _ bool, _ func(digest.Digest) bool) error { return write(w) },
	}
}

// taken returns a handler that accepts an archive as the image id.
func (f *fake) taken(id string) func(http.ResponseWriter, string) {
	return func(w http.ResponseWriter, archive string) {
		f.images[id] = id
		fmt.Fprintf(w, "{\"stream\":\"reading %s\"}\r\n{\"stream\":\"Loaded image\"}", archive)
	}
}

func says(status int, text string) func(http.ResponseWriter, string) {
	return func(w http.ResponseWriter, _ string) {
		w.WriteHeader(status)
		io.WriteString(w, text)
	}
}

const name = "docker.io/library/debian:jessie"

var loadTests = []struct {
	name    string
	unnamed bool
	has     map[string]string
	answer  func(f *fake) func(http.ResponseWriter, string)
	want    Outcome
	err     string // suffix
	asked   string // one of the requests, or empty
}{
	{name: "present", has: map[string]string{name: idA.String()}, want: Present},
	{name: "present, ID without algorithm as in old podman", has: map[string]string{name: idA.Encoded()}, want: Present},
	{name: "present, digest of the manifest as ID", has: map[string]string{name: idB.String(), idB.String(): idB.String()}, want: Present},
	{name: "present without a name", unnamed: true, has: map[string]string{idA.String(): idA.String()}, want: Present},
	{name: "present under another name", has: map[string]string{idA.String(): idA.String()}, want: Tagged,
		asked: "POST /images/" + idA.String() + "/tag?repo=docker.io%2Flibrary%2Fdebian&tag=jessie"},
	{name: "name of another image", has: map[string]string{name: digest.FromString("c").String(), idB.String(): idB.String()}, want: Tagged,
		asked: "POST /images/" + idB.String() + "/tag?repo=docker.io%2Flibrary%2Fdebian&tag=jessie"},
	{name: "absent", answer: func(f *fake) func(http.ResponseWriter, string) { return f.taken(idA.String()) }, want: Loaded,
		asked: "GET /images/" + name + "/json"},
	{name: "absent, without a name", unnamed: true, want: Loaded,
		answer: func(f *fake) func(http.ResponseWriter, string) { return f.taken(idA.String()) }},
	{name: "accepted but not listed", err: "accepted the image but lacks a part of it: " + name,
		answer: func(*fake) func(http.ResponseWriter, string) { return says(http.StatusOK, "") }},
	{name: "accepted as another image", err: "accepted the image but lacks a part of it: " + name,
		answer: func(f *fake) func(http.ResponseWriter, string) {
			return func(w http.ResponseWriter, _ string) { f.images[idA.String()] = digest.FromString("c").String() }
		}},
	{name: "ID of another image", has: map[string]string{idA.String(): digest.FromString("c").String()}, want: Loaded,
		answer: func(f *fake) func(http.ResponseWriter, string) { return f.taken(idA.String()) }},
	{name: "rejected in the response body", err: ": POST /images/load: no space left on device",
		answer: func(*fake) func(http.ResponseWriter, string) {
			return says(http.StatusOK, `{"stream":"x"}{"errorDetail":{"message":"no space left on device"},"error":"no space left on device"}`)
		}},
	{name: "rejected with a status", err: ": POST /images/load: invalid tar header",
		answer: func(*fake) func(http.ResponseWriter, string) {
			return says(http.StatusInternalServerError, `{"message":"invalid tar header"}`)
		}},
	{name: "no engine", err: ": POST /images/load: 502 Bad Gateway <html>",
		answer: func(*fake) func(http.ResponseWriter, string) { return says(http.StatusBadGateway, "<html>") }},
	{name: "malformed response", err: ": response to POST /images/load: invalid character '<' looking for beginning of value",
		answer: func(*fake) func(http.ResponseWriter, string) { return says(http.StatusOK, "<html>") }},
	{name: "malformed ID", has: map[string]string{name: "latest"}, err: `digest "sha256:latest": expected sha256: and 64 lower-case hexadecimal digits`},
}

func TestLoad(t *testing.T) {
	for _, tt := range loadTests {
		t.Run(tt.name, func(t *testing.T) {
			f := &fake{images: map[string]string{}}
			maps.Copy(f.images, tt.has)
			if tt.answer != nil {
				f.answer = tt.answer(f)
			}
			image := imageOf(func(w io.Writer) error {
				_, err := io.WriteString(w, "archive")
				return err
			})
			if !tt.unnamed {
				image.Reference, _ = reference.Parse("debian:jessie")
			}
			got, err := f.start(t).Load(t.Context(), image, Progress{})
			if tt.err == "" && (err != nil || got.Outcome != tt.want) || tt.err != "" && (err == nil || !strings.HasSuffix(err.Error(), tt.err)) {
				t.Errorf("got %d, %v, want %d, %s", got.Outcome, err, tt.want, tt.err)
			}
			if tt.asked != "" && !slices.Contains(f.asked, tt.asked) {
				t.Errorf("asked %q", f.asked)
			}
		})
	}
}

// If the archive cannot be written, that error is reported, not the rejection.
func TestLoadBrokenArchive(t *testing.T) {
	broken := errors.New("the layer has gone")
	f := &fake{images: map[string]string{}, answer: says(http.StatusOK, "")}
	_, err := f.start(t).Load(t.Context(), imageOf(func(w io.Writer) error {
		io.WriteString(w, "half of it")
		return broken
	}), Progress{})
	if !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

// FuzzReadLoad checks that no response hides an error after it.
func FuzzReadLoad(f *testing.F) {
	f.Add(`{"stream":"Loaded image: a:1\n"}`)
	f.Add(`{"error":"no space"}`)
	f.Add("{\"status\":\"Loading\",\"progressDetail\":{}}\r\n")
	f.Add(`{"error":{}}`)
	f.Fuzz(func(t *testing.T, answer string) {
		e := &client{host: "unix:///sock"}
		before := e.readLoad(strings.NewReader(answer))
		after := e.readLoad(strings.NewReader(answer + "\n" + `{"error":"disk full"}`))
		if after == nil || before != nil && after.Error() == "" {
			t.Errorf("%q: %v, followed by an error: %v", answer, before, after)
		}
	})
}
