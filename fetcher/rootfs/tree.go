package rootfs

import (
	"archive/tar"
	"fmt"
	"path"
	"strings"
	"time"

	"hocker/fetcher/bytecount"
	"hocker/fetcher/erofs"
)

// The limits bound the memory that an image can take, as those of package erofs do for a
// layer.
const (
	maxEntries = 1 << 20
	maxText    = 128 << 20 // bytes in names, targets of symbolic links and extended attributes
)

// root is the name of the root folder.
const root = "."

// epoch is the time of a folder that no layer has.
var epoch = time.Unix(0, 0)

// file is what is at one or more names.
type file struct {
	header *tar.Header // under its name in the layer
	layer  int         // that it is from
	links  int         // how many names it has
	text   int         // bytes, as maxText counts them
	name   string      // the first of its names; see tree.walk
}

// node is a name in a folder.
type node struct {
	*file
	children map[string]*node // nil unless it is a folder
	touched  int              // the last layer that has this name
}

// tree is what is left of the layers so far.
type tree struct {
	root    *node
	entries int
	text    int
}

func newTree() *tree {
	t := &tree{}
	t.root = t.newNode(".", folder(root, 0o755), 0)
	return t
}

// folder returns the entry of a folder that no layer has.
func folder(name string, mode int64) *tar.Header {
	return &tar.Header{Typeflag: tar.TypeDir, Name: name, Mode: mode, ModTime: epoch}
}

// apply changes the tree as the entry of a layer says, which an [erofs.Reader] has returned.
// A folder that the layer only implies keeps the owner and mode that a lower layer has for
// it.
func (t *tree) apply(layer int, header *tar.Header, implied bool) error {
	if hidden, opaque, ok := erofs.Hidden(header); ok {
		if opaque {
			t.hideIn(t.find(hidden), layer)
		} else {
			t.remove(hidden)
		}
		return nil
	}
	if header.Typeflag == tar.TypeLink {
		return t.applyLink(layer, header)
	}
	if before := t.find(header.Name); before != nil && before.children != nil && header.Typeflag == tar.TypeDir {
		before.touched = layer
		if !implied {
			t.replace(before, header, layer)
		}
		return t.checkLimits()
	}
	t.remove(header.Name)
	t.add(header.Name, t.newNode(path.Base(header.Name), header, layer), layer)
	return t.checkLimits()
}

// applyLink adds one more name for a file of the same layer. If the file is not there, it
// was a whiteout, and so is the link.
func (t *tree) applyLink(layer int, header *tar.Header) error {
	target := t.find(header.Linkname)
	t.remove(header.Name)
	if target == nil {
		return nil
	}
	target.links++
	t.count(path.Base(header.Name), 1)
	t.add(header.Name, &node{file: target.file}, layer)
	return t.checkLimits()
}

// find returns what is at a clean path, or nil. It follows no symbolic links.
func (t *tree) find(name string) *node {
	n := t.root
	if name == root {
		return n
	}
	for component := range strings.SplitSeq(name, "/") {
		if n = n.children[component]; n == nil {
			return nil
		}
	}
	return n
}

// newNode returns a node for an entry.
func (t *tree) newNode(base string, header *tar.Header, layer int) *node {
	n := &node{file: newFile(header, layer), touched: layer}
	if header.Typeflag == tar.TypeDir {
		n.children = map[string]*node{}
	}
	t.count(base, 1)
	t.text += n.text
	return n
}

func newFile(header *tar.Header, layer int) *file {
	f := &file{header: header, layer: layer, links: 1, text: len(header.Linkname)}
	for key, value := range header.PAXRecords {
		f.text += len(key) + len(value)
	}
	return f
}

// replace gives a folder another owner, mode and so on.
func (t *tree) replace(n *node, header *tar.Header, layer int) {
	t.text -= n.text
	n.file = newFile(header, layer)
	t.text += n.text
}

// add puts a node at a path whose folder exists.
func (t *tree) add(name string, n *node, layer int) {
	n.touched = layer
	t.find(path.Dir(name)).children[path.Base(name)] = n
}

// remove removes what is at a path.
func (t *tree) remove(name string) {
	dir := t.find(path.Dir(name))
	if dir == nil || dir.children[path.Base(name)] == nil {
		return
	}
	t.discount(path.Base(name), dir.children[path.Base(name)])
	delete(dir.children, path.Base(name))
}

// hideIn removes what is in a folder, except for what the layer has.
func (t *tree) hideIn(dir *node, layer int) {
	for base, n := range dir.children {
		switch {
		case n.touched != layer:
			t.discount(base, n)
			delete(dir.children, base)
		case n.children != nil:
			if n.layer != layer { // the layer only implies it
				t.replace(n, folder(n.header.Name, 0o755), layer)
			}
			t.hideIn(n, layer)
		}
	}
}

// discount takes a node and what is below it out of what the limits are for.
func (t *tree) discount(base string, n *node) {
	t.count(base, -1)
	if n.links--; n.links == 0 {
		t.text -= n.text
	}
	for base, child := range n.children {
		t.discount(base, child)
	}
}

func (t *tree) count(base string, by int) {
	t.entries += by
	t.text += by * len(base)
}

func (t *tree) checkLimits() error {
	switch {
	case t.entries > maxEntries:
		return fmt.Errorf("the image has more than %d files", maxEntries)
	case t.text > maxText:
		return fmt.Errorf("the names, links and attributes in the image take more than %s", bytecount.Format(maxText))
	}
	return nil
}
