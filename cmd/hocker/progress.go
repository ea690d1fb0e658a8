package main

import (
	"context"
	"time"

	"hocker/fetcher/bytecount"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/term"
)

// progress shows the transfers of layers and other blobs.
type progress interface {
	// expect announces n more bytes.
	expect(n int64)
	// watch shows a blob from now on. kind is a word such as layer. The blob's
	// size may be unset.
	watch(kind string, blob ocispec.Descriptor) watcher
	// done ends the display. whole reports whether all blobs are complete.
	done(whole bool)
}

// newProgress returns bars on a terminal, one line per blob elsewhere, and
// nothing if quiet.
func newProgress(ctx context.Context, p process, quiet bool) progress {
	if quiet {
		return noProgress{}
	}
	if width := p.barsWidth(); width > 0 {
		return newBars(ctx, p.stderr, width)
	}
	return lines{p}
}

// barsWidth returns the width available for bars. It is 0 if bars cannot be
// shown: on a terminal that only prints lines, or in a window that is too
// narrow.
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

// lines prints a line for each completed blob.
type lines struct{ p process }

func (l lines) watch(kind string, blob ocispec.Descriptor) watcher {
	return &line{p: l.p, name: kind + " " + shortDigest(blob), start: time.Now()}
}

func (lines) expect(int64) {}
func (lines) done(bool)    {}

type line struct {
	p     process
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
		l.p.sayf("%s: %s in %.1f s", l.name, bytecount.Format(l.n), time.Since(l.start).Seconds())
	}
}
