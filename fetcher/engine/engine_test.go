package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
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

// fake is an engine with a few images, by name and by ID.
type fake struct {
	images map[string]string // name: ID, as the engine writes it
	answer func(w http.ResponseWriter, archive string)
	asked  []string
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.asked = append(f.asked, r.Method+" "+r.URL.RequestURI())
	name, inspect := strings.CutSuffix(strings.TrimPrefix(r.URL.Path, "/images/"), "/json")
	switch {
	case r.URL.Path == "/_ping":
	case inspect && f.images[name] != "":
		fmt.Fprintf(w, `{"Id":%q,"RepoTags":[]}`, f.images[name])
	case inspect:
		http.Error(w, `{"message":"No such image: `+name+`"}`, http.StatusNotFound)
	case strings.HasSuffix(r.URL.Path, "/tag"):
		w.WriteHeader(http.StatusCreated)
	default:
		data, err := io.ReadAll(r.Body)
		if err != nil {
			return // the archive was cut off
		}
		f.answer(w, string(data))
	}
}

// start serves the engine on a temporary socket.
func (f *fake) start(t *testing.T) Engine {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "sock")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: f}}
	server.Start()
	t.Cleanup(server.Close)
	e, err := Find(t.Context(), "unix://"+socket, func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// imageOf returns an image of config a and manifest b.
func imageOf(write func(io.Writer) error) Image {
	return Image{
		Config:   ocispec.Descriptor{Digest: idA},
		Manifest: ocispec.Descriptor{Digest: idB},
		Write:    func(_ context.Context, w io.Writer, _ func(digest.Digest) bool) error { return write(w) },
	}
}

// taken returns a handler that accepts an archive as the image id under name.
func (f *fake) taken(name, id string) func(http.ResponseWriter, string) {
	return func(w http.ResponseWriter, archive string) {
		f.images[name] = id
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
	err     string // its end
	last    string // the last request, or empty
}{
	{name: "present", has: map[string]string{name: idA.String()}, want: Present},
	{name: "present, ID without its algorithm as in old podman", has: map[string]string{name: idA.Encoded()}, want: Present},
	{name: "present, with its manifest as ID", has: map[string]string{name: idB.String()}, want: Present},
	{name: "present without a name", unnamed: true, has: map[string]string{idA.String(): idA.String()}, want: Present},
	{name: "present under another name", has: map[string]string{idA.String(): idA.String()}, want: Tagged,
		last: "POST /images/" + idA.String() + "/tag?repo=docker.io%2Flibrary%2Fdebian&tag=jessie"},
	{name: "name of another image", has: map[string]string{name: digest.FromString("c").String(), idB.String(): idB.String()}, want: Tagged,
		last: "POST /images/" + idB.String() + "/tag?repo=docker.io%2Flibrary%2Fdebian&tag=jessie"},
	{name: "absent", answer: func(f *fake) func(http.ResponseWriter, string) { return f.taken(name, idA.String()) }, want: Loaded,
		last: "GET /images/" + name + "/json"},
	{name: "absent, without a name", unnamed: true, want: Loaded,
		answer: func(f *fake) func(http.ResponseWriter, string) { return f.taken(idA.String(), idA.String()) }},
	{name: "accepted under another ID", err: "under its name: " + name + " is " + digest.FromString("c").String() + ", not " + idA.String(),
		answer: func(f *fake) func(http.ResponseWriter, string) {
			return f.taken(name, digest.FromString("c").String())
		}},
	{name: "accepted but not listed", err: "accepted the image but does not list it: " + name,
		answer: func(*fake) func(http.ResponseWriter, string) { return says(http.StatusOK, "") }},
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
			for name, id := range tt.has {
				f.images[name] = id
			}
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
			if last := f.asked[len(f.asked)-1]; tt.last != "" && last != tt.last {
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

// FuzzReadLoad checks that no response hides an error that follows it.
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
			t.Errorf("%q: %v, with an error behind it %v", answer, before, after)
		}
	})
}
