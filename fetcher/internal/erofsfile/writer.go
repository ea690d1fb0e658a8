package erofsfile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path"
)

// Writer writes an EROFS file. It writes content as it arrives, and directories at the
// end. It keeps some 200 bytes of memory for each entry.
type Writer struct {
	out     output
	nodes   map[string]*node // by name
	folders []*node          // in the order of their first entries
	inodes  uint32           // written so far
	content *content         // of the current entry, or nil
}

// New returns a Writer to an empty file. Close the Writer, and then the file.
func New(f *os.File) *Writer {
	return &Writer{out: output{File: f, space: space{blocks: 1}}, nodes: map[string]*node{}}
}

// fileTypes are the types of files in a directory.
var fileTypes = map[uint16]byte{Regular: 1, Directory: 2, CharDev: 3, BlockDev: 4, FIFO: 5, Symlink: 7}

// Add begins an entry. The folder that it is in comes before it. A folder may come
// again, and its last entry counts; anything else replaces what had its name, unless
// that is a folder.
func (w *Writer) Add(e Entry) error {
	if err := w.finish(); err != nil {
		return err
	}
	if e.isDirectory() {
		return w.addDirectory(&e)
	}
	if err := w.enter(e.Name); err != nil {
		return err
	}
	n := &node{links: 1, fileType: fileTypes[e.Mode&typeMask]}
	w.nodes[e.Name] = n
	w.inodes++
	w.content = &content{out: &w.out, node: n, inode: inode{Attributes: &e.Attributes, number: w.inodes, links: 1}}
	if err := w.content.begin(&e); err != nil {
		return fmt.Errorf("entry %q: %w", e.Name, err)
	}
	return nil
}

// enter records a name in its folder.
func (w *Writer) enter(name string) error {
	folder := w.nodes[path.Dir(name)]
	if name == root || folder == nil || folder.directory == nil {
		return fmt.Errorf("entry %q: there is no folder for it", name)
	}
	switch before := w.nodes[name]; {
	case before == nil:
		folder.directory.names = append(folder.directory.names, name)
	case before.directory != nil:
		return fmt.Errorf("entry %q: it is a folder already", name)
	}
	return nil
}

func (w *Writer) addDirectory(e *Entry) error {
	if n := w.nodes[e.Name]; n != nil && n.directory != nil {
		n.directory.Attributes = &e.Attributes
		return nil
	}
	n := &node{fileType: fileTypes[Directory]}
	parent := n
	if e.Name != root {
		if err := w.enter(e.Name); err != nil {
			return err
		}
		parent = w.nodes[path.Dir(e.Name)]
		parent.directory.folders++
	}
	w.inodes++
	n.directory = &directory{inode: inode{Attributes: &e.Attributes, number: w.inodes}, parent: parent}
	w.nodes[e.Name] = n
	w.folders = append(w.folders, n)
	return nil
}

// Link adds one more name of a file that is no folder.
func (w *Writer) Link(name, target string) error {
	if err := w.finish(); err != nil {
		return err
	}
	n := w.nodes[target]
	if n == nil || n.directory != nil {
		return fmt.Errorf("entry %q: there is no file %q", name, target)
	}
	if err := w.enter(name); err != nil {
		return err
	}
	w.nodes[name] = n
	n.links++
	_, err := w.out.WriteAt(binary.LittleEndian.AppendUint32(nil, n.links), int64(n.id*slotSize)+linksOffset)
	return err
}

// SetXattr gives a folder one more extended attribute, which stays if its entry comes
// again.
func (w *Writer) SetXattr(folder, name, value string) error {
	n := w.nodes[folder]
	if n == nil || n.directory == nil {
		return fmt.Errorf("there is no folder %q", folder)
	}
	if n.directory.extra == nil {
		n.directory.extra = map[string]string{}
	}
	n.directory.extra[name] = value
	return nil
}

var errNoContent = errors.New("the entry has no more content")

// Write writes content of the current entry.
func (w *Writer) Write(p []byte) (int, error) {
	if w.content == nil || int64(len(p)) > w.content.left {
		return 0, errNoContent
	}
	return w.content.write(p)
}

// finish ends the current entry.
func (w *Writer) finish() error {
	if w.content == nil {
		return nil
	}
	c := w.content
	w.content = nil
	return c.end()
}

// Close writes what is left.
func (w *Writer) Close() error {
	if err := w.finish(); err != nil {
		return err
	}
	if w.nodes[root] == nil {
		return errors.New("there is no root folder")
	}
	for _, n := range w.folders {
		if err := n.place(&w.out, w.nodes); err != nil {
			return err
		}
	}
	for _, n := range w.folders {
		if err := n.write(&w.out, w.nodes); err != nil {
			return err
		}
	}
	return w.out.end(w.inodes)
}
