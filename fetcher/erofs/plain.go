package erofs

import (
	"archive/tar"
	"fmt"
	"path"
	"strings"

	"hocker/fetcher/internal/erofsfile"
)

// What overlayfs reads in a folder of a layer:
// https://docs.kernel.org/filesystems/overlayfs.html#whiteouts-and-opaque-directories
const (
	opaqueXattr = "trusted.overlay.opaque"
	// originXattr makes overlayfs look for whiteouts in a folder that only one layer
	// has.
	originXattr = "trusted.overlay.origin"
)

// plainWriter writes entries to an EROFS file, with whiteouts and opaque folders as
// overlayfs has them.
type plainWriter struct{ *erofsfile.Writer }

// fileModes are the types of files in an inode.
var fileModes = map[byte]uint16{
	tar.TypeReg:     erofsfile.Regular,
	tar.TypeDir:     erofsfile.Directory,
	tar.TypeSymlink: erofsfile.Symlink,
	tar.TypeChar:    erofsfile.CharDev,
	tar.TypeBlock:   erofsfile.BlockDev,
	tar.TypeFifo:    erofsfile.FIFO,
}

// WriteHeader implements [EntryWriter].
func (w plainWriter) WriteHeader(header *tar.Header) error {
	if isMarker(header.Name) {
		return w.mark(header)
	}
	if header.Typeflag == tar.TypeLink {
		return w.Link(header.Name, header.Linkname)
	}
	mode, ok := fileModes[header.Typeflag]
	if !ok {
		return fmt.Errorf("entry %q: an EROFS file has no type %q", header.Name, header.Typeflag)
	}
	entry := entryOf(header, mode)
	entry.Size, entry.Target = header.Size, header.Linkname
	entry.Major, entry.Minor = uint32(header.Devmajor), uint32(header.Devminor)
	return w.Add(entry)
}

// mark writes a whiteout or an opaque marker.
func (w plainWriter) mark(header *tar.Header) error {
	folder := path.Dir(header.Name)
	hidden, ok := hiddenBy(header.Name)
	if !ok {
		return w.SetXattr(folder, opaqueXattr, "y")
	}
	whiteout := erofsfile.Attributes{Mode: erofsfile.CharDev, ModTime: epoch}
	if err := w.Add(erofsfile.Entry{Name: hidden, Attributes: whiteout}); err != nil {
		return err
	}
	return w.SetXattr(folder, originXattr, "")
}

// entryOf returns an entry with the attributes that every file has.
func entryOf(header *tar.Header, mode uint16) erofsfile.Entry {
	attributes := erofsfile.Attributes{
		Mode:    mode | uint16(header.Mode),
		UID:     uint32(header.Uid),
		GID:     uint32(header.Gid),
		ModTime: header.ModTime,
	}
	for key, value := range header.PAXRecords {
		if attributes.Xattrs == nil {
			attributes.Xattrs = map[string]string{}
		}
		attributes.Xattrs[strings.TrimPrefix(key, xattrRecord)] = value
	}
	return erofsfile.Entry{Name: header.Name, Attributes: attributes}
}
