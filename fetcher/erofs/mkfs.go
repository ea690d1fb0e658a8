package erofs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"

	"hocker/fetcher/internal/subprocess"
)

// Mkfs is how EROFS files are made.
type Mkfs struct {
	Compression string // empty for none, or lz4hc or zstd
	Program     string // path of mkfs.erofs, of erofs-utils 1.7 or newer, for a compression
}

// compressions are the arguments of mkfs.erofs for each compression.
var compressions = map[string][]string{
	"lz4hc": {"-zlz4hc"},
	"zstd":  {"-zzstd,3", "-C65536"},
}

// arguments make the same file of the same archive, whoever runs mkfs.erofs where.
var arguments = []string{
	"--quiet",
	"--tar=f",
	"--aufs", // whiteouts have AUFS's names
	"-b4096", // else that of this machine's memory
	"-T0", "--mkfs-time",
	"-U00000000-0000-0000-0000-000000000000",
}

// MkfsError reports that mkfs.erofs has failed.
type MkfsError struct {
	Program string
	Version string // of erofs-utils; empty if it is not known
	Output  string // the end of what it printed
	Err     error
}

func (e *MkfsError) Error() string {
	text := e.Program
	if e.Version != "" {
		text += " of erofs-utils " + e.Version
	}
	text += ": " + e.Err.Error()
	if e.Output != "" && !e.TooOld() { // then it is a list of options
		text += ": " + e.Output
	}
	return text
}

func (e *MkfsError) Unwrap() error { return e.Err }

// TooOld reports whether the program is known to be older than erofs-utils 1.7, the
// first that reads tar archives.
func (e *MkfsError) TooOld() bool {
	var major, minor int
	n, _ := fmt.Sscanf(e.Version, "%d.%d", &major, &minor)
	return n == 2 && (major < 1 || major == 1 && minor < 7)
}

// run makes an EROFS file with mkfs.erofs.
func (m Mkfs) run(ctx context.Context, file string, write func(to EntryWriter) error) error {
	compression, ok := compressions[m.Compression]
	if !ok {
		return fmt.Errorf("there is no compression %q, expected lz4hc or zstd", m.Compression)
	}
	// mkfs.erofs never ends if the archive ends in the middle of a file: nothing may
	// leave it behind.
	runtime.LockOSThread() // for EndWithParent
	defer runtime.UnlockOSThread()
	running, kill := context.WithCancel(ctx)
	defer kill()
	args := append(append([]string{}, arguments...), compression...)
	c := subprocess.Command(running, syscall.SIGKILL, m.Program, append(args, file)...) // the archive is read from standard input
	subprocess.EndWithParent(c, syscall.SIGKILL)
	var output tail
	c.Stdout, c.Stderr = &output, &output
	stdin, err := c.StdinPipe()
	if err != nil {
		return err
	}
	if err := c.Start(); err != nil {
		return m.failed(ctx, err, "")
	}
	to := &writeError{w: stdin}
	archive := NewWriter(to)
	writeErr := write(archive)
	if writeErr == nil {
		writeErr = archive.Close()
	}
	if writeErr != nil && to.err == nil {
		kill()
	}
	stdin.Close()
	err = c.Wait()
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case writeErr != nil && to.err == nil:
		return writeErr
	case err != nil:
		return m.failed(ctx, err, output.String())
	case writeErr != nil:
		return m.failed(ctx, errors.New("it stopped reading"), output.String())
	}
	return nil
}

// writeError keeps the error of a writer, to distinguish it from one of what is
// written.
type writeError struct {
	w   io.Writer
	err error
}

func (w *writeError) Write(p []byte) (int, error) {
	n, err := w.w.Write(p)
	if err != nil {
		w.err = err
	}
	return n, err
}

func (m Mkfs) failed(ctx context.Context, err error, output string) error {
	return &MkfsError{filepath.Base(m.Program), m.version(ctx), output, err}
}

// printedVersion is in the output of mkfs.erofs -V.
var printedVersion = regexp.MustCompile(`\b\d+\.\d+(?:\.\d+)?\b`)

func (m Mkfs) version(ctx context.Context) string {
	output, _ := exec.CommandContext(ctx, m.Program, "-V").Output()
	return string(printedVersion.Find(output))
}

// tail keeps the end of what is written.
type tail struct{ bytes []byte }

// maxTail is how much tail keeps: a few lines.
const maxTail = 1 << 10

func (t *tail) Write(p []byte) (int, error) {
	t.bytes = append(t.bytes, p...)
	t.bytes = t.bytes[max(0, len(t.bytes)-maxTail):]
	return len(p), nil
}

func (t *tail) String() string {
	return strings.Join(strings.Fields(string(bytes.ToValidUTF8(t.bytes, nil))), " ")
}
