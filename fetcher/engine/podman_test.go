package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"hocker/fetcher/reference"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// fakePodman is a podman with a few images. It really pulls.
type fakePodman struct {
	images map[digest.Digest]*inspected
	pulls  func(f *fakePodman, from string) string // the response
	other  digest.Digest                           // the image that it describes instead of that with the ID wants
	wants  digest.Digest                           // the ID it loads
	loads  int
}

func (f *fakePodman) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Libpod-Api-Version", "5.8.6")
	path := strings.TrimPrefix(r.URL.Path, "/v5.8.6/libpod")
	query := r.URL.Query()
	name, inspect := strings.CutSuffix(strings.TrimPrefix(path, "/images/"), "/json")
	switch {
	case path == "/_ping":
	case path == "/info":
		io.WriteString(w, `{"OSType":"linux","Architecture":"s390x"}`)
	case path == "/images/json":
		list := []map[string]string{}
		for id := range f.images {
			list = append(list, map[string]string{"Id": id.Encoded()})
		}
		json.NewEncoder(w).Encode(list)
	case inspect:
		id := f.find(name)
		if id == "" {
			http.Error(w, `{"message":"no such image"}`, http.StatusNotFound)
			return
		}
		described := id
		if id == f.wants && f.other != "" {
			described = f.other
		}
		json.NewEncoder(w).Encode(map[string]any{"Id": described.Encoded(), "RepoTags": f.images[id].RepoTags, "RootFS": f.images[id].RootFS})
	case strings.HasSuffix(path, "/tag"):
		f.tag(f.find(strings.TrimSuffix(name, "/tag")), query.Get("repo")+":"+query.Get("tag"))
	case strings.HasSuffix(path, "/untag"):
		f.untag(query.Get("repo") + ":" + query.Get("tag"))
	case path == "/images/pull" && query.Get("quiet") == "true": // see [Podman.pull]
		w.(http.Flusher).Flush()
		io.WriteString(w, f.pulls(f, query.Get("reference")))
	case path == "/images/load":
		f.loads++
		io.Copy(io.Discard, r.Body)
		f.add(f.wants, "")
		io.WriteString(w, `{"stream":"Loaded image"}`)
	default:
		http.NotFound(w, r)
	}
}

func (f *fakePodman) find(name string) digest.Digest {
	for id, image := range f.images {
		if name == id.String() || name == id.Encoded() || slices.Contains(image.RepoTags, name) {
			return id
		}
	}
	return ""
}

func (f *fakePodman) tag(id digest.Digest, name string) {
	f.untag(name)
	f.images[id].RepoTags = append(f.images[id].RepoTags, name)
}

func (f *fakePodman) untag(name string) {
	for _, image := range f.images {
		image.RepoTags = slices.DeleteFunc(image.RepoTags, func(has string) bool { return has == name })
	}
}

func (f *fakePodman) add(id digest.Digest, name string, layers ...digest.Digest) {
	if f.images[id] == nil {
		f.images[id] = &inspected{}
		f.images[id].RootFS.Layers = layers
	}
	if name != "" {
		f.tag(id, name)
	}
}

// start serves podman on a temporary socket.
func (f *fakePodman) start(t *testing.T) *Podman {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "sock")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: f}}
	server.Start()
	t.Cleanup(server.Close)
	e, err := FindPodman(t.Context(), "unix://"+socket, func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	p := e.(*Podman)
	if p.local != (runtime.GOOS == "linux") {
		t.Errorf("local: %v", p.local)
	}
	p.local = true
	return p
}

// pull pulls as podman does: it reads the manifest, then the config and the missing
// layers.
func pull(f *fakePodman, from string) string {
	host, rest, _ := strings.Cut(from, "/")
	repository, tag, _ := strings.Cut(rest, ":")
	get := func(path string) ([]byte, error) {
		answer, err := http.Get("http://" + host + "/v2/" + path)
		if err != nil {
			return nil, err
		}
		defer answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			return nil, errors.New(answer.Status)
		}
		return io.ReadAll(answer.Body)
	}
	data, err := get(repository + "/manifests/" + tag)
	if err != nil {
		return pullError(err)
	}
	var manifest ocispec.Manifest
	if err := json.Unmarshal(data, &manifest); err != nil {
		return pullError(err)
	}
	var layers []digest.Digest
	for _, blob := range append([]ocispec.Descriptor{manifest.Config}, manifest.Layers...) {
		if f.has(blob.Digest) {
			continue
		}
		data, err := get(repository + "/blobs/" + blob.Digest.String())
		if err != nil {
			return pullError(err)
		}
		if got := digest.FromBytes(data); got != blob.Digest {
			return pullError(fmt.Errorf("got %s, want %s", got, blob.Digest))
		}
		layers = append(layers, blob.Digest)
	}
	f.add(manifest.Config.Digest, from, layers[1:]...)
	return fmt.Sprintf("{\"stream\":\"Copying blob\"}\n{\"images\":[%[1]q],\"id\":%[1]q}\n", manifest.Config.Digest.Encoded())
}

func (f *fakePodman) has(layer digest.Digest) bool {
	for _, image := range f.images {
		if slices.Contains(image.RootFS.Layers, layer) {
			return true
		}
	}
	return false
}

func pullError(err error) string {
	data, _ := json.Marshal(map[string]string{"error": err.Error()})
	return string(data)
}

// blobs are the contents of an image by digest.
type blobs map[digest.Digest][]byte

func (b blobs) add(data []byte) ocispec.Descriptor {
	d := digest.FromBytes(data)
	b[d] = data
	return ocispec.Descriptor{MediaType: "text/plain", Digest: d, Size: int64(len(data))}
}

func (b blobs) open(_ context.Context, d digest.Digest) (io.ReadCloser, error) {
	data, ok := b[d]
	if !ok {
		return nil, fmt.Errorf("%s is missing", d.Encoded()[:8])
	}
	return io.NopCloser(bytes.NewReader(data)), nil
}

// image returns an image of uncompressed layers.
func (b blobs) image(t *testing.T, layers ...string) Image {
	t.Helper()
	ref, err := reference.Parse("debian:jessie")
	if err != nil {
		t.Fatal(err)
	}
	image := Image{Reference: ref, Config: b.add([]byte("config")), Open: b.open}
	for _, text := range layers {
		layer := b.add([]byte(text))
		image.Layers = append(image.Layers, Layer{Descriptor: layer, DiffID: layer.Digest})
	}
	image.Manifest = b.add(image.manifest())
	image.Write = func(_ context.Context, w io.Writer, named bool, _ func(digest.Digest) bool) error {
		if named {
			t.Error("the archive has a name")
		}
		_, err := io.WriteString(w, "archive")
		return err
	}
	return image
}

// manifest returns a manifest of the image.
func (i *Image) manifest() []byte {
	manifest := ocispec.Manifest{Config: i.Config}
	for _, layer := range i.Layers {
		manifest.Layers = append(manifest.Layers, layer.Descriptor)
	}
	data, _ := json.Marshal(manifest)
	return data
}

const stray = "127.0.0.1:4242/" + pulledRepository + "abc:" + pulledTag

// likePulled are names similar to stray.
var likePulled = []string{
	"127.0.0.1:4242/abc:" + pulledTag,
	"127.0.0.1:4242/" + pulledRepository + "abc:latest",
	"localhost:4242/" + pulledRepository + "abc:" + pulledTag,
}

var podmanTests = []struct {
	name    string
	has     func(f *fakePodman, image Image)
	change  func(p *Podman, f *fakePodman, image *Image)
	outcome Outcome
	present int // layers
	loads   int // archives
	whole   string
	foreign string
	names   string // of the image; empty for debian:jessie
	err     string // suffix
}{
	{name: "absent", outcome: Loaded},
	{name: "last layer changed", outcome: Loaded, present: 2, has: func(f *fakePodman, image Image) {
		f.add(idA, "other:1", image.Layers[0].DiffID, image.Layers[1].DiffID)
		f.add(idB, "")
	}},
	{name: "a layer above another one", outcome: Loaded, present: 1, has: func(f *fakePodman, image Image) {
		f.add(idA, "other:1", idB, image.Layers[1].DiffID)
	}},
	{name: "present", outcome: Present, present: 3, has: func(f *fakePodman, image Image) { f.add(image.Config.Digest, name) }},
	{name: "present under another name", outcome: Tagged, present: 3, names: "kept:1 " + name,
		has: func(f *fakePodman, image Image) { f.add(image.Config.Digest, "kept:1") }},
	{name: "another image has the name", outcome: Loaded, has: func(f *fakePodman, _ Image) { f.add(idA, name) }},
	{name: "after an interrupted load", outcome: Tagged, present: 3,
		has: func(f *fakePodman, image Image) { f.add(image.Config.Digest, stray) }},
	{name: "after an interrupted load, with its name", outcome: Present, present: 3,
		has: func(f *fakePodman, image Image) { f.add(image.Config.Digest, stray); f.add(image.Config.Digest, name) }},
	{name: "names of a user", outcome: Present, present: 3, names: strings.Join(append(likePulled, name), " "),
		has: func(f *fakePodman, image Image) {
			for _, name := range append(likePulled, name) {
				f.add(image.Config.Digest, name)
			}
		}},
	{name: "another platform", outcome: Loaded, foreign: runtime.GOOS + "/" + runtime.GOARCH,
		change: func(_ *Podman, _ *fakePodman, image *Image) {
			image.Platform = ocispec.Platform{OS: "linux", Architecture: "sparc"}
		}},
	{name: "elsewhere, on another platform", outcome: Loaded, loads: 1, foreign: "linux/s390x",
		change: func(p *Podman, _ *fakePodman, image *Image) {
			p.local = false
			image.Platform = ocispec.Platform{OS: "linux", Architecture: runtime.GOARCH}
		}},
	{name: "without a name", outcome: Loaded, names: " ",
		change: func(_ *Podman, _ *fakePodman, image *Image) { image.Reference = reference.Reference{} }},
	{name: "elsewhere", outcome: Loaded, loads: 1,
		change: func(p *Podman, _ *fakePodman, _ *Image) { p.local = false }},
	{name: "on another machine, last layer changed", outcome: Loaded, loads: 1,
		has: func(f *fakePodman, image Image) {
			f.add(idA, "other:1", image.Layers[0].DiffID, image.Layers[1].DiffID)
		},
		change: func(p *Podman, _ *fakePodman, _ *Image) { p.local = false }},
	{name: "pull refused", outcome: Loaded, loads: 1, whole: "rejected by policy",
		change: func(_ *Podman, f *fakePodman, _ *Image) {
			f.pulls = func(*fakePodman, string) string { return `{"stream":"Trying"}{"error":"rejected by policy"}` }
		}},
	{name: "disk full", outcome: Loaded, err: "/images/pull: no space left on device", change: func(_ *Podman, f *fakePodman, _ *Image) {
		f.pulls = func(f *fakePodman, from string) string {
			pull(f, from)
			return `{"error":"no space left on device"}`
		}
	}},
	{name: "layer missing", outcome: Loaded, err: digest.FromString("two and").Encoded()[:8] + " is missing",
		change: func(_ *Podman, _ *fakePodman, image *Image) {
			image.Open = blobs{
				image.Config.Digest:    []byte("config"),
				image.Layers[0].Digest: []byte("one"),
				image.Manifest.Digest:  image.manifest(),
			}.open
		}},
	{name: "another image pulled", outcome: Loaded, err: "podman pulled " + idA.String() + " and not " + digest.FromString("config").String(),
		change: func(_ *Podman, f *fakePodman, _ *Image) {
			f.pulls = func(f *fakePodman, from string) string {
				pull(f, from)
				return fmt.Sprintf(`{"id":%q}`, idA.Encoded())
			}
		}},
	{name: "another image described", outcome: Loaded, err: "it describes " + idB.String(),
		change: func(_ *Podman, f *fakePodman, _ *Image) { f.other = idB }},
	{name: "no answer", outcome: Loaded, err: "/images/pull: the response ends before the image's ID", change: func(_ *Podman, f *fakePodman, _ *Image) {
		f.pulls = func(f *fakePodman, from string) string { pull(f, from); return "" }
	}},
	{name: "podman gone", outcome: Loaded, err: " bytes of the image: unexpected EOF", change: func(_ *Podman, f *fakePodman, _ *Image) {
		f.pulls = func(f *fakePodman, from string) string { pull(f, from); return `{"stream":` }
	}},
}

var podmanLayers = []string{"one", "two and", "three and all"}

func TestPodman(t *testing.T) {
	for _, tt := range podmanTests {
		t.Run(tt.name, func(t *testing.T) {
			image := blobs{}.image(t, podmanLayers...)
			f := &fakePodman{images: map[digest.Digest]*inspected{}, pulls: pull, wants: image.Config.Digest}
			if tt.has != nil {
				tt.has(f, image)
			}
			p := f.start(t)
			if tt.change != nil {
				tt.change(p, f, &image)
			}
			planned, err := p.Plan(t.Context(), image)
			if err != nil {
				t.Fatal(err)
			}
			var sent int64
			var plans []Plan
			got, err := p.Load(t.Context(), image, Progress{
				Plan: func(plan Plan) { plans = append(plans, plan) },
				Sent: func(n int64) { sent += n },
			})
			if tt.err != "" {
				if err == nil || !strings.HasSuffix(err.Error(), tt.err) {
					t.Errorf("got %v, want %s", err, tt.err)
				}
				if gone := tt.name == "podman gone"; errors.Is(err, ErrUnavailable) != gone {
					t.Errorf("%v: unavailable, want %v", err, gone)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got.Outcome != tt.outcome || got.LayersPresent != tt.present || f.loads != tt.loads || !strings.HasSuffix(got.Whole, tt.whole) || (got.Whole == "") != (tt.whole == "") || got.Foreign != tt.foreign {
				t.Errorf("got %+v and %d archives", got, f.loads)
			}
			if sent != got.Sent || plans[0] != planned || plans[len(plans)-1] != got.Plan {
				t.Errorf("sent %d, %d of them reported; planned %+v, then %+v", got.Sent, sent, planned, plans)
			}
			if tt.loads == 0 && got.Sent != planned.Bytes {
				t.Errorf("sent %d bytes, planned %d", got.Sent, planned.Bytes)
			}
			want := tt.names
			if want == "" {
				want = name
			}
			if has := strings.Join(f.images[image.Config.Digest].RepoTags, " "); has != strings.TrimSpace(want) {
				t.Errorf("names %q, want %q", has, want)
			}
		})
	}
}

// Podman decides what is sent: it may have the same layer in another compression.
func TestPodmanAsksForMore(t *testing.T) {
	image := blobs{}.image(t, podmanLayers...)
	f := &fakePodman{images: map[digest.Digest]*inspected{}, pulls: func(f *fakePodman, from string) string {
		delete(f.images, idA)
		return pull(f, from)
	}}
	f.add(idA, "", image.Layers[0].DiffID, image.Layers[1].DiffID)
	got, err := f.start(t).Load(t.Context(), image, Progress{})
	if err != nil || got.LayersPresent != 0 || got.Sent != image.size(nil) {
		t.Errorf("got %+v, %v", got, err)
	}
}

// FuzzReadPull checks that a response names one image at most, and hides no error
// after it.
func FuzzReadPull(f *testing.F) {
	f.Add(fmt.Sprintf(`{"stream":"Copying"}{"images":[%[1]q],"id":%[1]q}`, idA.Encoded()))
	f.Add(fmt.Sprintf(`{"id":%q}`, idA))
	f.Add(`{"error":"no space left on device"}`)
	f.Add(`{"id":"latest"}`)
	f.Add("{}")
	f.Fuzz(func(t *testing.T, answer string) {
		p := newPodman(&client{host: "unix:///sock", libpod: "5.8.6"})
		if err := p.readPull(strings.NewReader(answer+"\n"+`{"error":"disk full"}`), idA); err == nil {
			t.Errorf("%q: the error after it is hidden", answer)
		}
		errA, errB := p.readPull(strings.NewReader(answer), idA), p.readPull(strings.NewReader(answer), idB)
		if errA == nil && errB == nil {
			t.Errorf("%q: accepted for two images", answer)
		}
	})
}
