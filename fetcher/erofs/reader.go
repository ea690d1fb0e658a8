package erofs

import (
	"archive/tar"
	"bufio"
	"fmt"
	"io"
)

// Reader reads the entries of a layer's tar archive, and checks that they make one
// tree. It keeps their names in memory, and nothing else.
type Reader struct {
	tree
	tar  *tar.Reader
	next []*tar.Header // entries to return before the archive is read on
	last *tar.Header   // the entry that was returned last
}

// NewReader returns a Reader for a tar archive that is not compressed. It may read
// more of it than it returns.
func NewReader(archive io.Reader) *Reader {
	r := &Reader{}
	r.Reset(archive)
	return r
}

// Reset begins another layer of the same image. The limit of sparse files is that of
// all its layers together.
func (r *Reader) Reset(archive io.Reader) {
	*r = Reader{
		tar:  tar.NewReader(bufio.NewReaderSize(archive, bufferSize)),
		tree: tree{seen: map[string]kind{}, sparse: r.sparse},
	}
}

// Next returns the next entry, and [io.EOF] at the end. [Reader.Read] reads its content.
//
// Name is a path without a slash at either end, and "." for the layer's root. A hard
// link leads to the Name of an earlier entry. Whiteouts and opaque markers keep their
// names, .wh.NAME and .wh..wh..opq, and have no content. The type of a sparse file is
// that of a regular one. Of the PAX records only extended attributes are left,
// without those that overlayfs gives a meaning.
//
// The first entry inside a folder that the archive does not have, or does not have
// yet, comes after an entry for that folder, with mode 0755 and owner root. So a
// folder may come twice, and its second entry counts.
//
// Errors: *[EntryError], and those of the archive's reader.
func (r *Reader) Next() (*tar.Header, error) {
	for len(r.next) == 0 {
		header, err := r.tar.Next()
		switch {
		case err == io.EOF && r.seen[root] == nothing: // an empty layer
			if err := r.enter(root); err != nil {
				return nil, err
			}
			continue
		case err == io.EOF:
			return nil, err
		case err != nil:
			return nil, fmt.Errorf("reading its archive: %w", err)
		}
		if err := r.add(header); err != nil {
			return nil, &EntryError{header.Name, err}
		}
	}
	r.last = r.next[0]
	r.next = r.next[1:]
	return r.last, nil
}

// Implied reports whether the entry that Next returned last is a folder that the archive
// does not have, or does not have yet.
func (r *Reader) Implied() bool { return r.last != nil && r.seen[r.last.Name] == implied }

// Read reads the content of the entry that Next returned last, as [tar.Reader.Read].
func (r *Reader) Read(p []byte) (int, error) {
	if r.last == nil || r.last.Size == 0 {
		return 0, io.EOF
	}
	return r.tar.Read(p)
}

// add checks an entry and appends it to next, with the folders that it implies. It
// skips what engines skip.
func (r *Reader) add(header *tar.Header) error {
	if header.Typeflag == tar.TypeXGlobalHeader {
		return nil
	}
	name, err := CleanName(header.Name)
	if err != nil || isMetadata(name) {
		return err
	}
	for _, dir := range folders(name) {
		if isMarker(dir) {
			return errInWhiteout
		}
		if r.seen[dir] == nothing && r.seen[whiteoutOf(dir)] == whiteout {
			if isMarker(name) {
				return nil // what it hides is hidden already
			}
			return errInWhiteout
		}
		if err := r.enter(dir); err != nil {
			return err
		}
	}
	entry, what, err := r.fit(header, name)
	if err != nil {
		return err
	}
	if name == root && what != folder {
		return errRoot
	}
	if before := r.seen[name]; before == implied && what != folder {
		return errHasFiles
	} else if before != nothing && before != implied {
		return errTwice
	}
	r.next = append(r.next, entry)
	return r.note(name, what)
}

// enter makes sure that entries can be in a folder.
func (r *Reader) enter(dir string) error {
	switch r.seen[dir] {
	case implied, folder:
		return nil
	case symlink:
		return fmt.Errorf("the layer has a symbolic link at %q, expected a folder", dir)
	case nothing:
		r.next = append(r.next, impliedFolder(dir))
		return r.note(dir, implied)
	}
	return fmt.Errorf("the layer has a file at %q, expected a folder", dir)
}

func impliedFolder(name string) *tar.Header {
	return &tar.Header{Typeflag: tar.TypeDir, Name: name, Mode: 0o755, ModTime: epoch}
}
