package test

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"hocker/fetcher/archive"

	"github.com/opencontainers/go-digest"
)

// treeFile is a file of a tree, as far as two trees are compared.
type treeFile struct {
	mode    uint32 // with the type
	uid     uint32
	gid     uint32
	size    int64  // of a regular file
	rdev    uint64 // of a device
	mtime   int64  // in nanoseconds
	target  string // of a symbolic link
	content digest.Digest
	xattrs  map[string]string
	names   []string // of a file with several
}

func (f *treeFile) line(name string) string {
	text := fmt.Sprintf("%q %06o %d:%d %d", name, f.mode, f.uid, f.gid, f.mtime)
	switch f.mode & unix.S_IFMT {
	case unix.S_IFREG:
		text += fmt.Sprintf(" %d %s", f.size, f.content)
	case unix.S_IFLNK:
		text += fmt.Sprintf(" -> %q", f.target)
	case unix.S_IFCHR, unix.S_IFBLK:
		text += fmt.Sprintf(" %d,%d", unix.Major(f.rdev), unix.Minor(f.rdev))
	}
	for _, key := range slices.Sorted(maps.Keys(f.xattrs)) {
		text += fmt.Sprintf(" %s=%q", key, f.xattrs[key])
	}
	if len(f.names) > 1 {
		slices.Sort(f.names)
		text += fmt.Sprintf(" = %q", f.names)
	}
	return text
}

func treeLines(tree map[string]*treeFile) []string {
	var lines []string
	for name, f := range tree {
		lines = append(lines, f.line(name))
	}
	slices.Sort(lines)
	return lines
}

// walkTree returns a line for each file below a folder.
func walkTree(dir string) ([]string, error) {
	tree, err := readTree(dir)
	return treeLines(tree), err
}

// readTree returns the files below a folder. It leaves out what is in folders that are
// mounted there.
func readTree(dir string) (map[string]*treeFile, error) {
	type inode struct{ device, number uint64 }
	tree, inodes := map[string]*treeFile{}, map[inode]*treeFile{}
	var root unix.Stat_t
	if err := unix.Stat(dir, &root); err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		var s unix.Stat_t
		if err := unix.Lstat(path, &s); err != nil {
			tree[name] = &treeFile{target: err.Error()}
			return nil
		}
		if entry.IsDir() && s.Dev != root.Dev {
			return fs.SkipDir
		}
		at := inode{s.Dev, s.Ino}
		f := inodes[at]
		if f == nil || entry.IsDir() {
			if f, err = statFile(path, &s); err != nil {
				return err
			}
			inodes[at] = f
		}
		if !entry.IsDir() {
			f.names = append(f.names, name)
		}
		tree[name] = f
		return nil
	})
	return tree, err
}

func statFile(path string, s *unix.Stat_t) (f *treeFile, err error) {
	f = &treeFile{mode: s.Mode, uid: s.Uid, gid: s.Gid, rdev: s.Rdev, mtime: s.Mtim.Nano()}
	switch s.Mode & unix.S_IFMT {
	case unix.S_IFREG:
		f.size = s.Size
		if f.content, err = digestFile(path); err != nil {
			err = fmt.Errorf("reading %s: %w", path, err)
		}
	case unix.S_IFLNK:
		f.target, err = os.Readlink(path)
	}
	if err != nil {
		return nil, err
	}
	f.xattrs, err = xattrsOf(path)
	return f, err
}

func digestFile(path string) (digest.Digest, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	return digest.FromReader(f)
}

// xattrsOf returns the extended attributes of a file. It leaves out what says that
// overlayfs has to look for whiteouts.
func xattrsOf(path string) (map[string]string, error) {
	buffer := make([]byte, 64<<10)
	n, err := unix.Llistxattr(path, buffer)
	if errors.Is(err, syscall.ENOTSUP) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("listing the attributes of %s: %w", path, err)
	}
	xattrs := map[string]string{}
	for name := range strings.SplitSeq(strings.TrimRight(string(buffer[:n]), "\x00"), "\x00") {
		if name == "" || name == "trusted.overlay.origin" {
			continue
		}
		n, err := unix.Lgetxattr(path, name, buffer)
		if err != nil {
			return nil, fmt.Errorf("reading the attribute %s of %s: %w", name, path, err)
		}
		xattrs[name] = string(buffer[:n])
	}
	return xattrs, nil
}

// layerTree returns what walkTree is to find for a layer: what its archive says, with
// whiteouts as overlayfs has them.
func layerTree(layer string) ([]string, error) {
	f, err := os.Open(layer)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	unpacked, err := archive.Unpack(f)
	if err != nil {
		return nil, err
	}
	defer unpacked.Close()
	tree := map[string]*treeFile{".": {mode: unix.S_IFDIR | 0o755}}
	for r := tar.NewReader(unpacked); ; {
		h, err := r.Next()
		if err == io.EOF {
			return treeLines(tree), nil
		}
		if err != nil {
			return nil, err
		}
		if err := addToTree(tree, h, r); err != nil {
			return nil, err
		}
	}
}

var treeTypes = map[byte]uint32{
	tar.TypeReg: unix.S_IFREG, tar.TypeDir: unix.S_IFDIR, tar.TypeSymlink: unix.S_IFLNK,
	tar.TypeChar: unix.S_IFCHR, tar.TypeBlock: unix.S_IFBLK, tar.TypeFifo: unix.S_IFIFO,
}

func addToTree(tree map[string]*treeFile, h *tar.Header, content io.Reader) (err error) {
	name := path.Clean(strings.TrimLeft(h.Name, "/"))
	if strings.HasPrefix(name, ".wh..wh.") && name != ".wh..wh..opq" {
		return nil
	}
	for dir := path.Dir(name); tree[dir] == nil; dir = path.Dir(dir) {
		tree[dir] = &treeFile{mode: unix.S_IFDIR | 0o755}
	}
	if h.Typeflag == tar.TypeLink {
		f := tree[path.Clean(h.Linkname)]
		f.names = append(f.names, name)
		tree[name] = f
		return nil
	}
	f := &treeFile{mode: treeTypes[h.Typeflag] | uint32(h.Mode), uid: uint32(h.Uid), gid: uint32(h.Gid), target: h.Linkname, xattrs: map[string]string{}}
	if nanoseconds := h.ModTime.UnixNano(); nanoseconds > 0 {
		f.mtime = nanoseconds
	}
	f.rdev = unix.Mkdev(uint32(h.Devmajor), uint32(h.Devminor))
	f.size = h.Size
	if f.content, err = digest.FromReader(content); err != nil {
		return err
	}
	for key, value := range h.PAXRecords {
		key, ok := strings.CutPrefix(key, "SCHILY.xattr.")
		if ok && !strings.HasPrefix(key, "trusted.overlay.") && !strings.HasPrefix(key, "com.") {
			f.xattrs[key] = value
		}
	}
	dir, base := path.Split(name)
	hidden, isMarker := strings.CutPrefix(base, ".wh.")
	switch {
	case base == ".wh..wh..opq":
		marked := tree[path.Clean(dir)]
		if marked.xattrs == nil {
			marked.xattrs = map[string]string{}
		}
		marked.xattrs["trusted.overlay.opaque"] = "y"
		return nil
	case isMarker:
		name, f.mode = dir+hidden, unix.S_IFCHR
	case tree[name] != nil && tree[name].xattrs["trusted.overlay.opaque"] != "":
		f.xattrs["trusted.overlay.opaque"] = "y"
	}
	f.names = []string{name}
	tree[name] = f
	return nil
}
