package main

import (
	"fmt"
	"io"
	"os"
	"time"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"
)

// progress shows how layers come in.
type progress interface {
	// watch follows a layer's body from now until it is closed.
	watch(layer ocispec.Descriptor, body io.ReadCloser) io.ReadCloser
	// done ends the show; whole says whether all layers came.
	done(whole bool)
}

// newProgress returns bars on a terminal, a line per layer elsewhere, and
// nothing if that is wished. total is the sum of the layers' sizes.
func newProgress(p process, quiet bool, total int64) progress {
	if quiet {
		return noProgress{}
	}
	if f, ok := p.stderr.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return newBars(f, total)
	}
	return lines{p.stderr}
}

type noProgress struct{}

func (noProgress) watch(_ ocispec.Descriptor, body io.ReadCloser) io.ReadCloser { return body }
func (noProgress) done(bool)                                                    {}

// lines prints a line for each layer that has come.
type lines struct{ w io.Writer }

func (l lines) watch(layer ocispec.Descriptor, body io.ReadCloser) io.ReadCloser {
	start := time.Now()
	return &watchedBody{ReadCloser: body, closed: func(n int64, whole bool) {
		if whole {
			fmt.Fprintf(l.w, "layer %s: %s in %.1f s\n", shortDigest(layer), byteCount(n), time.Since(start).Seconds())
		}
	}}
}

func (lines) done(bool) {}

// bars shows a bar for each layer that is coming, and one for all of them.
type bars struct {
	container *mpb.Progress
	total     *mpb.Bar
}

// totalPriority puts the bar of all layers below theirs.
const totalPriority = 1 << 20

func newBars(w io.Writer, total int64) *bars {
	container := mpb.New(mpb.WithOutput(w), mpb.WithAutoRefresh())
	return &bars{container, container.New(total, mpb.BarStyle(), barOptions("total", mpb.BarPriority(totalPriority))...)}
}

func barOptions(name string, more ...mpb.BarOption) []mpb.BarOption {
	return append(more,
		mpb.PrependDecorators(
			decor.Name(name, decor.WC{W: 13, C: decor.DindentRight}),
			decor.Counters(decor.SizeB1000(0), "% .1f / % .1f", decor.WC{W: 20}),
		),
		mpb.AppendDecorators(
			decor.AverageSpeed(decor.SizeB1000(0), "% .1f", decor.WC{W: 12}),
			decor.OnComplete(decor.AverageETA(decor.ET_STYLE_MMSS, decor.WC{W: 7}), "   done"),
		),
	)
}

func (b *bars) watch(layer ocispec.Descriptor, body io.ReadCloser) io.ReadCloser {
	bar := b.container.New(layer.Size, mpb.BarStyle(), barOptions(shortDigest(layer))...)
	return &watchedBody{
		ReadCloser: body,
		read: func(n int) {
			bar.IncrBy(n)
			b.total.IncrBy(n)
		},
		closed: func(_ int64, whole bool) {
			if !whole {
				bar.Abort(false)
			}
		},
	}
}

func (b *bars) done(whole bool) {
	if whole {
		b.total.SetTotal(-1, true)
	} else {
		b.total.Abort(false)
	}
	b.container.Wait()
}

// watchedBody reports what is read of a body, and its end.
type watchedBody struct {
	io.ReadCloser
	n      int64
	whole  bool
	read   func(n int)
	closed func(n int64, whole bool)
}

func (b *watchedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.n += int64(n)
	if b.read != nil && n > 0 {
		b.read(n)
	}
	b.whole = err == io.EOF
	return n, err
}

func (b *watchedBody) Close() error {
	if b.closed != nil {
		b.closed(b.n, b.whole)
		b.closed = nil
	}
	return b.ReadCloser.Close()
}

// shortDigest is a digest's beginning, as docker pull shows it.
func shortDigest(d ocispec.Descriptor) string {
	return fmt.Sprintf("%.12s", d.Digest.Encoded())
}
