package erofs

import (
	"archive/tar"
	"errors"
	"fmt"
	"math"
	"path"
	"strings"
	"time"

	"hocker/fetcher/bytecount"
)

// The limits of what a file can be in Linux.
const (
	permissions = 0o7777
	maxOwner    = math.MaxUint32 - 1 // the highest number is for none
	maxMajor    = 1<<12 - 1
	maxMinor    = 1<<20 - 1
)

// epoch is the time of a folder that the archive does not have, and of a file whose
// time is out of range, as in podman.
var epoch = time.Unix(0, 0)

// lastTime is the last time that fits 64 bits of nanoseconds.
var lastTime = time.Unix(0, math.MaxInt64)

// fit returns the entry under its clean name, with nothing but what an EROFS file
// keeps, and what it is.
func (t *tree) fit(header *tar.Header, name string) (*tar.Header, kind, error) {
	entry := &tar.Header{
		Typeflag: header.Typeflag,
		Name:     name,
		Mode:     header.Mode & permissions,
		Uid:      header.Uid,
		Gid:      header.Gid,
		ModTime:  header.ModTime,
	}
	if entry.ModTime.Before(epoch) || entry.ModTime.After(lastTime) {
		entry.ModTime = epoch
	}
	for _, owner := range []int{entry.Uid, entry.Gid} {
		if owner < 0 || int64(owner) > maxOwner {
			return nil, 0, fmt.Errorf("the owner or group %d is not between 0 and %d", owner, uint32(maxOwner))
		}
	}
	if isMarker(name) {
		entry.Typeflag = tar.TypeReg
		return entry, whiteout, t.checkWhiteout(name)
	}
	var err error
	if entry.PAXRecords, err = keptXattrs(header.PAXRecords); err != nil {
		return nil, 0, err
	}
	what, err := t.fitType(header, entry)
	if err == nil && entry.Typeflag != tar.TypeReg && entry.Typeflag != tar.TypeDir && hasUserXattr(entry.PAXRecords) {
		err = errUserXattr
	}
	return entry, what, err
}

// checkWhiteout checks what a whiteout hides.
func (t *tree) checkWhiteout(name string) error {
	hidden, ok := hiddenBy(name)
	if !ok {
		return nil // an opaque marker
	}
	switch path.Base(name) {
	case whiteoutPrefix, whiteoutPrefix + ".", whiteoutPrefix + "..":
		return errHidesNothing
	}
	if t.seen[hidden] != nothing {
		return errHides
	}
	return nil
}

// fitType fills in what an entry of its type has.
func (t *tree) fitType(header, entry *tar.Header) (kind, error) {
	switch header.Typeflag {
	case tar.TypeDir:
		return folder, nil
	case tar.TypeReg, tar.TypeGNUSparse:
		entry.Typeflag, entry.Size = tar.TypeReg, header.Size
		return file, t.checkHoles(header)
	case tar.TypeSymlink:
		entry.Linkname = header.Linkname
		return symlink, checkTarget(header.Linkname)
	case tar.TypeLink:
		return t.fitLink(header, entry)
	case tar.TypeChar, tar.TypeBlock:
		entry.Devmajor, entry.Devminor = header.Devmajor, header.Devminor
		if uint64(entry.Devmajor) > maxMajor || uint64(entry.Devminor) > maxMinor {
			return 0, fmt.Errorf("the device %d:%d does not exist in Linux", entry.Devmajor, entry.Devminor)
		}
		return file, nil
	case tar.TypeFifo:
		return file, nil
	}
	return 0, fmt.Errorf("it has the type %q, which engines do not unpack", header.Typeflag)
}

// fitLink fills in the target of a hard link, which engines create in the order of
// the archive.
func (t *tree) fitLink(header, entry *tar.Header) (kind, error) {
	target, err := CleanName(header.Linkname)
	if err != nil {
		return 0, fmt.Errorf("hard link to %q: %w", header.Linkname, err)
	}
	entry.Linkname, entry.PAXRecords = target, nil
	switch what := t.seen[target]; what {
	case symlink, file:
		return what, nil
	case folder, implied:
		return 0, errFolderTarget
	}
	return 0, errNoTarget
}

func checkTarget(target string) error {
	switch {
	case target == "":
		return errors.New("it is a symbolic link to nothing")
	case len(target) > maxPath:
		return fmt.Errorf("it is a symbolic link of %d bytes, and Linux has room for %d", len(target), maxPath)
	}
	return nil
}

func (t *tree) checkHoles(header *tar.Header) error {
	if !isSparse(header) {
		return nil
	}
	if header.Size > maxHoles-t.sparse {
		return fmt.Errorf("the sparse files of the layer take more than %s", bytecount.Format(maxHoles))
	}
	t.sparse += header.Size
	return nil
}

// isSparse reports whether the archive leaves out holes of the file.
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
