package main

import (
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"hocker/fetcher/bytecount"
	"hocker/fetcher/image"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
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

// watcher is told of the bytes themselves, or of their number.
type watcher interface {
	image.Watcher
	add(n int64)
}

// newProgress returns bars on a terminal, a line per blob elsewhere, and
// nothing if that is wished.
func newProgress(p process, quiet bool) progress {
	if quiet {
		return noProgress{}
	}
	if p.stderr.isTerminal() {
		return newBars(p.stderr.file)
	}
	return lines{p.stderr}
}

type noProgress struct{}

func (noProgress) expect(int64)                             {}
func (noProgress) watch(string, ocispec.Descriptor) watcher { return unwatched{} }
func (noProgress) done(bool)                                {}

type unwatched struct{}

func (unwatched) Write(p []byte) (int, error) { return len(p), nil }
func (unwatched) add(int64)                   {}
func (unwatched) Done(error)                  {}

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

func (l *line) Done(err error) {
	if err == nil {
		fmt.Fprintf(l.w, "%s: %s in %.1f s\n", l.name, bytecount.Format(l.n), time.Since(l.start).Seconds())
	}
}

// bars shows a bar for each blob that is coming, and one for all of them.
type bars struct {
	container *mpb.Progress
	total     *mpb.Bar
	expected  atomic.Int64
}

// totalPriority puts the bar of all blobs below theirs.
const totalPriority = 1 << 20

func newBars(w io.Writer) *bars {
	container := mpb.New(mpb.WithOutput(w), mpb.WithAutoRefresh())
	return &bars{container: container, total: container.New(0, mpb.BarStyle(), barOptions("total", mpb.BarPriority(totalPriority))...)}
}

func (b *bars) expect(n int64) { b.total.SetTotal(b.expected.Add(n), false) }

func barOptions(name string, more ...mpb.BarOption) []mpb.BarOption {
	return append(more,
		mpb.PrependDecorators(
			decor.Name(name, decor.WC{W: 13, C: decor.DindentRight}),
			decor.Any(byteCounts, decor.WC{W: 20}),
		),
		mpb.AppendDecorators(
			averageSpeed(decor.WC{W: 12}),
			decor.OnComplete(decor.AverageETA(decor.ET_STYLE_MMSS, decor.WC{W: 7}), "   done"),
		),
	)
}

func byteCounts(s decor.Statistics) string {
	return bytecount.Format(s.Current) + " / " + bytecount.Format(s.Total)
}

// averageSpeed is since the bar began, until it is complete.
func averageSpeed(width decor.WC) decor.Decorator {
	start, speed := time.Now(), ""
	return decor.Any(func(s decor.Statistics) string {
		if !s.Completed || speed == "" {
			speed = bytecount.Format(int64(float64(s.Current)/time.Since(start).Seconds())) + "/s"
		}
		return speed
	}, width)
}

func (b *bars) watch(_ string, blob ocispec.Descriptor) watcher {
	bar := b.container.New(blob.Size, mpb.BarStyle(), barOptions(shortDigest(blob))...)
	return &blobBar{bar, b.total}
}

// blobBar is a blob's bar; what it gets counts for the total too.
type blobBar struct{ blob, total *mpb.Bar }

func (b *blobBar) Write(p []byte) (int, error) {
	b.add(int64(len(p)))
	return len(p), nil
}

func (b *blobBar) add(n int64) {
	b.blob.IncrInt64(n)
	b.total.IncrInt64(n)
}

func (b *blobBar) Done(err error) {
	if err != nil {
		b.blob.Abort(false)
		b.total.IncrInt64(-b.blob.Current())
		return
	}
	b.blob.SetTotal(-1, true) // one of unknown size is not complete by itself
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
