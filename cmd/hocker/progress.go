package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"hocker/fetcher/image"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"
)

// progress shows how layers come in.
type progress interface {
	// watch follows a layer from now on.
	watch(layer ocispec.Descriptor) image.Watcher
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

func (noProgress) watch(ocispec.Descriptor) image.Watcher { return unwatched{} }
func (noProgress) done(bool)                              {}

type unwatched struct{}

func (unwatched) Write(p []byte) (int, error) { return len(p), nil }
func (unwatched) Done(error)                  {}

// lines prints a line for each layer that has come.
type lines struct{ w io.Writer }

func (l lines) watch(layer ocispec.Descriptor) image.Watcher {
	return &line{w: l.w, layer: layer, start: time.Now()}
}

func (lines) done(bool) {}

type line struct {
	w     io.Writer
	layer ocispec.Descriptor
	start time.Time
	n     int64
}

func (l *line) Write(p []byte) (int, error) {
	l.n += int64(len(p))
	return len(p), nil
}

func (l *line) Done(err error) {
	if err == nil {
		fmt.Fprintf(l.w, "layer %s: %s in %.1f s\n", shortDigest(l.layer), byteCount(l.n), time.Since(l.start).Seconds())
	}
}

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

func (b *bars) watch(layer ocispec.Descriptor) image.Watcher {
	bar := b.container.New(layer.Size, mpb.BarStyle(), barOptions(shortDigest(layer))...)
	return &layerBar{bar, b.total}
}

// layerBar is a layer's bar; what it gets counts for the total too.
type layerBar struct{ layer, total *mpb.Bar }

func (b *layerBar) Write(p []byte) (int, error) {
	b.layer.IncrBy(len(p))
	b.total.IncrBy(len(p))
	return len(p), nil
}

func (b *layerBar) Done(err error) {
	if err != nil {
		b.layer.Abort(false)
		b.total.IncrInt64(-b.layer.Current())
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

// shortDigest is a digest's beginning, as docker pull shows it.
func shortDigest(d ocispec.Descriptor) string {
	return fmt.Sprintf("%.12s", d.Digest.Encoded())
}
