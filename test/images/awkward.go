package images

import (
	"archive/tar"
	"fmt"
	"io"
	"strings"
	"time"
)

const (
	xattr = "SCHILY.xattr."
	// netBindService is the capability of that name, permitted and effective.
	netBindService = "\x01\x00\x00\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	// readableForOne is an ACL: rw- for the owner, r-- for the user 1000.
	readableForOne = "\x02\x00\x00\x00" +
		"\x01\x00\x06\x00\xff\xff\xff\xff" + "\x02\x00\x04\x00\xe8\x03\x00\x00" + "\x04\x00\x00\x00\xff\xff\xff\xff" +
		"\x10\x00\x04\x00\xff\xff\xff\xff" + "\x20\x00\x00\x00\xff\xff\xff\xff"
)

// awkward adds layers with all that a file can be, and all that a layer can do to the
// layers below it. One of them comes twice.
func awkward(layers []layer) []layer {
	lower, upper := awkwardFiles(), awkwardChanges()
	return append(layers, lower, upper, layer{}, awkwardReturns(), layers[1])
}

// awkwardFiles has files of every kind.
func awkwardFiles() layer {
	long := strings.Repeat("n", 90)
	files := layer{
		directory("./", 0o711),
		directory("home/", 0o755),
		owned(directory("home/app/", 0o750), 1000, 1000),
		owned(file("home/app/own", "mine\n"), 1000, 1000),
		owned(file("huge-owner", "id\n"), 4294967294, 1234567890),
		owned(file("high-owner", "id\n"), 65536, 65537),
		mode(file("suid", "#!/bin/sh\n"), 0o4755),
		owned(mode(file("sgid", "#!/bin/sh\n"), 0o2755), 0, 42),
		mode(file("unreadable", "no\n"), 0),
		withRecords(file("capable", "cap\n"), map[string]string{xattr + "security.capability": netBindService, xattr + "user.note": "hello"}),
		withRecords(mode(file("acl", "acl\n"), 0o640), map[string]string{xattr + "system.posix_acl_access": readableForOne}),
		withRecords(file("attributes", "x\n"), map[string]string{xattr + "user.empty": "", xattr + "user.binary": "\x00\xff=\n", xattr + "trusted.mine": "t"}),
		withRecords(directory("attributes.d/", 0o755), map[string]string{xattr + "user.note": strings.Repeat("long ", 200)}),
		withRecords(file("skipped-attributes", "x\n"), map[string]string{
			xattr + "trusted.overlay.redirect": "/etc", xattr + "trusted.overlay.metacopy": "", xattr + "com.example.other": "x",
		}),
		file("hard1", strings.Repeat("hard link\n", 1000)),
		linked("hard2", "hard1"),
		linked("home/hard3", "./hard1"),
		symlink("symbolic", "/etc/passwd"),
		symlink("dangling", "../../no/where"),
		linked("hard-symbolic", "symbolic"),
		directory("dev/", 0o755),
		device("dev/null0", tar.TypeChar, 1, 3),
		device("dev/loop0", tar.TypeBlock, 7, 0),
		device("dev/high", tar.TypeBlock, 4095, 1048575),
		device("pipe", tar.TypeFifo, 0, 0),
		file("empty", ""),
		zeros("zeros", 1<<20),
		zeros("block", 4096),
		at(file("nanoseconds", "t\n"), time.Unix(1600000000, 123456789)),
		at(file("milliseconds", "t\n"), time.Unix(1600000000, 500000000)),
		at(file("after", "t\n"), time.Unix(1600000001, 0)),
		at(file("late", "t\n"), time.Unix(1<<33, 1)),
		at(file("before-1970", "t\n"), time.Unix(-1000, 0)),
		gnu(file(long+"/"+strings.Repeat("m", 200), "GNU\n")),
		directory(long+"/", 0o700),
		pax(file(long+"/"+strings.Repeat("p", 254), "PAX\n")),
		pax(symlink("long-target", strings.Repeat("../", 1000)+"x")),
		pax(file("uni-\u00e9-\u6587", "u\n")),
		pax(file("bytes-\xff\xfe", "b\n")),
		pax(file("line\nfeed = \"quoted\"", "l\n")),
		file(".//odd//./name", "odd\n"),
		file("/absolute", "abs\n"),
		file("implied/by/path", "no folder\n"),
		directory("implied/by/", 0o700),
		file("etc/removed", "gone\n"),
		directory("opaque/", 0o755), file("opaque/old", "old\n"), file("opaque/sub/old", "old\n"),
		directory("marked-first/", 0o755), file("marked-first/old", "old\n"),
		directory("removed.d/", 0o755), file("removed.d/f", "f\n"),
		file("over", "v1\n"),
		directory("folder-to-file/", 0o755), file("folder-to-file/a", "a\n"),
		file("file-to-folder", "a\n"),
	}
	for i := range 300 {
		files = append(files, file(fmt.Sprintf("many/%03d", i), fmt.Sprintln(i)))
	}
	return files
}

// awkwardChanges changes and removes what awkwardFiles has.
func awkwardChanges() layer {
	return layer{
		file("etc/.wh.removed", ""),
		owned(directory("opaque/", 0o711), 5, 6), file("opaque/.wh..wh..opq", ""), file("opaque/new", "new\n"),
		file("marked-first/.wh..wh..opq", ""), directory("marked-first/", 0o700), file("marked-first/new", "new\n"),
		file(".wh.removed.d", ""),
		mode(file("over", "v2\n"), 0o640),
		file(".wh.folder-to-file", ""), file("folder-to-file", "now a file\n"),
		directory("file-to-folder/", 0o755), file("file-to-folder/x", "now a folder\n"),
		file("implied/dir/file", "no folder\n"),
		file(".wh..wh.aufs", ""),
	}
}

// awkwardReturns brings back what awkwardChanges has removed.
func awkwardReturns() layer {
	return layer{
		file("etc/removed", "back\n"),
		file("hard2", "no link any more\n"),
		owned(mode(file("./bin/app", "#!/bin/sh\n"), 0o755), 1000, 0),
		file("home/app/.wh.own", ""),
	}
}

func mode(e entry, mode int64) entry {
	e.header.Mode = mode
	return e
}

func owned(e entry, uid, gid int) entry {
	e.header.Uid, e.header.Gid = uid, gid
	return pax(e)
}

func at(e entry, t time.Time) entry {
	e.header.ModTime = t
	return pax(e)
}

func withRecords(e entry, records map[string]string) entry {
	e.header.PAXRecords = records
	return pax(e)
}

func pax(e entry) entry {
	e.header.Format = tar.FormatPAX
	return e
}

func gnu(e entry) entry {
	e.header.Format = tar.FormatGNU
	return e
}

func symlink(name, target string) entry {
	return entry{header: tar.Header{Typeflag: tar.TypeSymlink, Name: name, Linkname: target, Mode: 0o777}}
}

func linked(name, target string) entry {
	return entry{header: tar.Header{Typeflag: tar.TypeLink, Name: name, Linkname: target, Mode: 0o644}}
}

func device(name string, typeflag byte, major, minor int64) entry {
	return entry{header: tar.Header{Typeflag: typeflag, Name: name, Mode: 0o660, Devmajor: major, Devminor: minor}}
}

func zeros(name string, size int64) entry {
	return entry{
		header: tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, Size: size},
		write: func(w io.Writer) error {
			_, err := w.Write(make([]byte, size))
			return err
		},
	}
}
