package images_test

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/opencontainers/go-digest"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"

	"hocker/test/images"
	"hocker/test/servers"
)

// TestPush pushes every variant and reads back what the registry has.
func TestPush(t *testing.T) {
	servers.Require(t, "skopeo", "busybox", "docker-registry")
	registry, err := servers.StartRegistry(servers.RegistryOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, registry) })
	set := images.NewSet(t.TempDir())
	for variant, mediaTypes := range map[string][2]string{ // of what the tag names, and of the layers
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

// separator is what stands before a tag or a digest in a reference.
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
	servers.Require(t, "skopeo", "busybox", "docker", "dockerd", "root")
	docker, err := servers.StartDocker()
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
		t.Errorf("the container says %q, want %q", got, want)
	}
}
