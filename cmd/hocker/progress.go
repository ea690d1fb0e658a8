package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"hocker/fetcher/bytecount"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/term"
)

// progress shows how layers come in, or other blobs.
type progress interface {
	// expect says how many bytes more are going to come.
	expect(n int64)
	// watch follows a blob of some kind, as a layer, from now on. Its size may be
	// left out.
	watch(kind string, blob ocispec.Descriptor) watcher
	// done ends the show; whole says whether all blobs came.
	done(whole bool)
}

// newProgress returns bars on a terminal, a line per blob elsewhere, and
// nothing if that is wished.
func newProgress(ctx context.Context, p process, quiet bool) progress {
	if quiet {
		return noProgress{}
	}
	if width := p.barsWidth(); width > 0 {
		return newBars(ctx, p.stderr, width)
	}
	return lines{p.stderr}
}

// barsWidth is how wide bars may be, or 0 where there can be none: not on a
// terminal that only takes lines, nor in a window that has no room for a bar.
func (p process) barsWidth() int {
	if !p.stderr.isTerminal() || p.getenv("TERM") == "dumb" {
		return 0
	}
	width, height, err := term.GetSize(int(p.stderr.file.Fd()))
	if err != nil || width < minBarsWidth || height < minBarsHeight {
		return 0
	}
	return width
}

type noProgress struct{}

func (noProgress) expect(int64)                             {}
func (noProgress) watch(string, ocispec.Descriptor) watcher { return unwatched{} }
func (noProgress) done(bool)                                {}

// lines prints a line for each blob that has come.
type lines struct{ w io.Writer }

func (l lines) watch(kind string, blob ocispec.Descriptor) watcher {
	return &line{w: l.w, name: kind + " " + shortDigest(blob), start: time.Now()}
}

func (lines) expect(int64) {}
func (lines) done(bool)    {}

type line struct {
	w     io.Writer
	name  string
	start time.Time
	n     int64
}

func (l *line) Write(p []byte) (int, error) {
	l.add(int64(len(p)))
	return len(p), nil
}

func (l *line) add(n int64) { l.n += n }
func (l *line) skip(int64)  {}

func (l *line) Done(err error) {
	if err == nil {
		fmt.Fprintf(l.w, "%s: %s in %.1f s\n", l.name, bytecount.Format(l.n), time.Since(l.start).Seconds())
	}
}
