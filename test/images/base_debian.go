package images

import (
	"archive/tar"
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// debian replaces the programs of an image with the files of this machine's essential
// packages, in a tree as Debian's images have it, and adds what an upgrade changes.
func debian(layers []layer) ([]layer, error) {
	tree := &treeLayer{seen: map[string]bool{}}
	for _, name := range []string{"bin", "lib", "lib64", "sbin"} {
		tree.add(symlink(name, "usr/"+name), directory("usr/"+name+"/", 0o755))
	}
	// The names of the links are those of real programs here.
	for _, e := range layers[0] {
		if e.header.Typeflag == tar.TypeReg {
			e.header.Name = "usr/" + e.header.Name
			tree.add(e)
		}
	}
	tree.add(debianFolders()...)
	names, err := essentialFiles()
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if err := tree.addFile(name); err != nil {
			return nil, err
		}
	}
	return append([]layer{tree.entries, debianUpgrade()}, layers[1:]...), nil
}

// debianFolders is what Debian's images have in addition to packages.
func debianFolders() layer {
	return layer{
		directory("boot/", 0o755), directory("dev/", 0o755), directory("home/", 0o755), directory("media/", 0o755),
		directory("proc/", 0o555), directory("sys/", 0o555), directory("run/", 0o755), directory("run/lock/", 0o1777),
		directory("root/", 0o700), file("root/.bashrc", "# root\n"),
		directory("tmp/", 0o1777), directory("var/", 0o755), directory("var/tmp/", 0o1777),
		owned(directory("var/local/", 0o2775), 0, 50), owned(directory("var/mail/", 0o2775), 0, 8),
		symlink("var/lock", "/run/lock"), symlink("var/run", "/run"), symlink("var/spool/mail", "../mail"),
		directory("etc/", 0o755), mode(file("etc/.pwd.lock", ""), 0o600),
		owned(mode(file("etc/shadow", "root:*:20000:0:99999:7:::\n"), 0o640), 0, 42),
		owned(mode(file("etc/gshadow", "root:*::\n"), 0o640), 0, 42),
		file("etc/group", "root:x:0:\nshadow:x:42:\n"), mode(file("etc/machine-id", ""), 0o444),
		symlink("etc/alternatives/awk", "/usr/bin/mawk"), symlink("etc/alternatives/awk.1.gz", "/usr/share/man/man1/mawk.1.gz"),
		symlink("usr/bin/awk", "/etc/alternatives/awk"), symlink("etc/localtime", "/usr/share/zoneinfo/Etc/UTC"),
		owned(directory("var/lib/apt/lists/partial/", 0o700), 42, 0), mode(file("var/lib/apt/lists/lock", ""), 0o640),
		file("var/lib/apt/lists/deb_Packages", "Package: old\n"), file("var/lib/dpkg/status", "Status: old\n"),
		owned(mode(file("var/log/btmp", ""), 0o660), 0, 43), owned(mode(file("var/log/apt/term.log", "log\n"), 0o640), 0, 4),
		withRecords(mode(file("usr/bin/ping", "ping\n"), 0o755), map[string]string{xattr + "security.capability": netBindService}),
		owned(mode(file("usr/lib/dbus/helper", "helper\n"), 0o4754), 0, 101),
		mode(file("usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n"), 0o755),
	}
}

// debianUpgrade is what an upgrade and a cleanup leave: replaced files, one of two names
// of a file, lists that are gone, and a folder where the base has a link to one.
func debianUpgrade() layer {
	return layer{
		directory("usr/", 0o755), directory("usr/bin/", 0o755), mode(file("usr/bin/perl", "new perl\n"), 0o755),
		mode(file("usr/bin/su", "no longer setuid\n"), 0o755),
		withRecords(mode(file("usr/bin/ping", "new ping\n"), 0o755), map[string]string{xattr + "security.capability": netBindService}),
		directory("usr/share/", 0o755), file("usr/share/.wh.doc", ""),
		directory("var/lib/apt/", 0o755), directory("var/lib/apt/lists/", 0o755), file("var/lib/apt/lists/.wh..wh..opq", ""),
		file("var/lib/dpkg/status", "Status: new\n"), file("var/lib/dpkg/status-old", "Status: old\n"),
		owned(mode(file("etc/shadow", "root:*:20000:0:99999:7:::\nwww:!:20001::::::\n"), 0o640), 0, 42),
		file("etc/.wh.localtime", ""), file("var/.wh.run", ""), directory("var/run/", 0o755), file("var/run/pid", "1\n"),
		file("lib64/here", "no link any more\n"),
	}
}

// essentialFiles returns the files of this machine's essential packages.
func essentialFiles() ([]string, error) {
	status, err := os.ReadFile("/var/lib/dpkg/status")
	if err != nil {
		return nil, err
	}
	var names []string
	for paragraph := range bytes.SplitSeq(status, []byte("\n\n")) {
		if !bytes.Contains(paragraph, []byte("\nEssential: yes\n")) {
			continue
		}
		name, _, _ := strings.Cut(strings.TrimPrefix(string(paragraph), "Package: "), "\n")
		lists, err := filepath.Glob("/var/lib/dpkg/info/" + name + "[.:]*list")
		if err != nil || len(lists) != 1 {
			return nil, fmt.Errorf("package %s: %d lists of files: %w", name, len(lists), err)
		}
		list, err := os.ReadFile(lists[0])
		if err != nil {
			return nil, err
		}
		for lines := bufio.NewScanner(bytes.NewReader(list)); lines.Scan(); {
			names = append(names, lines.Text())
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// treeLayer is a layer of files of this machine. It has each name once, and the folders
// of each file before it.
type treeLayer struct {
	entries layer
	seen    map[string]bool
	inodes  map[uint64]string // the first name of a file with several
}

func (t *treeLayer) add(entries ...entry) {
	for _, e := range entries {
		name := path.Clean(e.header.Name)
		if !t.seen[name] {
			t.seen[name] = true
			t.entries = append(t.entries, e)
		}
	}
}

// mostOfFile is how much of a file is taken. Only names and kinds matter here.
const mostOfFile = 32 << 10

// addFile adds a file under its real folder. Documentation may be missing.
func (t *treeLayer) addFile(name string) error {
	dir, err := filepath.EvalSymlinks(filepath.Dir(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	real := filepath.Join(dir, filepath.Base(name))
	info, err := os.Lstat(real)
	if errors.Is(err, fs.ErrNotExist) || real == "/" {
		return nil
	}
	if err != nil {
		return err
	}
	target := ""
	if info.Mode()&fs.ModeSymlink != 0 {
		if target, err = os.Readlink(real); err != nil {
			return err
		}
	}
	header, err := tar.FileInfoHeader(info, target)
	if err != nil {
		return err
	}
	header.Name, header.Uname, header.Gname = strings.TrimPrefix(real, "/"), "", ""
	header.Format = tar.FormatPAX
	header.Size = min(header.Size, mostOfFile)
	e := entry{header: *header}
	if info.Mode().IsRegular() {
		t.fill(&e, real, info.Sys().(*syscall.Stat_t))
	}
	t.add(e)
	return nil
}

// fill makes an entry one of content, or of a link to the same file.
func (t *treeLayer) fill(e *entry, file string, stat *syscall.Stat_t) {
	if t.inodes == nil {
		t.inodes = map[uint64]string{}
	}
	if first := t.inodes[stat.Ino]; first != "" && first != e.header.Name {
		e.header.Typeflag, e.header.Linkname, e.header.Size = tar.TypeLink, first, 0
		return
	}
	t.inodes[stat.Ino] = e.header.Name
	size := e.header.Size
	e.write = func(w io.Writer) error {
		f, err := os.Open(file)
		if err != nil {
			return err
		}
		defer f.Close()
		_, err = io.CopyN(w, f, size)
		return err
	}
}
