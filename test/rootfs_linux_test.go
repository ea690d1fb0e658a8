package test

import (
	"encoding/json"
	"maps"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"hocker/test/images"
	"hocker/test/servers"
)

// rootfsVariants are the images whose rootfs is compared.
var rootfsVariants = []string{"awkward", "deep", "repeated", "oci-tar", "none"}

// rootfsMountPoints are what every rootfs has, whatever the image has.
var rootfsMountPoints = []string{"dev", "etc", "etc/hostname", "etc/hosts", "etc/resolv.conf", "proc", "run", "sys", "tmp", "var", "var/tmp"}

// TestRootfs makes the EROFS file of images, mounts it, and compares it with what umoci
// unpacks, file by file. Every mkfs.erofs makes the same file.
func TestRootfs(t *testing.T) {
	t.Parallel()
	servers.Require(t, "root", "skopeo", "umoci", "busybox", "unshare", "mount")
	var made sameFiles
	for _, variant := range rootfsVariants {
		image, err := shared.images.Image(images.Spec{Variant: variant})
		if err != nil {
			t.Fatal(err)
		}
		want := umociTree(t, image)
		for _, suite := range erofsSuites {
			mkfs, err := servers.FindErofsUtils(suite)
			if err != nil {
				servers.Lacks(t, err)
			}
			for _, compression := range []string{"lz4hc", "zstd"} {
				t.Run(variant+" "+suite+" "+compression, func(t *testing.T) {
					file := makeRootfs(t, mkfs, image, compression)
					compareRootfs(t, file, want)
					made.check(t, variant+" "+compression, file)
				})
			}
		}
		t.Run(variant, func(t *testing.T) {
			compareRootfs(t, makeRootfs(t, servers.MkfsErofs{}, image, ""), want)
		})
	}
}

// TestRootfsOfBases does the same with trees of base images, uncompressed.
func TestRootfsOfBases(t *testing.T) {
	t.Parallel()
	servers.Require(t, "root", "skopeo", "umoci", "busybox", "unshare", "mount")
	for _, variant := range []string{"debian", "alpine", "busybox"} {
		t.Run(variant, func(t *testing.T) {
			image, err := shared.images.Image(images.Spec{Variant: variant})
			if err != nil {
				t.Fatal(err)
			}
			want := umociTree(t, image)
			keepFolder(want)
			compareRootfs(t, makeRootfs(t, servers.MkfsErofs{}, image, ""), want)
		})
	}
}

// keepFolder moves what umoci has unpacked through a symbolic link of a lower layer. For
// podman and containerd, which mount layers, a folder is in place of the link.
func keepFolder(tree map[string]*treeFile) {
	if f := tree["usr/lib64/here"]; f != nil {
		delete(tree, "usr/lib64/here")
		tree["lib64/here"], f.names = f, []string{"lib64/here"}
		tree["lib64"] = &treeFile{mode: unix.S_IFDIR | 0o755}
	}
}

// makeRootfs makes the EROFS file of an image. mkfs is only for a compression.
func makeRootfs(t *testing.T, mkfs servers.MkfsErofs, image *images.Image, compression string) (file string) {
	t.Helper()
	program := ""
	if compression != "" {
		var err error
		if program, err = mkfs.LookPath("mkfs.erofs"); err != nil {
			t.Fatal(err)
		}
	}
	spec := map[string]any{"config": map[string]any{"path": image.Blob(image.Config)}}
	layers := []map[string]any{}
	for _, layer := range image.Layers {
		layers = append(layers, map[string]any{"path": image.Blob(layer)})
	}
	spec["layers"] = layers
	data, err := json.Marshal(spec)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file = filepath.Join(dir, "rootfs.erofs")
	runHocker(t, []string{
		"out=" + file, "facts=" + filepath.Join(dir, "facts"), "mkfs=" + program, "compression=" + compression, "spec=" + string(data),
	}, "build", "rootfs")
	return file
}

// umociTree returns the files of an image as umoci unpacks them.
func umociTree(t *testing.T, image *images.Image) map[string]*treeFile {
	t.Helper()
	dir := t.TempDir()
	layout, unpacked := filepath.Join(dir, "layout"), filepath.Join(dir, "unpacked")
	if err := image.SaveLayout(layout, "1"); err != nil {
		t.Fatal(err)
	}
	if output, err := exec.Command("umoci", "raw", "unpack", "--image", layout+":1", unpacked).CombinedOutput(); err != nil {
		t.Fatalf("umoci: %v\n%s", err, output)
	}
	tree, err := readTree(unpacked)
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// compareRootfs compares the files in an EROFS file with what umoci has unpacked. Mount
// points are in addition to these.
func compareRootfs(t *testing.T, file string, unpacked map[string]*treeFile) {
	t.Helper()
	var mine map[string]*treeFile
	err := servers.InErofs(file, func(dir string) (err error) {
		mine, err = readTree(dir)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range rootfsMountPoints {
		if mine[name] == nil {
			t.Errorf("the rootfs has no mount point %s", name)
		} else if unpacked[name] == nil {
			delete(mine, name)
		}
	}
	var got, want []string
	for name, f := range mine {
		got = append(got, f.line(name))
	}
	for name, f := range unpacked {
		want = append(want, umociLine(name, f, mine[name]))
	}
	for _, line := range got {
		if !slices.Contains(want, line) {
			t.Errorf("the rootfs has  %s", line)
		}
	}
	for _, line := range want {
		if !slices.Contains(got, line) {
			t.Errorf("umoci unpacks   %s", line)
		}
	}
}

// umociLine describes a file that umoci has unpacked, without what only umoci does: it keeps
// times before 1970, leaves out empty attributes, and gives a folder that a layer only
// implies the time of that moment.
func umociLine(name string, f, mine *treeFile) string {
	if mine == nil {
		return f.line(name)
	}
	again := *f
	if again.mtime < 0 || mine.mtime == 0 && f.mode&unix.S_IFMT == unix.S_IFDIR {
		again.mtime = 0
	}
	again.xattrs = maps.Clone(f.xattrs)
	for key, value := range mine.xattrs {
		if value == "" {
			again.xattrs[key] = ""
		}
	}
	return again.line(name)
}
