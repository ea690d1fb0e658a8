package engine

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"hocker/fetcher/reference"
	"hocker/test/servers"

	"github.com/klauspost/compress/zstd"
	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// startContainerd starts a containerd, and returns it with its namespace default.
func startContainerd(t *testing.T) (*servers.Containerd, *Containerd) {
	t.Helper()
	servers.Require(t, "root", "containerd", "ctr")
	server, err := servers.StartContainerd()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	return server, findContainerd(t, server, "")
}

func findContainerd(t *testing.T, server *servers.Containerd, namespace string) *Containerd {
	t.Helper()
	environment := map[string]string{"CONTAINERD_ADDRESS": server.Address(), "CONTAINERD_NAMESPACE": namespace}
	c, err := FindContainerd(t.Context(), "", "", func(name string) string { return environment[name] })
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// ctr runs ctr in a namespace.
func ctr(t *testing.T, server *servers.Containerd, namespace string, args ...string) string {
	t.Helper()
	out, err := exec.Command("ctr", append([]string{"--address", server.Address(), "--namespace", namespace}, args...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("ctr %s: %v: %s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// parts are the blobs of images for a test.
type parts map[digest.Digest][]byte

func (p parts) put(mediaType string, data []byte) ocispec.Descriptor {
	d := digest.FromBytes(data)
	p[d] = data
	return ocispec.Descriptor{MediaType: mediaType, Digest: d, Size: int64(len(data))}
}

// layer makes a layer with a file of incompressible content.
func (p parts) layer(t *testing.T, name string, size int, compress func(io.Writer) io.WriteCloser, mediaType string) Layer {
	t.Helper()
	var unpacked, packed bytes.Buffer
	content := make([]byte, size)
	random := rand.NewChaCha8([32]byte([]byte(fmt.Sprintf("%-32s", name))))
	random.Read(content)
	w := tar.NewWriter(&unpacked)
	if err := errors.Join(
		w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(size)}),
		write(w, content),
		w.Close()); err != nil {
		t.Fatal(err)
	}
	c := compress(&packed)
	if err := errors.Join(write(c, unpacked.Bytes()), c.Close()); err != nil {
		t.Fatal(err)
	}
	return Layer{Descriptor: p.put(mediaType, packed.Bytes()), DiffID: digest.FromBytes(unpacked.Bytes())}
}

func write(w io.Writer, data []byte) error {
	_, err := w.Write(data)
	return err
}

func (p parts) gzip(t *testing.T, name string, size int) Layer {
	return p.layer(t, name, size, func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) }, ocispec.MediaTypeImageLayerGzip)
}

func (p parts) zstd(t *testing.T, name string, size int) Layer {
	return p.layer(t, name, size, func(w io.Writer) io.WriteCloser {
		encoder, err := zstd.NewWriter(w)
		if err != nil {
			t.Fatal(err)
		}
		return encoder
	}, ocispec.MediaTypeImageLayerZstd)
}

// image makes an image of layers.
func (p parts) image(t *testing.T, name string, layers ...Layer) Image {
	t.Helper()
	ref, err := reference.Parse(name)
	if err != nil {
		t.Fatal(err)
	}
	platform := ocispec.Platform{OS: "linux", Architecture: runtime.GOARCH}
	config := ocispec.Image{Platform: platform, RootFS: ocispec.RootFS{Type: "layers"}}
	manifest := ocispec.Manifest{Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispec.MediaTypeImageManifest}
	for _, layer := range layers {
		config.RootFS.DiffIDs = append(config.RootFS.DiffIDs, layer.DiffID)
		manifest.Layers = append(manifest.Layers, layer.Descriptor)
	}
	manifest.Config = p.put(ocispec.MediaTypeImageConfig, toJSON(t, config))
	return Image{
		Reference: ref,
		Config:    manifest.Config,
		Manifest:  p.put(ocispec.MediaTypeImageManifest, toJSON(t, manifest)),
		Layers:    layers,
		Platform:  platform,
		Open: func(_ context.Context, d digest.Digest) (io.ReadCloser, error) {
			return io.NopCloser(bytes.NewReader(p[d])), nil
		},
	}
}

func toJSON(t *testing.T, v any) []byte {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// mustLoad loads an image, and checks what ctr has then.
func mustLoad(t *testing.T, server *servers.Containerd, c *Containerd, image Image) Result {
	t.Helper()
	var progress int64
	result, err := c.Load(t.Context(), image, Progress{Sent: func(n int64) { progress += n }})
	if err != nil {
		t.Fatal(err)
	}
	if progress != result.Sent {
		t.Errorf("%d bytes reported, %d sent", progress, result.Sent)
	}
	got := strings.Join(strings.Fields(ctr(t, server, c.namespace, "images", "check", "--snapshotter", string(c.snapshotter), "name=="+image.name())), " ")
	want := fmt.Sprintf("%s %s %s complete (%d/%[4]d)", image.name(), image.Manifest.MediaType, image.Manifest.Digest, len(image.Layers)+1)
	if !strings.Contains(got, want) || !strings.HasSuffix(got, " true") {
		t.Errorf("ctr images check says %q, want %q and true", got, want)
	}
	return result
}

// What containerd has is not sent; what it lacks is, once.
func TestContainerdSendsWhatIsMissing(t *testing.T) {
	t.Parallel()
	server, c := startContainerd(t)
	p := parts{}
	base, middle := p.gzip(t, "base", 3<<20), p.zstd(t, "middle", 100)
	one := p.image(t, "app:1", base, middle, base, p.gzip(t, "one", 10))
	two := p.image(t, "app:2", base, middle, base, p.gzip(t, "two", 10))
	moved := two
	moved.Reference = one.Reference
	other := one
	other.Reference.Tag = "other"
	unnamed := two
	unnamed.Reference = reference.Reference{}
	all := func(image Image) int64 { return image.size(nil) }
	changed := two.size(func(d digest.Digest) bool { return d == base.Digest || d == middle.Digest })
	for _, tt := range []struct {
		name  string
		image Image
		want  Plan
	}{
		{name: "first", image: one, want: Plan{Outcome: Loaded, Layers: 4, Bytes: all(one)}},
		{name: "again", image: one, want: Plan{Outcome: Present, Layers: 4, LayersPresent: 4}},
		{name: "changed", image: two, want: Plan{Outcome: Loaded, Layers: 4, LayersPresent: 3, Bytes: changed}},
		{name: "another tag", image: other, want: Plan{Outcome: Tagged, Layers: 4, LayersPresent: 4}},
		{name: "tag moved", image: moved, want: Plan{Outcome: Tagged, Layers: 4, LayersPresent: 4}},
		{name: "tag moved back", image: one, want: Plan{Outcome: Tagged, Layers: 4, LayersPresent: 4}},
		{name: "without a name", image: unnamed, want: Plan{Outcome: Tagged, Layers: 4, LayersPresent: 4}},
		{name: "without a name, again", image: unnamed, want: Plan{Outcome: Present, Layers: 4, LayersPresent: 4}},
	} {
		plan, err := c.Plan(t.Context(), tt.image)
		if err != nil || plan != tt.want {
			t.Errorf("%s: plan %+v, %v; want %+v", tt.name, plan, err, tt.want)
		}
		if result := mustLoad(t, server, c, tt.image); result != (Result{Plan: tt.want, Sent: tt.want.Bytes}) {
			t.Errorf("%s: result %+v, want %+v", tt.name, result, tt.want)
		}
	}
	if leases := ctr(t, server, "default", "leases", "list", "--quiet"); leases != "" {
		t.Errorf("leases are left: %s", leases)
	}
	// The garbage collector finds all parts: this runs it.
	ctr(t, server, "default", "images", "remove", "--sync", "docker.io/library/app:2")
	mustLoad(t, server, c, one)
	if missing, err := c.lacks(t.Context(), &one); err != nil || len(missing) > 0 {
		t.Errorf("collected: %v, %v", missing, err)
	}
}

// An image that is not unpacked is unpacked, and nothing is sent.
func TestContainerdUnpacks(t *testing.T) {
	t.Parallel()
	server, c := startContainerd(t)
	p := parts{}
	image := p.image(t, "app:1", p.gzip(t, "base", 10), p.gzip(t, "top", 10))
	mustLoad(t, server, c, image)
	top := chainIDs(image.Layers)[1].String()
	ctr(t, server, "default", "snapshots", "--snapshotter", string(c.snapshotter), "remove", top)
	if result := mustLoad(t, server, c, image); result.Outcome != Loaded || result.Sent != 0 {
		t.Errorf("result %+v", result)
	}
}

// An image for another platform is loaded, with a warning.
func TestContainerdForeign(t *testing.T) {
	t.Parallel()
	server, c := startContainerd(t)
	p := parts{}
	image := p.image(t, "app:1", p.gzip(t, "base", 10))
	image.Platform = ocispec.Platform{OS: "linux", Architecture: "s390x"}
	if result := mustLoad(t, server, c, image); result.Foreign != "linux/"+runtime.GOARCH {
		t.Errorf("got %q", result.Foreign)
	}
}

// In Kubernetes' namespace, an image has the names and the label that CRI gives it.
func TestContainerdKubernetes(t *testing.T) {
	t.Parallel()
	server, _ := startContainerd(t)
	c := findContainerd(t, server, "k8s.io")
	p := parts{}
	image := p.image(t, "ghcr.io/org/app:1", p.gzip(t, "base", 10))
	if result := mustLoad(t, server, c, image); result.Outcome != Loaded {
		t.Errorf("first: %+v", result)
	}
	var names []string
	for line := range strings.Lines(ctr(t, server, "k8s.io", "images", "list", `labels."io.cri-containerd.image"==managed`)) {
		names = append(names, strings.Fields(line)[0])
	}
	want := []string{"REF", "ghcr.io/org/app:1", "ghcr.io/org/app@" + image.Manifest.Digest.String(), image.Config.Digest.String()}
	if !slices.Equal(names, want) {
		t.Errorf("names %q, want %q", names, want)
	}
	ctr(t, server, "k8s.io", "images", "label", "ghcr.io/org/app:1", "io.cri-containerd.image=")
	if result := mustLoad(t, server, c, image); result.Outcome != Tagged {
		t.Errorf("without the label: %+v", result)
	}
	if result := mustLoad(t, server, c, image); result.Outcome != Present {
		t.Errorf("again: %+v", result)
	}
}

// Layers are unpacked where the images of the namespace are.
func TestContainerdSnapshotter(t *testing.T) {
	t.Parallel()
	server, c := startContainerd(t)
	p := parts{}
	c.snapshotter = "native"
	mustLoad(t, server, c, p.image(t, "app:1", p.gzip(t, "one", 10)))
	again := findContainerd(t, server, "")
	mustLoad(t, server, again, p.image(t, "app:1", p.gzip(t, "again", 10)))
	if again.snapshotter != "native" {
		t.Errorf("got %q", again.snapshotter)
	}
	ctr(t, server, "default", "namespaces", "label", "default", "containerd.io/defaults/snapshotter=own")
	labeled := findContainerd(t, server, "")
	_, err := labeled.Load(t.Context(), p.image(t, "app:2", p.gzip(t, "two", 10)), Progress{})
	var refused *Error
	if !errors.As(err, &refused) || refused.Request != "Snapshots/Stat" || !strings.Contains(refused.Message, "own") {
		t.Errorf("a snapshotter that does not exist: %v", err)
	}
}

var errBroken = errors.New("the disk is broken")

// brokenAt returns the image whose blob d ends in an error after n bytes.
func brokenAt(image Image, d digest.Digest, n int64) Image {
	open := image.Open
	image.Open = func(ctx context.Context, blob digest.Digest) (io.ReadCloser, error) {
		r, err := open(ctx, blob)
		if err == nil && blob == d {
			r = io.NopCloser(io.MultiReader(io.LimitReader(r, n), brokenReader{}))
		}
		return r, err
	}
	return image
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errBroken }

// A load that breaks off leaves the name as it was, and what it wrote is collected.
func TestContainerdBrokenOff(t *testing.T) {
	t.Parallel()
	server, c := startContainerd(t)
	p := parts{}
	base, top := p.gzip(t, "base", 10), p.gzip(t, "top", 3<<20)
	one, two := p.image(t, "app:1", base), p.image(t, "app:1", base, p.gzip(t, "middle", 10), top)
	if _, err := c.Load(t.Context(), brokenAt(one, base.Digest, 5), Progress{}); !errors.Is(err, errBroken) {
		t.Fatalf("got %v", err)
	}
	if found, err := c.client.Image(t.Context(), one.name()); err != nil || found.Target != "" {
		t.Errorf("it has a name: %v, %v", found, err)
	}
	mustLoad(t, server, c, one)
	for _, broken := range []digest.Digest{top.Digest, two.Config.Digest, two.Manifest.Digest} {
		if _, err := c.Load(t.Context(), brokenAt(two, broken, 3), Progress{}); !errors.Is(err, errBroken) {
			t.Fatalf("got %v", err)
		}
		if found, err := c.client.Image(t.Context(), one.name()); err != nil || found.Target != one.Manifest.Digest {
			t.Errorf("the name stands for %v, %v", found, err)
		}
	}
	short := two
	short.Open = func(ctx context.Context, d digest.Digest) (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(p[d][:len(p[d])/2])), nil
	}
	if _, err := c.Load(t.Context(), short, Progress{}); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a short blob: %v", err)
	}
	ctr(t, server, "default", "images", "remove", "--sync", one.name())
	if left := ctr(t, server, "default", "content", "list", "--quiet"); left != "" {
		t.Errorf("content is left: %s", left)
	}
	mustLoad(t, server, c, two)
}

// The garbage collector does not take what a load has brought, or counts on.
func TestContainerdCollectedMeanwhile(t *testing.T) {
	t.Parallel()
	server, c := startContainerd(t)
	p := parts{}
	base, middle := p.gzip(t, "base", 10), p.gzip(t, "middle", 10)
	old := p.image(t, "old:1", base)
	mustLoad(t, server, c, old)
	image := p.image(t, "app:1", base, middle, p.gzip(t, "top", 10))
	collected := image
	collected.Open = func(ctx context.Context, d digest.Digest) (io.ReadCloser, error) {
		if d == middle.Digest {
			ctr(t, server, "default", "images", "remove", "--sync", old.name())
		}
		return image.Open(ctx, d)
	}
	mustLoad(t, server, c, collected)
}

// A layer that is not what the config says is refused.
func TestContainerdWrongDiffID(t *testing.T) {
	t.Parallel()
	_, c := startContainerd(t)
	p := parts{}
	layer := p.gzip(t, "base", 10)
	right := layer.DiffID
	layer.DiffID = digest.FromString("another")
	image := p.image(t, "app:1", layer)
	_, err := c.Load(t.Context(), image, Progress{})
	want := fmt.Sprintf("layer %s: unpacks to %s, but the image's config says %s", layer.Digest, right, layer.DiffID)
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if found, err := c.client.Image(t.Context(), image.name()); err != nil || found.Target != "" {
		t.Errorf("it has a name: %v, %v", found, err)
	}
}

// What a killed load has written is not sent again; what is wrong of it is.
func TestContainerdResumes(t *testing.T) {
	t.Parallel()
	server, c := startContainerd(t)
	p := parts{}
	good, bad := p.gzip(t, "good", 3<<20), p.gzip(t, "bad", 3<<20)
	image := p.image(t, "app:1", good, bad)
	half := int64(1 << 20)
	for _, blob := range []struct {
		Layer
		content []byte
	}{{good, p[good.Digest][:half]}, {bad, make([]byte, half)}} {
		w, err := c.client.NewWriter(t.Context(), "hocker-"+blob.Digest.String(), blob.Descriptor)
		if err != nil {
			t.Fatal(err)
		}
		if err := write(w, blob.content); err != nil {
			t.Fatal(err)
		}
		w.Close()
	}
	// The bad one is sent whole after its second part has shown that it is bad.
	want := image.size(nil) - half + bad.Size - half
	if result := mustLoad(t, server, c, image); result.Sent != want {
		t.Errorf("sent %d bytes, want %d", result.Sent, want)
	}
}

// Loads at the same time send a shared layer once. A load that stands still does not
// hold the others for ever.
func TestContainerdConcurrent(t *testing.T) {
	t.Parallel()
	server, c := startContainerd(t)
	p := parts{}
	base := p.gzip(t, "base", 3<<20)
	var images []Image
	want := base.Size
	for i := range 4 {
		image := p.image(t, fmt.Sprintf("app:%d", i), base, p.gzip(t, fmt.Sprint(i), 10))
		images = append(images, image)
		want += image.size(func(d digest.Digest) bool { return d == base.Digest })
	}
	var (
		loads sync.WaitGroup
		mu    sync.Mutex
		sent  int64
	)
	for _, image := range images {
		mine := findContainerd(t, server, "")
		loads.Go(func() {
			result := mustLoad(t, server, mine, image)
			mu.Lock()
			defer mu.Unlock()
			sent += result.Sent
		})
	}
	loads.Wait()
	if sent != want {
		t.Errorf("sent %d bytes, want %d", sent, want)
	}

	stopped := p.image(t, "stopped:1", p.gzip(t, "stopped", 10))
	layer := stopped.Layers[0]
	w, err := c.client.NewWriter(t.Context(), "hocker-"+layer.Digest.String(), layer.Descriptor)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	c.patience = time.Millisecond
	mustLoad(t, server, c, stopped)
}

// A load whose daemon is killed says so; the next one completes.
func TestContainerdKilled(t *testing.T) {
	t.Parallel()
	server, c := startContainerd(t)
	p := parts{}
	top := p.gzip(t, "top", 3<<20)
	image := p.image(t, "app:1", p.gzip(t, "base", 10), top)
	// Not while it makes a snapshot: what it then leaves is in its own way later.
	unpacked := func() (bool, error) {
		return c.client.HasSnapshot(t.Context(), c.snapshotter, chainIDs(image.Layers)[0].String())
	}
	killed := image
	killed.Open = func(ctx context.Context, d digest.Digest) (io.ReadCloser, error) {
		r, err := image.Open(ctx, d)
		if err != nil || d != top.Digest {
			return r, err
		}
		return io.NopCloser(io.MultiReader(io.LimitReader(r, 2<<20), killer{server, unpacked}, r)), nil
	}
	_, err := c.Load(t.Context(), killed, Progress{})
	var unavailable *UnavailableError
	if !errors.As(err, &unavailable) || unavailable.Host != "unix://"+server.Address() || unavailable.Sent < 1<<20 {
		t.Fatalf("got %v", err)
	}
	unavailable = nil
	if _, err := c.Plan(t.Context(), image); !errors.As(err, &unavailable) {
		t.Fatalf("without a daemon: %v", err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	mustLoad(t, server, c, image)
}

// killer kills a daemon when it is read and the condition is met.
type killer struct {
	server    *servers.Containerd
	condition func() (bool, error)
}

func (k killer) Read([]byte) (int, error) {
	for {
		met, err := k.condition()
		if err != nil {
			return 0, err
		}
		if met {
			break
		}
		time.Sleep(time.Millisecond)
	}
	if err := k.server.Kill(); err != nil {
		return 0, err
	}
	return 0, io.EOF
}
