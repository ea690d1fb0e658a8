package erofs

import (
	"archive/tar"
	"fmt"
	"path"
	"strings"
)

// The limits of Linux: a component of a path, and a path without its final zero.
const (
	maxComponent = 255
	maxPath      = 4095
)

// The names by which a layer removes what lower layers have. They are AUFS's:
// https://github.com/opencontainers/image-spec/blob/v1.1.1/layer.md#whiteouts
const (
	whiteoutPrefix = ".wh."
	metadataPrefix = whiteoutPrefix + whiteoutPrefix
	opaqueMarker   = metadataPrefix + ".opq"
)

// root is the clean name of a layer's root folder.
const root = "."

// CleanName returns the path of an entry in its layer, without a slash at either
// end: "etc/passwd". The layer's root is ".". It is an error if Linux has no room for it,
// or if it leads out of the layer.
func CleanName(name string) (string, error) {
	clean := path.Clean(name)
	if !path.IsAbs(clean) {
		if clean == ".." || strings.HasPrefix(clean, "../") {
			return "", errLeaves
		}
	} else if clean = clean[1:]; clean == "" {
		clean = root
	}
	if len(clean) > maxPath {
		return "", fmt.Errorf("the path has %d bytes, and Linux has room for %d", len(clean), maxPath)
	}
	for component := range strings.SplitSeq(clean, "/") {
		if len(component) > maxComponent {
			return "", fmt.Errorf("a name in the path has %d bytes, and Linux has room for %d", len(component), maxComponent)
		}
	}
	return clean, nil
}

// folders returns the folders that a path is in, the outermost first.
func folders(name string) []string {
	var names []string
	if name != root {
		names = append(names, root)
	}
	for i := range len(name) {
		if name[i] == '/' {
			names = append(names, name[:i])
		}
	}
	return names
}

// isMetadata reports whether a path is AUFS's own, which engines skip.
func isMetadata(name string) bool {
	for component := range strings.SplitSeq(name, "/") {
		if strings.HasPrefix(component, metadataPrefix) && component != opaqueMarker {
			return true
		}
	}
	return false
}

// isMarker reports whether a path is one of a whiteout or an opaque marker.
func isMarker(name string) bool { return strings.HasPrefix(path.Base(name), whiteoutPrefix) }

// hiddenBy returns the path that a whiteout hides. ok is false if name is not one
// of a whiteout.
func hiddenBy(name string) (hidden string, ok bool) {
	if !isMarker(name) || path.Base(name) == opaqueMarker {
		return "", false
	}
	dir, base := path.Split(name)
	return dir + strings.TrimPrefix(base, whiteoutPrefix), true
}

// Hidden returns what an entry of a [Reader] hides in lower layers: the file at path or,
// if it is opaque, all that is in the folder at path. Such an entry is no file itself. ok
// is false if the entry hides nothing.
//
// A character device 0:0 is a whiteout, too, as in podman and containerd: overlayfs, with
// which they run images, takes it for one of its own.
func Hidden(header *tar.Header) (hidden string, opaque, ok bool) {
	if header.Typeflag == tar.TypeChar && header.Devmajor == 0 && header.Devminor == 0 {
		return header.Name, false, true
	}
	if path.Base(header.Name) == opaqueMarker {
		return path.Dir(header.Name), true, true
	}
	hidden, ok = hiddenBy(header.Name)
	return hidden, false, ok
}

// whiteoutOf returns the path of the whiteout that hides a path.
func whiteoutOf(name string) string {
	dir, base := path.Split(name)
	return dir + whiteoutPrefix + base
}
