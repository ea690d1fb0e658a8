package rootfs

import (
	"archive/tar"
	"path"
	"strings"
)

// maxSymlinks is how many symbolic links Linux follows in a path.
const maxSymlinks = 40

// lookup follows a path and its symbolic links, as a process with the tree as its root does.
// It returns what is there. If that is nothing, it returns nil, and the clean path at which
// it is missing, or "" if there is none: a file is in the way.
func (t *tree) lookup(name string) (n *node, missing string) {
	rest := components(name)
	at := []*node{t.root}
	var names []string
	for followed := 0; len(rest) > 0; {
		component := rest[0]
		rest = rest[1:]
		folder := at[len(at)-1]
		if component == ".." {
			at, names = at[:max(1, len(at)-1)], names[:max(0, len(names)-1)]
			continue
		}
		next := folder.children[component]
		switch {
		case folder.children == nil:
			return nil, ""
		case next == nil:
			return nil, path.Join(append(append(names, component), rest...)...)
		case next.header.Typeflag != tar.TypeSymlink:
			at, names = append(at, next), append(names, component)
			continue
		}
		if followed++; followed > maxSymlinks {
			return nil, ""
		}
		if path.IsAbs(next.header.Linkname) {
			at, names = at[:1], nil
		}
		rest = append(components(next.header.Linkname), rest...)
	}
	return at[len(at)-1], ""
}

// components returns the components of a path that lead somewhere.
func components(name string) []string {
	var all []string
	for component := range strings.SplitSeq(name, "/") {
		if component != "" && component != "." {
			all = append(all, component)
		}
	}
	return all
}
