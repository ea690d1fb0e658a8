package rootfs

import (
	"archive/tar"
	"bytes"
	"cmp"
	"io"
	"path"
	"strings"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// Facts are what has to be known of the files of an image to run it by its config.
type Facts struct {
	// Program is the path of the program that the config names. It is empty if there is
	// none.
	Program string `json:"program"`
	// Passwd and Group are the contents of /etc/passwd and /etc/group.
	Passwd string `json:"passwd"`
	Group  string `json:"group"`
}

// maxAccounts limits /etc/passwd and /etc/group, in bytes. What is beyond is not read.
const maxAccounts = 1 << 20

// defaultPath is where engines look for programs if the image does not say it.
const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

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
	for dir := range strings.SplitSeq(cmp.Or(variable(config.Env, "PATH"), defaultPath), ":") {
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

// variable returns the value of a variable in an environment. The last one counts.
func variable(environ []string, name string) (value string) {
	for _, entry := range environ {
		if key, v, _ := strings.Cut(entry, "="); key == name {
			value = v
		}
	}
	return value
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
