package rootfs

import (
	"archive/tar"
	"bytes"
	"io"
	"path"
	"strings"

	"hocker/fetcher/process"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// maxAccounts limits /etc/passwd and /etc/group, in bytes. What is beyond is not read.
const maxAccounts = 1 << 20

// program returns the path of the program that a config names, or "".
func (t *tree) program(config ocispec.ImageConfig) string {
	command := append(append([]string{}, config.Entrypoint...), config.Cmd...)
	if len(command) == 0 || command[0] == "" {
		return ""
	}
	name := command[0]
	if strings.Contains(name, "/") {
		if !path.IsAbs(name) {
			name = path.Join("/", config.WorkingDir, name)
		}
		return t.executable(name)
	}
	for dir := range strings.SplitSeq(process.SearchPath(config.Env), ":") {
		if found := t.executable(path.Join("/", dir, name)); found != "" {
			return found
		}
	}
	return ""
}

// executable returns the path if there is a program at it, and else "".
func (t *tree) executable(name string) string {
	if n, _ := t.lookup(name); n == nil || n.header.Typeflag != tar.TypeReg || n.header.Mode&0o111 == 0 {
		return ""
	}
	return name
}

// captured is the content of files, as far as maxAccounts.
type captured map[*file]*bytes.Buffer

// add asks for the content of what is at a path.
func (c captured) add(t *tree, name string) *bytes.Buffer {
	n, _ := t.lookup(name)
	if n == nil || n.header.Typeflag != tar.TypeReg {
		return &bytes.Buffer{}
	}
	if c[n.file] == nil {
		c[n.file] = &bytes.Buffer{}
	}
	return c[n.file]
}

// writer returns where to write the content of a file, or nil.
func (c captured) writer(f *file) io.Writer {
	if c[f] == nil {
		return nil
	}
	return &limitedWriter{c[f], maxAccounts}
}

// wholeLines returns what was captured, without a line that the limit cuts.
func wholeLines(captured *bytes.Buffer) string {
	text := captured.Bytes()
	if len(text) == maxAccounts {
		text = text[:bytes.LastIndexByte(text, '\n')+1]
	}
	return string(text)
}

// limitedWriter discards what is beyond a limit.
type limitedWriter struct {
	w    io.Writer
	left int
}

func (l *limitedWriter) Write(p []byte) (int, error) {
	n := min(len(p), l.left)
	l.left -= n
	if _, err := l.w.Write(p[:n]); err != nil {
		return 0, err
	}
	return len(p), nil
}
