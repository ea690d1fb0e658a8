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

// tree is a set of files by their slash-separated paths: a folder, or an uncompressed tar
// archive, whose files are read where they lie in it.
type tree interface {
	// file returns a file that can be read. If there is none, the error is an
	// fs.ErrNotExist.
	file(name string) (File, error)
}

// folder is a tree in the file system.
type folder string

func (f folder) file(name string) (File, error) {
	if !filepath.IsLocal(filepath.FromSlash(name)) {
		return File{}, fmt.Errorf("%s: the path leads out of the folder", name)
	}
	file := File{Path: filepath.Join(string(f), filepath.FromSlash(name))}
	_, err := file.contentSize() // opening a named pipe would wait
	return file, err
}

// tarball is an uncompressed tar archive.
type tarball struct {
	path  string
	parts map[string]part
	links map[string]string // symbolic and hard links, and what they lead to
	named int               // bytes in the names of both
}

// maxTarEntries limits the entries of an archive. Docker allows an image 127 layers.
const maxTarEntries = 100_000

// maxTarNames limits the names in an archive together, in bytes.
const maxTarNames = 32 << 20

// maxLinks limits how many links lead to one file.
const maxLinks = 10

// readTarball finds the files in a tar archive. It reads their headers only.
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
	return nil, fmt.Errorf("more than %d files: that is not the archive of an image", maxTarEntries)
}

// add notes the entry whose content is next in f.
func (t *tarball) add(header *tar.Header, f *os.File) error {
	name := path.Clean(header.Name)
	_, isFile := t.parts[name]
	_, isLink := t.links[name]
	if isFile || isLink {
		return fmt.Errorf("two files with the name %q", name)
	}
	if t.named += len(name) + len(header.Linkname); t.named > maxTarNames {
		return fmt.Errorf("the names of its files take more than %s: that is not the archive of an image", bytecount.Format(maxTarNames))
	}
	if isSparse(header) {
		return fmt.Errorf("%s is stored as a sparse file: pack the archive without --sparse", name)
	}
	switch header.Typeflag {
	case tar.TypeReg:
		// The reader keeps nothing back: the content begins where f stands.
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

// isSparse reports whether the archive leaves out the holes of the file. Such content
// cannot be read in place.
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
