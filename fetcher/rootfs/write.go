package rootfs

import (
	"archive/tar"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"

	"hocker/fetcher/erofs"
)

// bufferSize is how much content is copied at a time, in bytes.
const bufferSize = 256 << 10

// output writes a tree: folders and what has no content in the order of
// their names, then files layer by layer, and then further names of all these.
type output struct {
	to      erofs.EntryWriter
	content []map[string]*file // by layer and name there
	links   []*tar.Header
	buffer  []byte
	// also is called with a file with content, and returns where else to write it, or
	// nil.
	also func(f *file) io.Writer
}

// write writes a tree of the layers.
func (l layers) write(to erofs.EntryWriter, t *tree, also func(f *file) io.Writer) error {
	o := output{to: to, content: make([]map[string]*file, l.count), buffer: make([]byte, bufferSize), also: also}
	if err := t.walk(o.entry); err != nil {
		return err
	}
	r := &erofs.Reader{}
	for number, files := range o.content {
		if len(files) == 0 {
			continue
		}
		err := l.each(number, r, func(header *tar.Header) error {
			return o.copy(files[header.Name], r)
		})
		if err != nil {
			return err
		}
	}
	for _, link := range o.links {
		if err := o.to.WriteHeader(link); err != nil {
			return err
		}
	}
	return nil
}

// walk calls visit for everything in the tree, folders before what is in them. first says
// whether it is the first of a file's names.
func (t *tree) walk(visit func(name string, f *file, first bool) error) error {
	seen := map[*file]bool{} // of those with several names
	var walk func(name string, n *node) error
	walk = func(name string, n *node) error {
		first := !seen[n.file]
		if n.links > 1 {
			seen[n.file] = true
		}
		if err := visit(name, n.file, first); err != nil {
			return err
		}
		for _, base := range slices.Sorted(maps.Keys(n.children)) {
			if err := walk(path.Join(name, base), n.children[base]); err != nil {
				return err
			}
		}
		return nil
	}
	return walk(root, t.root)
}

// entry writes what is at a name, or notes it for later.
func (o *output) entry(name string, f *file, first bool) error {
	if !first {
		link := *f.header
		link.Typeflag, link.Name, link.Linkname, link.Size, link.PAXRecords = tar.TypeLink, name, f.name, 0, nil
		o.links = append(o.links, &link)
		return nil
	}
	f.name = name
	if f.header.Size == 0 {
		return o.to.WriteHeader(f.named())
	}
	if o.content[f.layer] == nil {
		o.content[f.layer] = map[string]*file{}
	}
	o.content[f.layer][f.header.Name] = f
	return nil
}

// named returns a file's entry under its name in the image.
func (f *file) named() *tar.Header {
	header := *f.header
	header.Name = f.name
	return &header
}

// copy writes a file with its content, if f is not nil.
func (o *output) copy(f *file, content io.Reader) error {
	if f == nil {
		return nil
	}
	if err := o.to.WriteHeader(f.named()); err != nil {
		return err
	}
	var to io.Writer = o.to
	if other := o.also(f); other != nil {
		to = io.MultiWriter(to, other)
	}
	if _, err := io.CopyBuffer(to, content, o.buffer); err != nil {
		return fmt.Errorf("entry %q: %w", f.header.Name, err)
	}
	return nil
}
