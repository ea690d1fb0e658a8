package images

import (
	"archive/tar"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"time"

	"hocker/test/servers"
)

// entry is one member of a layer.
type entry struct {
	header tar.Header
	write  func(io.Writer) error // nil without content
}

// layer is the content of one layer, in the order of its archive.
type layer []entry

// layers returns the layers of an image: programs, configuration, the bulk if the Spec
// has one, and a top layer with /hello and a whiteout that removes /etc/motd.
func (s Spec) layers() ([]layer, error) {
	programs, err := programs()
	if err != nil {
		return nil, err
	}
	settings := layer{
		directory("etc/", 0o755),
		file("etc/passwd", "root:x:0:0:root:/:/bin/sh\n"),
		file("etc/os-release", "ID=hocker-tests\n"),
		file("etc/motd", "to be removed by the last layer\n"),
		directory("tmp/", 0o1777),
	}
	layers := []layer{programs, settings}
	if s.BulkMiB > 0 {
		layers = append(layers, layer{bulk(s)})
	}
	top := layer{
		file("hello", s.greeting()+"\n"),
		directory("etc/", 0o755),
		file("etc/.wh.motd", ""),
	}
	return append(layers, top), nil
}

// programNames are the applets of busybox that scripts use.
var programNames = []string{"cat", "echo", "ls", "sh", "sha256sum"}

// programs returns a layer with busybox and a link for each of programNames.
func programs() (layer, error) {
	path, err := servers.Busybox()
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	busybox := tar.Header{Name: "bin/busybox", Mode: 0o755, Size: info.Size(), Typeflag: tar.TypeReg}
	content := func(w io.Writer) error {
		file, err := os.Open(path)
		if err != nil {
			return err
		}
		defer file.Close()
		_, err = io.Copy(w, file)
		return err
	}
	programs := layer{directory("bin/", 0o755), {header: busybox, write: content}}
	for _, name := range programNames {
		link := tar.Header{Name: "bin/" + name, Linkname: "busybox", Mode: 0o777, Typeflag: tar.TypeSymlink}
		programs = append(programs, entry{header: link})
	}
	return programs, nil
}

func directory(name string, mode int64) entry {
	return entry{header: tar.Header{Name: name, Mode: mode, Typeflag: tar.TypeDir}}
}

func file(name, text string) entry {
	return entry{
		header: tar.Header{Name: name, Mode: 0o644, Size: int64(len(text)), Typeflag: tar.TypeReg},
		write:  func(w io.Writer) error { _, err := io.WriteString(w, text); return err },
	}
}

// bulk returns a file that does not compress. Its bytes depend on the greeting.
func bulk(s Spec) entry {
	size := int64(s.BulkMiB) << 20
	return entry{
		header: tar.Header{Name: "bulk", Mode: 0o644, Size: size, Typeflag: tar.TypeReg},
		write: func(w io.Writer) error {
			var seed [32]byte
			copy(seed[:], fmt.Sprintf("%d %s", s.BulkMiB, s.greeting()))
			_, err := io.CopyN(w, rand.NewChaCha8(seed), size)
			return err
		},
	}
}

// archive writes a layer as a tar file, always with the same bytes.
func (l layer) archive(w io.Writer) error {
	archive := tar.NewWriter(w)
	for _, e := range l {
		if e.header.Format == tar.FormatUnknown {
			e.header.Format = tar.FormatUSTAR
		}
		if e.header.ModTime.IsZero() {
			e.header.ModTime = time.Unix(0, 0)
		}
		if err := archive.WriteHeader(&e.header); err != nil {
			return err
		}
		if e.write == nil {
			continue
		}
		if err := e.write(archive); err != nil {
			return err
		}
	}
	return archive.Close()
}
