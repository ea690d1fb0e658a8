package archive

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"hocker/fetcher/bytecount"
)

// tree is a set of files with slash-separated paths: a folder, or an uncompressed tar
// archive, whose files are read in place.
type tree interface {
	// file returns a readable file. If the file does not exist, the error is an
	// fs.ErrNotExist.
	file(name string) (File, error)
}

// folder is a tree in the file system.
type folder string

func (f folder) file(name string) (File, error) {
	if !filepath.IsLocal(filepath.FromSlash(name)) {
		return File{}, fmt.Errorf("%s: the path is outside of the folder", name)
	}
	file := File{Path: filepath.Join(string(f), filepath.FromSlash(name))}
	_, err := file.contentSize() // opening a named pipe would block
	return file, err
}

// tarball is an uncompressed tar archive.
type tarball struct {
	path  string
	parts map[string]part
	links map[string]string // symbolic and hard links, and their targets
	named int               // total length of the names in both
}

// maxTarEntries limits the entries of an archive. Docker allows an image 127 layers.
const maxTarEntries = 100_000

// maxTarNames limits the total length of the names in an archive, in bytes.
const maxTarNames = 32 << 20

// maxLinks limits the links to follow to one file.
const maxLinks = 10

// readTarball lists the files in a tar archive. It reads only their headers.
func readTarball(name string, f *os.File) (*tarball, error) {
	t := &tarball{path: name, parts: map[string]part{}, links: map[string]string{}}
	r := tar.NewReader(f)
	for range maxTarEntries {
		header, err := r.Next()
		switch {
		case err == io.EOF:
			return t, nil
		case err != nil:
			return nil, err
		}
		if err := t.add(header, f); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("more than %d files", maxTarEntries)
}

// add records the entry whose content is next in f.
func (t *tarball) add(header *tar.Header, f *os.File) error {
	name := path.Clean(header.Name)
	_, isFile := t.parts[name]
	_, isLink := t.links[name]
	if isFile || isLink {
		return fmt.Errorf("two files with the name %q", name)
	}
	if t.named += len(name) + len(header.Linkname); t.named > maxTarNames {
		return fmt.Errorf("its file names take more than %s", bytecount.Format(maxTarNames))
	}
	if isSparse(header) {
		return fmt.Errorf("%s is stored as a sparse file: pack the archive without --sparse", name)
	}
	switch header.Typeflag {
	case tar.TypeReg:
		// The reader reads no further than the header, so the content begins at
		// the offset of f.
		offset, err := f.Seek(0, io.SeekCurrent)
		t.parts[name] = part{offset: offset, size: header.Size}
		return err
	case tar.TypeSymlink:
		t.links[name] = path.Join(path.Dir(name), header.Linkname)
	case tar.TypeLink:
		t.links[name] = path.Clean(header.Linkname)
	}
	return nil
}

// isSparse reports whether the archive omits holes in the file. Such a file cannot be
// read in place.
func isSparse(header *tar.Header) bool {
	if header.Typeflag == tar.TypeGNUSparse {
		return true
	}
	for key := range header.PAXRecords {
		if strings.HasPrefix(key, "GNU.sparse.") {
			return true
		}
	}
	return false
}

func (t *tarball) file(name string) (File, error) {
	at := path.Clean(name)
	for range maxLinks {
		if at, isFile := t.parts[at]; isFile {
			return File{Path: t.path, part: &at}, nil
		}
		next, isLink := t.links[at]
		if !isLink {
			return File{}, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
		}
		at = next
	}
	return File{}, &fs.PathError{Op: "open", Path: name, Err: errors.New("too many links")}
}
