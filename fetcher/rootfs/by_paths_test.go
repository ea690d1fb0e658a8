package rootfs

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"hocker/fetcher/erofs"
)

// describe describes a file, as far as two merges are compared.
func describe(h *tar.Header, layer int) string {
	return fmt.Sprintf("%d %c %s %o %d %d %s", layer, h.Typeflag, h.Name, h.Mode, h.Uid, h.Size, h.Linkname)
}

// below reports whether a path is below a folder.
func below(name, dir string) bool {
	return name != root && (dir == root || strings.HasPrefix(name, dir+"/"))
}

// byPaths merges layers in the plainest way: a list of paths. First a layer removes what
// it hides, and then it adds what it has.
func byPaths(archives [][]byte) (map[string]string, error) {
	tree := map[string]string{root: describe(folder(root, 0o755), 0)}
	folders := map[string]bool{root: true}
	remove := func(name string, itself bool) {
		for other := range tree {
			if below(other, name) || itself && other == name {
				delete(tree, other)
				delete(folders, other)
			}
		}
	}
	for number, archive := range archives {
		headers, implied, err := entries(archive)
		if err != nil {
			return nil, err
		}
		for _, h := range headers {
			if hidden, opaque, ok := erofs.Hidden(h); ok {
				remove(hidden, !opaque)
			}
		}
		own := map[string]*tar.Header{}
		for i, h := range headers {
			if _, _, ok := erofs.Hidden(h); ok {
				continue
			}
			if h.Typeflag == tar.TypeLink {
				if own[h.Linkname] == nil { // a whiteout
					remove(h.Name, true)
					continue
				}
				target := own[h.Linkname]
				own[h.Name] = target
				remove(h.Name, true)
				tree[h.Name] = describe(target, number)
				continue
			}
			own[h.Name] = h
			isFolder := h.Typeflag == tar.TypeDir
			if isFolder && folders[h.Name] && implied[i] {
				continue
			}
			if !isFolder || !folders[h.Name] {
				remove(h.Name, true)
			}
			tree[h.Name], folders[h.Name] = describe(h, number), isFolder
		}
	}
	return tree, nil
}

func entries(archive []byte) (headers []*tar.Header, implied map[int]bool, err error) {
	implied = map[int]bool{}
	for r := erofs.NewReader(bytes.NewReader(archive)); ; {
		h, err := r.Next()
		if err == io.EOF {
			return headers, implied, nil
		}
		if err != nil {
			return nil, nil, err
		}
		implied[len(headers)] = r.Implied()
		headers = append(headers, h)
	}
}

// checkWritten checks what mkfs.erofs relies on: folders come before what is in them, hard
// links after their files, and each name comes once.
func checkWritten(archive []byte, names []string) error {
	types := map[string]byte{}
	for r := tar.NewReader(bytes.NewReader(archive)); ; {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		name := path.Clean(h.Name)
		switch target, ok := types[h.Linkname]; {
		case types[name] != 0:
			return fmt.Errorf("%q comes twice", name)
		case name != root && types[path.Dir(name)] != tar.TypeDir:
			return fmt.Errorf("%q comes before its folder", name)
		case h.Typeflag == tar.TypeLink && (!ok || target == tar.TypeDir || target == tar.TypeLink):
			return fmt.Errorf("%q is a link to %q", name, h.Linkname)
		}
		types[name] = h.Typeflag
	}
	if len(types) != len(names) || slices.ContainsFunc(names, func(name string) bool { return types[name] == 0 }) {
		return fmt.Errorf("%q, expected %q", types, names)
	}
	return nil
}
