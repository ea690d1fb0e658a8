package engine

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"hocker/fetcher/reference"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// lettersImage returns the image debian:jessie of layersOf(letters). Its archive
// consists of the letters of the layers in it, after an N if it has a name.
func lettersImage(letters string) Image {
	image := imageOf(nil)
	image.Reference, _ = reference.Parse("debian:jessie")
	image.Layers = layersOf(letters)
	image.Platform = ocispec.Platform{OS: "linux", Architecture: "amd64"}
	image.Write = func(_ context.Context, w io.Writer, named bool, omit func(digest.Digest) bool) error {
		if named {
			io.WriteString(w, "N")
		}
		for i, layer := range image.Layers {
			if omit == nil || !omit(layer.Digest) {
				io.WriteString(w, letters[i:i+1])
			}
		}
		_, err := io.WriteString(w, ".")
		return err
	}
	return image
}

// answers returns a handler that answers each load with the next of all.
func answers(all ...func(http.ResponseWriter, string)) func(http.ResponseWriter, string) {
	n := 0
	return func(w http.ResponseWriter, archive string) {
		n++
		all[n-1](w, archive)
	}
}

const stored = `{"stream":"Loaded image ID: x\\n"}`

var partTests = []struct {
	name       string
	containerd bool
	has        string // layers of a present image
	broken     bool   // the image is present, but lacks blobs
	refuses    string // the response to the first archive, or empty
	lacks      bool   // the first archive is accepted, but blobs are missing
	status     int
	archives   string // all archives sent
	want       Plan
	err        string // suffix
	asked      string
}{
	{name: "first", archives: "abc.", want: Plan{Outcome: Loaded, Layers: 3, Bytes: 3030}},
	{name: "last layer changed", has: "abx", archives: "c.", want: Plan{Outcome: Loaded, LayersPresent: 2, Layers: 3, Bytes: 1030}},
	{name: "config changed", has: "abc", archives: ".", want: Plan{Outcome: Loaded, LayersPresent: 3, Layers: 3, Bytes: 30}},
	{name: "refused", has: "abx", refuses: `{"error":"open layer: no such file"}`, archives: "c.abc.",
		want: Plan{Outcome: Loaded, LayersPresent: 2, Layers: 3, Bytes: 3030, Whole: "open layer: no such file"}},
	{name: "refused with a status", has: "abx", refuses: `{"message":"invalid diffID"}`, status: 500, archives: "c.abc.",
		want: Plan{Outcome: Loaded, LayersPresent: 2, Layers: 3, Bytes: 3030, Whole: "invalid diffID"}},
	{name: "disk full", has: "abx", refuses: `{"error":"write: no space left on device"}`, archives: "c.",
		want: Plan{Outcome: Loaded, LayersPresent: 2, Layers: 3, Bytes: 1030}, err: "POST /images/load: write: no space left on device"},
	{name: "forbidden", has: "abx", refuses: `{"message":"authorization denied"}`, status: 403, archives: "c.",
		want: Plan{Outcome: Loaded, LayersPresent: 2, Layers: 3, Bytes: 1030}, err: "POST /images/load: authorization denied"},
	{name: "complete archive refused", refuses: `{"error":"invalid tar header"}`, archives: "abc.",
		want: Plan{Outcome: Loaded, Layers: 3, Bytes: 3030}, err: "POST /images/load: invalid tar header"},

	{name: "containerd, first", containerd: true, archives: "abc.", want: Plan{Outcome: Loaded, Layers: 3, Bytes: 3030}},
	{name: "containerd, no prefix", containerd: true, has: "xbc", archives: "a.", want: Plan{Outcome: Loaded, LayersPresent: 2, Layers: 3, Bytes: 1030}},
	{name: "containerd, not unpacked", containerd: true, has: "abx", archives: "c.abc.",
		refuses: `{"stream":"Loaded image ID: x\n"}{"stream":"Error unpacking image x: not found\n"}`,
		want:    Plan{Outcome: Loaded, LayersPresent: 2, Layers: 3, Bytes: 3030, Whole: "Error unpacking image x: not found"},
		asked:   "DELETE /images/" + idB.String()},
	{name: "containerd, blobs missing", containerd: true, has: "abx", lacks: true, archives: "c.abc.", asked: "DELETE /images/" + idB.String(),
		want: Plan{Outcome: Loaded, LayersPresent: 2, Layers: 3, Bytes: 3030, Whole: "it lacks some of the omitted blobs"}},
	{name: "containerd, incomplete before", containerd: true, broken: true, archives: "abc.",
		want: Plan{Outcome: Loaded, Layers: 3, Bytes: 3030}},
}

func TestDockerSendsWhatIsMissing(t *testing.T) {
	for _, tt := range partTests {
		t.Run(tt.name, func(t *testing.T) {
			id := idA
			if tt.containerd {
				id = idB
			}
			f := &fake{images: map[string]string{}, layers: map[string][]string{}, containerd: tt.containerd, incomplete: map[string]bool{}}
			if tt.has != "" {
				other := digest.FromString("other").String()
				f.images[other] = other
				for _, layer := range diffIDsOf(tt.has) {
					f.layers[other] = append(f.layers[other], layer.String())
				}
			}
			if tt.broken {
				f.images[name], f.images[id.String()], f.incomplete[id.String()] = id.String(), id.String(), true
			}
			archives := ""
			accept := func(lacks bool) func(http.ResponseWriter, string) {
				return func(w http.ResponseWriter, archive string) {
					archives += archive
					f.images[id.String()] = id.String()
					f.incomplete[id.String()] = lacks
					io.WriteString(w, stored)
				}
			}
			first := accept(tt.lacks)
			if tt.refuses != "" {
				first = func(w http.ResponseWriter, archive string) {
					archives += archive
					says(max(tt.status, http.StatusOK), tt.refuses)(w, archive)
				}
			}
			f.answer = answers(first, accept(false))
			var plans []Plan
			var sent int64
			progress := Progress{Plan: func(p Plan) { plans = append(plans, p) }, Sent: func(n int64) { sent += n }}
			got, err := f.start(t).Load(t.Context(), lettersImage("abc"), progress)
			if tt.err == "" && err != nil || tt.err != "" && (err == nil || !strings.HasSuffix(err.Error(), tt.err)) {
				t.Fatalf("got %v, want %s", err, tt.err)
			}
			if got.Plan != tt.want {
				t.Errorf("got %+v, want %+v", got.Plan, tt.want)
			}
			if archives != tt.archives || got.Sent != int64(len(archives)) || sent != got.Sent {
				t.Errorf("sent %q, %d, progress %d; want %q", archives, got.Sent, sent, tt.archives)
			}
			if loads := strings.Count(archives, "."); len(plans) != loads || plans[0].Whole != "" {
				t.Errorf("plans %+v for %d loads", plans, loads)
			}
			if tt.asked != "" && !slices.Contains(f.asked, tt.asked) {
				t.Errorf("asked %q", f.asked)
			}
			if has := f.images[name]; tt.err == "" && has != id.String() || tt.err != "" && has != "" {
				t.Errorf("the name leads to %q", has)
			}
		})
	}
}

// Plan returns what Load does and changes nothing.
func TestDockerPlan(t *testing.T) {
	other := digest.FromString("other").String()
	f := &fake{images: map[string]string{other: other}, layers: map[string][]string{other: {diffIDsOf("a")[0].String()}}}
	image := lettersImage("abc")
	image.Platform.Architecture = "riscv64"
	plan, err := f.start(t).Plan(t.Context(), image)
	if want := (Plan{Outcome: Loaded, LayersPresent: 1, Layers: 3, Bytes: 2030, Foreign: "linux/amd64"}); err != nil || plan != want {
		t.Errorf("got %+v, %v, want %+v", plan, err, want)
	}
	for _, asked := range f.asked {
		if !strings.HasPrefix(asked, "GET ") {
			t.Errorf("asked %s", asked)
		}
	}
}

// The layers of an image do not count as present if the daemon describes another image.
func TestDockerDescribesAnother(t *testing.T) {
	first, second := digest.FromString("first").String(), digest.FromString("second").String()
	f := &fake{images: map[string]string{first: first}, layers: map[string][]string{second: {diffIDsOf("a")[0].String()}}}
	f.describes = map[string]string{first: second}
	plan, err := f.start(t).Plan(t.Context(), lettersImage("abc"))
	if err != nil || plan.LayersPresent != 0 {
		t.Errorf("got %+v, %v", plan, err)
	}
}

// Several images use one connection. The layers of one are present for the next, and
// the daemon's images are listed once.
func TestDockerManyImages(t *testing.T) {
	f := &fake{images: map[string]string{}, layers: map[string][]string{}}
	e := f.start(t)
	archives := ""
	for i := range 3 {
		image := lettersImage("ab" + fmt.Sprint(i))
		image.Config.Digest = digest.FromString(fmt.Sprint(i))
		id := image.Config.Digest.String()
		f.answer = func(w http.ResponseWriter, archive string) {
			archives += archive
			f.images[id] = id
			for _, layer := range image.Layers {
				f.layers[id] = append(f.layers[id], layer.DiffID.String())
			}
			io.WriteString(w, stored)
		}
		if _, err := e.Load(t.Context(), image, Progress{}); err != nil {
			t.Fatal(err)
		}
	}
	if archives != "ab0.1.2." {
		t.Errorf("sent %q", archives)
	}
	for list, want := range map[string]int{"GET /images/json?all=1": 1, "GET /info": 1} {
		if n := count(f.asked, list); n != want {
			t.Errorf("%s: %d times, want %d", list, n, want)
		}
	}
	if f.connections != 1 {
		t.Errorf("%d connections", f.connections)
	}
}

func count(all []string, want string) (n int) {
	for _, s := range all {
		if s == want {
			n++
		}
	}
	return n
}

// The daemon lists only one name to tell whether an image is complete, since listing
// many images takes long.
func TestDockerAvailability(t *testing.T) {
	id := idB.String()
	f := &fake{images: map[string]string{name: id, id: id}, containerd: true}
	result, err := f.start(t).Load(t.Context(), lettersImage("abc"), Progress{})
	if err != nil || result.Outcome != Present {
		t.Errorf("got %+v, %v", result, err)
	}
	want := []string{"GET /_ping", "GET /images/" + name + "/json", "GET /images/json?filters=%7B%22reference%22%3A%5B%22debian%3Ajessie%22%5D%7D&manifests=1"}
	if !slices.Equal(f.asked, want) {
		t.Errorf("asked %q, want %q", f.asked, want)
	}
}

// docker image prune may remove an image before it has a name.
func TestDockerPruned(t *testing.T) {
	for prunes, want := range []string{"abc.", "abc.abc.", ""} {
		f := &fake{images: map[string]string{}, layers: map[string][]string{}, prunes: prunes}
		archives := ""
		f.answer = func(w http.ResponseWriter, archive string) {
			archives += archive
			f.images[idA.String()] = idA.String()
			io.WriteString(w, stored)
		}
		result, err := f.start(t).Load(t.Context(), lettersImage("abc"), Progress{})
		switch {
		case want == "":
			if !isNotFound(err) || f.images[name] != "" {
				t.Errorf("pruned again: %v, the name leads to %q", err, f.images[name])
			}
		case err != nil || f.images[name] != idA.String() || archives != want || result.Sent != int64(len(archives)):
			t.Errorf("%d prunes: sent %q, %+v, %v", prunes, archives, result, err)
		}
	}
}
