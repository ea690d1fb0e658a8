package images_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/opencontainers/go-digest"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"

	"hocker/test/images"
	"hocker/test/servers"
)

// TestPush pushes every variant and reads it back from the registry.
func TestPush(t *testing.T) {
	t.Parallel()
	servers.Require(t, "skopeo", "busybox", "docker-registry")
	registry, err := servers.StartRegistry(servers.RegistryOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, registry) })
	set := images.NewSet(t.TempDir())
	for variant, mediaTypes := range map[string][2]string{ // media types of the manifest or index and of the layers
		"docker":    {"application/vnd.docker.distribution.manifest.v2+json", "application/vnd.docker.image.rootfs.diff.tar.gzip"},
		"list":      {"application/vnd.docker.distribution.manifest.list.v2+json", "application/vnd.docker.image.rootfs.diff.tar.gzip"},
		"oci":       {"application/vnd.oci.image.manifest.v1+json", "application/vnd.oci.image.layer.v1.tar+gzip"},
		"oci-index": {"application/vnd.oci.image.index.v1+json", "application/vnd.oci.image.layer.v1.tar+gzip"},
		"oci-tar":   {"application/vnd.oci.image.manifest.v1+json", "application/vnd.oci.image.layer.v1.tar"},
		"oci-zstd":  {"application/vnd.oci.image.manifest.v1+json", "application/vnd.oci.image.layer.v1.tar+zstd"},
	} {
		t.Run(variant, func(t *testing.T) {
			name := "demo/" + variant
			image, err := set.Push(images.Spec{Variant: variant, BulkMiB: 1}, registry, name+":1")
			if err != nil {
				t.Fatal(err)
			}
			if len(image.Layers) != 4 {
				t.Errorf("%d layers, want 4", len(image.Layers))
			}
			top := manifest(t, registry, name, "1", image.Digest)
			if top.MediaType != mediaTypes[0] {
				t.Errorf("the tag names a %s, want %s", top.MediaType, mediaTypes[0])
			}
			for i, layer := range manifest(t, registry, name, image.Manifest.String(), image.Manifest).Layers {
				if layer.MediaType != mediaTypes[1] || layer.Digest != image.Layers[i] {
					t.Errorf("layer %d is %s, %s; want %s, %s",
						i, layer.MediaType, layer.Digest, mediaTypes[1], image.Layers[i])
				}
			}
		})
	}
}

// TestKinds pushes the rarer kinds and checks the media type of the tag's manifest. The
// layers are those of the image for this machine.
func TestKinds(t *testing.T) {
	t.Parallel()
	servers.Require(t, "skopeo", "umoci", "buildah", "busybox", "docker-registry")
	registry, err := servers.StartRegistry(servers.RegistryOptions{Schema1: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, registry) })
	set := images.NewSet(t.TempDir())
	const (
		dockerList  = "application/vnd.docker.distribution.manifest.list.v2+json"
		docker      = "application/vnd.docker.distribution.manifest.v2+json"
		ociManifest = "application/vnd.oci.image.manifest.v1+json"
		ociIndex    = "application/vnd.oci.image.index.v1+json"
	)
	for _, c := range []struct {
		variant   string
		mediaType string
		layers    int
	}{
		{variant: "umoci", mediaType: "", layers: 3}, // umoci omits the media type
		{variant: "buildah", mediaType: ociIndex, layers: 3},
		{variant: "mixed", mediaType: ociManifest, layers: 3},
		{variant: "empty", mediaType: ociManifest, layers: 5},
		{variant: "repeated", mediaType: ociManifest, layers: 4},
		{variant: "none", mediaType: ociManifest, layers: 0},
		{variant: "awkward", mediaType: ociManifest, layers: 8},
		{variant: "deep", mediaType: ociManifest, layers: 60},
		{variant: "nested", mediaType: ociIndex, layers: 3},
		{variant: "attested", mediaType: ociIndex, layers: 3},
		{variant: "attestation", mediaType: ociManifest, layers: 1},
		{variant: "foreign", mediaType: ociManifest, layers: 3},
		{variant: "foreign-docker", mediaType: docker, layers: 3},
		{variant: "chart", mediaType: ociManifest, layers: 1},
		{variant: "artifact", mediaType: ociManifest, layers: 1},
	} {
		t.Run(c.variant, func(t *testing.T) {
			name := "demo/" + c.variant
			image, err := set.Push(images.Spec{Variant: c.variant, Foreign: "http://127.0.0.1:1"}, registry, name+":1")
			if err != nil {
				t.Fatal(err)
			}
			if got := manifest(t, registry, name, "1", image.Digest).MediaType; got != c.mediaType {
				t.Errorf("the tag names a %s, want %s", got, c.mediaType)
			}
			layers := manifest(t, registry, name, image.Manifest.String(), image.Manifest).Layers
			if len(layers) != c.layers || len(image.Layers) != c.layers {
				t.Errorf("%d layers, and %d described, want %d", len(layers), len(image.Layers), c.layers)
			}
		})
	}
	t.Run("schema1", func(t *testing.T) {
		if _, err := set.Push(images.Spec{Variant: "schema1"}, registry, "demo/schema1:1"); err != nil {
			t.Fatal(err)
		}
		output, err := exec.Command("skopeo", "inspect", "--raw", "--tls-verify=false",
			"docker://"+registry.Addr()+"/demo/schema1:1").Output()
		if err != nil || !strings.Contains(string(output), `"fsLayers"`) {
			t.Errorf("no schema 1 manifest: %v\n%s", err, output)
		}
	})
}

// TestWrite writes images to a directory, under the paths of a registry.
func TestWrite(t *testing.T) {
	t.Parallel()
	servers.Require(t, "busybox")
	set := images.NewSet(t.TempDir())
	for _, variant := range []string{"sha512", "huge", "oci-artifact"} {
		dir := t.TempDir()
		image, err := set.Write(images.Spec{Variant: variant}, dir, "demo/app:1")
		if err != nil {
			t.Errorf("%s: %v", variant, err)
			continue
		}
		data, err := os.ReadFile(filepath.Join(dir, "v2/demo/app/manifests/1"))
		if err != nil || image.Digest.Algorithm().FromBytes(data) != image.Digest {
			t.Errorf("%s: the tag has %d bytes, want the manifest %s, %v", variant, len(data), image.Digest, err)
		}
		for _, layer := range image.Layers {
			data, err := os.ReadFile(filepath.Join(dir, "v2/demo/app/blobs", layer.String()))
			if err != nil || layer.Algorithm().FromBytes(data) != layer {
				t.Errorf("%s: layer %s: %d bytes with another digest, %v", variant, layer, len(data), err)
			}
		}
	}
}

// manifest gets a manifest or index from the registry and checks its digest.
func manifest(t *testing.T, registry *servers.Registry, name, reference string, want digest.Digest) v1.Manifest {
	t.Helper()
	output, err := exec.Command("skopeo", "inspect", "--raw", "--tls-verify=false",
		"docker://"+registry.Addr()+"/"+name+separator(reference)+reference).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	if got := digest.FromBytes(output); got != want {
		t.Errorf("%s:%s has digest %s, want %s", name, reference, got, want)
	}
	var manifest v1.Manifest
	if err := json.Unmarshal(output, &manifest); err != nil {
		t.Fatal(err)
	}
	return manifest
}

// separator returns what precedes a tag or a digest in a reference.
func separator(reference string) string {
	if strings.Contains(reference, ":") {
		return "@"
	}
	return ":"
}

// stop ends a server.
func stop(t *testing.T, server interface{ Stop() error }) {
	if err := server.Stop(); err != nil {
		t.Error(err)
	}
}

// TestRun runs an image in a Docker daemon.
func TestRun(t *testing.T) {
	t.Parallel()
	servers.Require(t, "skopeo", "busybox", "docker", "dockerd", "root")
	docker, err := servers.StartDocker(servers.DockerOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, docker) })
	dir := t.TempDir()
	image, err := images.NewSet(dir).Image(images.Spec{Variant: "docker", Greeting: "good morning"})
	if err != nil {
		t.Fatal(err)
	}
	archive := filepath.Join(dir, "image.tar")
	if err := image.Save(archive, "demo/app:1"); err != nil {
		t.Fatal(err)
	}
	run := func(args ...string) string {
		t.Helper()
		output, err := exec.Command("docker", append([]string{"--host", docker.Host()}, args...)...).CombinedOutput()
		if err != nil {
			t.Fatalf("docker %s: %v\n%s\n%s", strings.Join(args, " "), err, output, docker.Log())
		}
		return string(output)
	}
	run("load", "--input", archive)
	got := run("run", "--rm", "--network=none", "demo/app:1", "/bin/sh", "-c", "cat /hello; test -e /etc/motd || echo removed")
	if want := "good morning\nremoved\n"; got != want {
		t.Errorf("the container printed %q, want %q", got, want)
	}
}
