package images

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"

	"github.com/opencontainers/go-digest"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"

	"hocker/test/servers"
)

// umoci makes an image with umoci.
func umoci(dir string, s Spec) (*Image, error) {
	oci := filepath.Join(dir, "umoci")
	if err := umociLayout(dir, oci, s); err != nil {
		return nil, err
	}
	top, err := topOf(oci)
	if err != nil {
		return nil, err
	}
	return describe("oci:"+oci+":"+layoutTag, oci, top)
}

// umociLayout makes an image of three layers in a layout with umoci.
func umociLayout(dir, oci string, s Spec) error {
	root := filepath.Join(dir, "root")
	if err := writePrograms(filepath.Join(root, "bin")); err != nil {
		return err
	}
	hello := filepath.Join(dir, "hello")
	if err := os.WriteFile(hello, []byte(s.greeting()+"\n"), 0o644); err != nil {
		return err
	}
	image := oci + ":" + layoutTag
	for _, args := range [][]string{
		{"init", "--layout", oci},
		{"new", "--image", image},
		{"insert", "--image", image, root, "/"},
		{"insert", "--image", image, hello, "/hello"},
		{"insert", "--image", image, "--whiteout", "/bin/ls"},
		{"config", "--image", image, "--config.env", "PATH=/bin", "--config.cmd", "/bin/cat", "--config.cmd", "/hello"},
		{"gc", "--layout", oci},
	} {
		if output, err := exec.Command("umoci", args...).CombinedOutput(); err != nil {
			return fmt.Errorf("umoci %s: %w\n%s", args[0], err, output)
		}
	}
	return nil
}

// writePrograms writes busybox to a directory, with a link for each of programNames.
func writePrograms(bin string) error {
	busybox, err := servers.Busybox()
	if err != nil {
		return err
	}
	data, err := os.ReadFile(busybox)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(bin, 0o755); err != nil {
		return err
	}
	for _, name := range programNames {
		if err := os.Symlink("busybox", filepath.Join(bin, name)); err != nil {
			return err
		}
	}
	return servers.WriteProgram(filepath.Join(bin, "busybox"), data)
}

// buildah makes an index with buildah, of an image for this machine's
// architecture and one for another.
func buildah(dir string, s Spec) (*Image, error) {
	built := filepath.Join(dir, "built")
	commands := [][]string{{"manifest", "create", "list"}}
	for _, architecture := range []string{runtime.GOARCH, otherArchitecture()} {
		l, err := newLayout(filepath.Join(dir, architecture), digest.Canonical)
		if err != nil {
			return nil, err
		}
		top, err := gzippedImage.image(l, s, architecture)
		if err != nil {
			return nil, err
		}
		if err := l.finish(top); err != nil {
			return nil, err
		}
		commands = append(commands, []string{"manifest", "add", "list", "oci:" + l.dir + ":" + layoutTag})
	}
	commands = append(commands, []string{"manifest", "push", "--all", "list", "oci:" + built + ":" + layoutTag})
	storage := []string{"--root", filepath.Join(dir, "graph"), "--runroot", filepath.Join(dir, "run"), "--storage-driver", "vfs"}
	for _, args := range commands {
		output, err := exec.Command("buildah", append(storage, args...)...).CombinedOutput()
		if err != nil {
			return nil, fmt.Errorf("buildah %s %s: %w\n%s", args[0], args[1], err, output)
		}
	}
	top, err := topOf(built)
	if err != nil {
		return nil, err
	}
	return describe("oci:"+built+":"+layoutTag, built, top)
}

// topOf returns the descriptor of the only image in a layout.
func topOf(dir string) (v1.Descriptor, error) {
	var index v1.Index
	if err := readJSON(filepath.Join(dir, v1.ImageIndexFile), &index); err != nil {
		return v1.Descriptor{}, err
	}
	if len(index.Manifests) != 1 {
		return v1.Descriptor{}, fmt.Errorf("%s has %d images, want one", dir, len(index.Manifests))
	}
	return index.Manifests[0], nil
}
