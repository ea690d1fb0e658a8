package rootfs

import (
	"archive/tar"
	"fmt"
	"maps"
	"path"
	"slices"

	"hocker/fetcher/erofs"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// mountPoint is what whoever runs a container mounts something on.
type mountPoint struct {
	name   string
	header tar.Header
}

// standard are the mount points of every container. Engines make them; in a file system
// that cannot be written, they have to be there.
var standard = []mountPoint{
	{"dev", *folder("", 0o755)},
	{"proc", *folder("", 0o755)},
	{"sys", *folder("", 0o755)},
	{"run", *folder("", 0o755)},
	{"tmp", *folder("", 0o1777)},
	{"var/tmp", *folder("", 0o1777)},
	{"etc/hostname", emptyFile},
	{"etc/hosts", emptyFile},
	{"etc/resolv.conf", emptyFile},
}

var emptyFile = tar.Header{Typeflag: tar.TypeReg, Mode: 0o644, ModTime: epoch}

// addMountPoints adds what the image lacks: the standard mount points, its volumes and its
// working folder. What is there stays. If a file is in the way, nothing is added, and the
// image starts nowhere else either.
func (t *tree) addMountPoints(config ocispec.ImageConfig) error {
	points := slices.Clone(standard)
	for _, name := range append(slices.Sorted(maps.Keys(config.Volumes)), config.WorkingDir) {
		points = append(points, mountPoint{name, *folder("", 0o755)})
	}
	for _, point := range points {
		if _, missing := t.lookup(point.name); missing != "" {
			if err := t.addMountPoint(missing, point.header); err != nil {
				return fmt.Errorf("the mount point %q: %w", point.name, err)
			}
		}
	}
	return nil
}

// addMountPoint adds a mount point and the folders that it is in, at a clean path from
// lookup.
func (t *tree) addMountPoint(name string, header tar.Header) error {
	name, err := erofs.CleanName(name)
	if err != nil {
		return err
	}
	if dir := path.Dir(name); t.find(dir) == nil {
		if err := t.addMountPoint(dir, *folder("", 0o755)); err != nil {
			return err
		}
	}
	if t.find(name) != nil {
		return nil
	}
	header.Name = name
	t.add(name, t.newNode(path.Base(name), &header, noLayer), noLayer)
	return t.checkLimits()
}

// noLayer is in place of the layer of what is added.
const noLayer = -1
