package lock

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"hocker/fetcher/content"
	"hocker/fetcher/image"
	"hocker/fetcher/reference"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// registry is a source of manifests and configs. It serves the same ones in every
// repository.
type registry struct {
	manifests map[string][]byte
	configs   map[digest.Digest][]byte
	errs      map[string]error // by registry or by request
	noHead    bool             // HEAD returns the manifest

	mu       sync.Mutex
	asked    []string
	busy     atomic.Int32
	busiest  atomic.Int32
	blocking time.Duration
}

func (r *registry) Manifest(ctx context.Context, ref reference.Reference) (image.Manifest, error) {
	return r.answer(ctx, "GET", ref)
}

func (r *registry) ManifestHead(ctx context.Context, ref reference.Reference) (image.Manifest, error) {
	m, err := r.answer(ctx, "HEAD", ref)
	if !r.noHead {
		m.Bytes = nil
	}
	return m, err
}

// Tags lists the tags of the manifests.
func (r *registry) Tags(ctx context.Context, repo reference.Repository) ([]string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked = append(r.asked, "GET "+repo.Path+" tags")
	if err := r.errs[repo.Registry.Host]; err != nil {
		return nil, err
	}
	var tags []string
	for tag := range r.manifests {
		if !strings.Contains(tag, ":") {
			tags = append(tags, tag)
		}
	}
	return tags, nil
}

func (r *registry) answer(ctx context.Context, method string, ref reference.Reference) (image.Manifest, error) {
	r.mu.Lock()
	r.asked = append(r.asked, method+" "+ref.Path+" "+ref.Identifier())
	r.busiest.Store(max(r.busiest.Load(), r.busy.Add(1)))
	r.mu.Unlock()
	defer r.busy.Add(-1)
	for _, key := range []string{ref.Registry.Host, ref.Identifier()} {
		if err := r.errs[key]; err != nil {
			return image.Manifest{}, err
		}
	}
	data, ok := r.manifests[ref.Identifier()]
	if !ok {
		return image.Manifest{}, content.ErrNotFound
	}
	select {
	case <-time.After(r.blocking):
	case <-ctx.Done():
		return image.Manifest{}, context.Cause(ctx)
	}
	return image.Manifest{Digest: digest.FromBytes(data), Bytes: data}, nil
}

func (r *registry) Config(ctx context.Context, repo reference.Repository, desc ocispec.Descriptor) ([]byte, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked = append(r.asked, "GET "+repo.Path+" config "+string(desc.Digest))
	data, ok := r.configs[desc.Digest]
	if !ok {
		return nil, fmt.Errorf("config %s: %w", desc.Digest, content.ErrNotFound)
	}
	return data, nil
}

// requests returns the requests since the last call, sorted.
func (r *registry) requests() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	asked := r.asked
	r.asked = nil
	slices.Sort(asked)
	return asked
}

// add adds a document under a tag and its digest, and the config of a manifest.
func (r *registry) add(t *testing.T, tag string, document any) ocispec.Descriptor {
	t.Helper()
	if m, ok := document.(ocispec.Manifest); ok {
		r.configs[m.Config.Digest] = m.Config.Data
		m.Config.Data = nil
		document = m
	}
	data, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	d := digest.FromBytes(data)
	r.manifests[tag], r.manifests[string(d)] = data, data
	return ocispec.Descriptor{MediaType: ocispec.MediaTypeImageManifest, Digest: d, Size: int64(len(data))}
}

// manifest returns an image with these layers. Its config states no platform.
func manifest(layers ...string) ocispec.Manifest { return imageFor("", layers...) }

// configFor returns the config of an image for a platform.
func configFor(platform string, layers ...string) string {
	c := ocispec.Image{RootFS: ocispec.RootFS{Type: "layers"}}
	c.OS, c.Architecture, _ = strings.Cut(platform, "/")
	for _, layer := range layers {
		c.RootFS.DiffIDs = append(c.RootFS.DiffIDs, digest.FromString(layer))
	}
	data, err := json.Marshal(c)
	if err != nil {
		panic(err)
	}
	return string(data)
}

func imageFor(platform string, layers ...string) ocispec.Manifest {
	config := configFor(platform, layers...)
	m := ocispec.Manifest{Config: described(ocispec.MediaTypeImageConfig, config), Layers: []ocispec.Descriptor{}}
	m.Config.Data = []byte(config)
	m.SchemaVersion, m.MediaType = 2, ocispec.MediaTypeImageManifest
	for _, layer := range layers {
		m.Layers = append(m.Layers, described(ocispec.MediaTypeImageLayerGzip, layer))
	}
	return m
}

func described(mediaType, content string) ocispec.Descriptor {
	return ocispec.Descriptor{MediaType: mediaType, Digest: digest.FromString(content), Size: int64(len(content))}
}

func index(images map[string]ocispec.Descriptor) ocispec.Index {
	i := ocispec.Index{MediaType: ocispec.MediaTypeImageIndex, Manifests: []ocispec.Descriptor{}}
	i.SchemaVersion = 2
	for _, name := range slices.Sorted(maps.Keys(images)) {
		d := images[name]
		os, rest, _ := strings.Cut(name, "/")
		arch, variant, _ := strings.Cut(rest, "/")
		d.Platform = &ocispec.Platform{OS: os, Architecture: arch, Variant: variant}
		i.Manifests = append(i.Manifests, d)
	}
	return i
}

func newRegistry() *registry {
	return &registry{manifests: map[string][]byte{}, configs: map[digest.Digest][]byte{}, errs: map[string]error{}}
}

func wantedOf(t *testing.T, name string, platforms ...string) Wanted {
	t.Helper()
	ref, err := reference.Parse("localhost:5000/" + name)
	if err != nil {
		t.Fatal(err)
	}
	w := Wanted{Reference: ref, AllPlatforms: len(platforms) == 0}
	for _, name := range platforms {
		p, err := image.ParsePlatform(name)
		if err != nil {
			t.Fatal(err)
		}
		w.Platforms = append(w.Platforms, p)
	}
	return w
}

func lockFile(t *testing.T, r *registry, wanted map[string]Wanted) File {
	t.Helper()
	images, err := (&Locker{Source: r, Jobs: 4}).Lock(t.Context(), File{}, wanted)
	if err != nil {
		t.Fatal(err)
	}
	f := Edit{Set: images}.apply(File{})
	printed, err := f.Format()
	if err != nil {
		t.Fatal(err)
	}
	if again, err := Parse(printed); err != nil || !reflect.DeepEqual(again, f) {
		t.Fatalf("%s does not parse: %v", printed, err)
	}
	return f
}

func update(t *testing.T, r *registry, f File) File {
	t.Helper()
	images, err := (&Locker{Source: r, Jobs: 4}).Update(t.Context(), f, f.Names())
	if err != nil {
		t.Fatal(err)
	}
	return Edit{Set: images}.apply(f)
}

func checkRequests(t *testing.T, r *registry, want ...string) {
	t.Helper()
	slices.Sort(want)
	if got := r.requests(); !slices.Equal(got, want) {
		t.Errorf("requests\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// askedConfig returns the request for the config of an image with these layers.
func askedConfig(layers ...string) string {
	return "GET app config " + string(digest.FromString(configFor("", layers...)))
}

func TestLockAndUpdate(t *testing.T) {
	r := newRegistry()
	amd, arm := r.add(t, "amd", manifest("base", "amd")), r.add(t, "arm", manifest("base", "arm"))
	lone := r.add(t, "lone", manifest("lone"))
	list := r.add(t, "1", index(map[string]ocispec.Descriptor{"linux/amd64": amd, "linux/arm64/v8": arm, "windows/amd64": amd, "unknown/unknown": arm}))
	r.manifests["2"] = r.manifests["1"]
	wanted := map[string]Wanted{"one": wantedOf(t, "app:1", "linux/amd64"), "two": wantedOf(t, "app:2"), "lone": wantedOf(t, "app:lone", "linux/arm64")}
	f := lockFile(t, r, wanted)
	checkRequests(t, r, "GET app 1", "GET app 2", "GET app lone", "GET app "+string(amd.Digest), "GET app "+string(arm.Digest),
		askedConfig("base", "amd"), askedConfig("base", "arm"), askedConfig("lone"))
	if got := f.Images["two"].Systems(); !slices.Equal(got, []string{"aarch64-linux", "x86_64-linux"}) {
		t.Errorf("locked for %q", got)
	}
	if f.Images["one"].Digest() != list.Digest || f.Images["lone"].Digest() != lone.Digest || f.Images["lone"].Index.Digest != "" {
		t.Errorf("locked %+v", f.Images)
	}

	if again := update(t, r, f); !reflect.DeepEqual(again, f) || Compare(f, again) != nil {
		t.Errorf("without a change, got %+v", again)
	}
	checkRequests(t, r, "HEAD app 1", "HEAD app 2", "HEAD app lone")

	// Both tags move to an index with one new image and one known one.
	newer := r.add(t, "new", manifest("base", "new"))
	list = r.add(t, "1", index(map[string]ocispec.Descriptor{"linux/amd64": newer, "linux/arm64": arm, "linux/riscv64": newer}))
	r.manifests["2"] = r.manifests["1"]
	after := update(t, r, f)
	checkRequests(t, r, "HEAD app 1", "HEAD app 2", "HEAD app lone", "GET app "+string(list.Digest), "GET app "+string(newer.Digest), askedConfig("base", "new"))
	if got := after.Images["one"].Systems(); !slices.Equal(got, []string{"x86_64-linux"}) {
		t.Errorf("one platform was wanted, got %q", got)
	}
	if got := after.Images["two"].Systems(); !slices.Equal(got, []string{"aarch64-linux", "riscv64-linux", "x86_64-linux"}) {
		t.Errorf("all platforms were wanted, got %q", got)
	}
	fetch := newer.Size + int64(len(configFor("", "base", "new"))+len("new"))
	want := []Change{
		{Name: "one", Reference: wanted["one"].Reference, Was: wanted["one"].Reference, Old: f.Images["one"].Digest(), New: list.Digest, LayersNew: 1, LayersKept: 1, Bytes: fetch},
		{Name: "two", Reference: wanted["two"].Reference, Was: wanted["two"].Reference, Old: f.Images["one"].Digest(), New: list.Digest, LayersKept: 3},
	}
	if got := Compare(f, after); !reflect.DeepEqual(got, want) {
		t.Errorf("changes\n%+v\nwant\n%+v", got, want)
	}
	if got := Compare(after, Edit{Remove: []string{"one"}}.apply(after)); len(got) != 1 || got[0].New != "" || got[0].Old != list.Digest {
		t.Errorf("removed: %+v", got)
	}
}

func TestAllPlatformsReportsLeftOut(t *testing.T) {
	r := newRegistry()
	d := r.add(t, "d", manifest("d"))
	r.add(t, "1", index(map[string]ocispec.Descriptor{"linux/amd64": d, "linux/amd64/v3": d, "windows/amd64": d, "unknown/unknown": d, "linux/a b": d}))
	var lines []string
	l := &Locker{Source: r, Jobs: 1, Notice: func(line string) { lines = append(lines, line) }}
	images, err := l.Lock(t.Context(), File{}, map[string]Wanted{"app": wantedOf(t, "app:1")})
	if err != nil || len(images["app"].Platforms) != 1 {
		t.Errorf("got %+v, %v", images, err)
	}
	want := []string{
		"localhost:5000/app:1: left out: linux/a b: Nix has no system for this platform",
		"localhost:5000/app:1: left out: linux/amd64/v3: Nix has no system for this platform",
		"localhost:5000/app:1: left out: windows/amd64: Nix has no system for this platform",
	}
	if !slices.Equal(lines, want) {
		t.Errorf("notices %q", lines)
	}
	r.add(t, "2", index(map[string]ocispec.Descriptor{"windows/amd64": d}))
	if _, err := l.Lock(t.Context(), File{}, map[string]Wanted{"app": wantedOf(t, "app:2")}); !errors.Is(err, errNoSystem) {
		t.Errorf("got %v", err)
	}
}

func TestUpdateWithoutHead(t *testing.T) {
	r := newRegistry()
	r.noHead = true
	r.add(t, "1", manifest("a"))
	f := lockFile(t, r, map[string]Wanted{"app": wantedOf(t, "app:1", "linux/amd64")})
	moved := r.add(t, "1", manifest("b"))
	r.requests()
	if after := update(t, r, f); after.Images["app"].Digest() != moved.Digest {
		t.Errorf("the digest is still %s", after.Images["app"].Digest())
	}
	checkRequests(t, r, "HEAD app 1", askedConfig("b"))
	r.manifests["1"] = []byte("<html>please log in</html>")
	_, err := (&Locker{Source: r, Jobs: 1}).Check(t.Context(), f)
	var kind *image.KindMismatchError
	if !errors.As(err, &kind) || kind.Got != image.KindHTML {
		t.Errorf("a web page: got %v", err)
	}
}

func TestFirstRequestGoesAlone(t *testing.T) {
	r := newRegistry()
	r.blocking = 20 * time.Millisecond
	wanted := map[string]Wanted{}
	for n := range 30 {
		tag := fmt.Sprint("t", n)
		r.add(t, tag, manifest(tag))
		wanted[tag] = wantedOf(t, "app:"+tag, "linux/amd64")
	}
	// In the bubble, time passes only while all goroutines wait.
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(r, 4)
		var group sync.WaitGroup
		for _, w := range wanted {
			group.Go(func() {
				if _, err := q.Manifest(t.Context(), w.Reference); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		if got := r.busiest.Load(); got != 1 {
			t.Errorf("%d first requests", got)
		}
		group.Wait()
		if got := r.busiest.Load(); got != 4 {
			t.Errorf("%d at a time, want 4", got)
		}
	})
}

func TestUnreachableRegistryIsAskedOnce(t *testing.T) {
	r := newRegistry()
	r.errs["localhost:5000"] = content.ErrUnreachable
	wanted := map[string]Wanted{}
	for n := range 10 {
		wanted[fmt.Sprint("image", n)] = wantedOf(t, fmt.Sprint("app", n), "linux/amd64")
	}
	_, err := (&Locker{Source: r, Jobs: 4}).Lock(t.Context(), File{}, wanted)
	var failed *FailuresError
	if !errors.As(err, &failed) || len(failed.Failures) != 10 || !errors.Is(err, content.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
	if got := r.requests(); len(got) != 1 {
		t.Errorf("asked %q", got)
	}
	// A registry that responds with errors is asked for every image.
	r.errs["localhost:5000"] = content.ErrUnavailable
	_, err = (&Locker{Source: r, Jobs: 4}).Lock(t.Context(), File{}, wanted)
	if got := r.requests(); len(got) != 10 || !errors.Is(err, content.ErrUnavailable) {
		t.Errorf("asked %q, %v", got, err)
	}
}

// A registry that allows no more requests is not asked again. Another one is.
func TestLimitedRegistryIsNotAskedAgain(t *testing.T) {
	r := newRegistry()
	r.errs["localhost:5000"] = content.ErrLimited
	wanted := map[string]Wanted{}
	for n := range 10 {
		wanted[fmt.Sprint("limited", n)] = wantedOf(t, fmt.Sprint("app", n), "linux/amd64")
		other := wantedOf(t, fmt.Sprint("app", n), "linux/amd64")
		other.Reference.Registry.Host = "other.example"
		wanted[fmt.Sprint("other", n)] = other
	}
	_, err := (&Locker{Source: r, Jobs: 1}).Lock(t.Context(), File{}, wanted)
	var failed *FailuresError
	if !errors.As(err, &failed) || len(failed.Failures) != 20 || !errors.Is(err, content.ErrLimited) {
		t.Fatalf("got %v", err)
	}
	skipped := 0
	for _, f := range failed.Failures {
		if f.Err.Error() == "skipped: its registry allows no more requests" {
			skipped++
		}
	}
	if got := r.requests(); len(got) != 11 || skipped != 9 {
		t.Errorf("skipped %d, asked %q", skipped, got)
	}
}

// A slow registry takes no share of the requests to another one.
func TestRegistriesHaveTheirShares(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRegistry()
		r.blocking = time.Hour
		r.manifests["latest"] = []byte("{}")
		q := newQueue(r, 2)
		var group sync.WaitGroup
		for n := range 20 {
			w := wantedOf(t, fmt.Sprint("app", n))
			w.Reference.Registry.Host = fmt.Sprint("registry", n%5, ".example")
			group.Go(func() { q.Manifest(t.Context(), w.Reference) })
		}
		time.Sleep(90 * time.Minute) // the first request to each has ended
		synctest.Wait()
		if got := r.busy.Load(); got != 10 {
			t.Errorf("%d at a time, want 2 to each of 5", got)
		}
		group.Wait()
	})
}

// If two images wait for a manifest and one of them fails, the other still gets it.
func TestFailureOfOneImage(t *testing.T) {
	r := newRegistry()
	r.blocking = 5 * time.Millisecond
	amd := r.add(t, "amd", manifest("amd"))
	gone := described(ocispec.MediaTypeImageManifest, "gone")
	r.add(t, "bad", index(map[string]ocispec.Descriptor{"linux/amd64": amd, "linux/arm64": gone}))
	r.add(t, "good", index(map[string]ocispec.Descriptor{"linux/amd64": amd}))
	for n := range 20 { // either may send the request
		bad := []string{"a", "z"}[n%2]
		images, err := (&Locker{Source: r, Jobs: 16}).Lock(t.Context(), File{}, map[string]Wanted{bad: wantedOf(t, "app:bad", "linux/amd64", "linux/arm64"), "good": wantedOf(t, "app:good")})
		var failed *FailuresError
		if !errors.As(err, &failed) || len(failed.Failures) != 1 || failed.Failures[0].Name != bad || err.Error() != "1 of 2 images failed" {
			t.Fatalf("got %v", err)
		}
		if images["good"].Platforms["x86_64-linux"].Manifest.Digest != amd.Digest {
			t.Fatalf("got %+v", images)
		}
	}
}

func TestCancelledLock(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("stop")
	cancel(stop)
	_, err := (&Locker{Source: newRegistry(), Jobs: 1}).Lock(ctx, File{}, map[string]Wanted{"app": wantedOf(t, "app"), "b": wantedOf(t, "b")})
	if err != stop {
		t.Errorf("got %v", err)
	}
}
