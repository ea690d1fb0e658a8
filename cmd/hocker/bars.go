package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"hocker/fetcher/bytecount"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// The columns of a bar. A narrow window leaves out the speed.
const (
	nameWidth  = 13
	countWidth = 22
	speedWidth = 12
	etaWidth   = 7

	minBarsWidth  = nameWidth + countWidth + etaWidth
	wideBarsWidth = minBarsWidth + speedWidth + 12
	minBarsHeight = 8
)

// bars shows a bar for each blob that is being fetched and, if there are
// several, one for all of them. Completed bars scroll up and out of the window,
// so there may be more of them than it has lines.
type bars struct {
	ctx       context.Context // ends the display
	out       *output
	wide      bool
	container *mpb.Progress

	mu       sync.Mutex
	blobs    int
	expected int64
	arrived  int64
	total    *mpb.Bar // nil with one blob
}

// totalPriority puts the bar for all blobs below the others.
const totalPriority = 1 << 20

func newBars(ctx context.Context, out *output, width int) *bars {
	container := mpb.New(mpb.WithOutput(out.file), mpb.WithAutoRefresh(), mpb.PopCompletedMode())
	out.setAbove(container)
	return &bars{ctx: ctx, out: out, wide: width >= wideBarsWidth, container: container}
}

// bar adds a bar. It returns nil once the display has ended.
func (b *bars) bar(size int64, name string, more ...mpb.BarOption) *mpb.Bar {
	// A stopped terminal blocks the drawing of bars, and adding one with it.
	bar, err := await(b.ctx, func() (*mpb.Bar, error) {
		return b.container.Add(size, mpb.BarStyle().Build(), append(more, b.decorators(name)...)...)
	})
	if err != nil {
		return nil
	}
	return bar
}

func (b *bars) decorators(name string) []mpb.BarOption {
	behind := []decor.Decorator{decor.OnComplete(decor.Any(timeLeft(), decor.WC{W: etaWidth}), "   done")}
	if b.wide {
		behind = append([]decor.Decorator{decor.Any(averageSpeed(), decor.WC{W: speedWidth})}, behind...)
	}
	return []mpb.BarOption{
		mpb.PrependDecorators(
			// The ^C that a terminal echoes leaves the cursor within a line.
			decor.Name("\r"),
			decor.Name(name, decor.WC{W: nameWidth, C: decor.DindentRight}),
			decor.Any(byteCounts, decor.WC{W: countWidth}),
		),
		mpb.AppendDecorators(behind...),
	}
}

func byteCounts(s decor.Statistics) string {
	if s.Total <= 0 {
		return bytecount.Format(s.Current)
	}
	return bytecount.Format(s.Current) + " / " + bytecount.Format(s.Total)
}

// averageSpeed shows the average speed since the bar began, until the blob is
// complete. Bytes of an earlier run do not count.
func averageSpeed() decor.DecorFunc {
	start, speed := time.Now(), ""
	return func(s decor.Statistics) string {
		if !s.Completed || speed == "" {
			speed = bytecount.Format(int64(float64(s.Current-s.Refill)/time.Since(start).Seconds())) + "/s"
		}
		return speed
	}
}

// timeLeft shows the time left at the average speed, in minutes and seconds.
func timeLeft() decor.DecorFunc {
	start := time.Now()
	return func(s decor.Statistics) string {
		came, left := s.Current-s.Refill, s.Total-s.Current
		if came <= 0 || left < 0 {
			return "--:--"
		}
		return clock(time.Duration(float64(time.Since(start)) * float64(left) / float64(came)))
	}
}

// clock formats a time as 01:30, and anything longer as 99:59.
func clock(d time.Duration) string {
	seconds := min(int64(d.Round(time.Second)/time.Second), 99*60+59)
	return fmt.Sprintf("%02d:%02d", seconds/60, seconds%60)
}

func (b *bars) expect(n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.blobs++
	b.expected += n
	switch {
	case b.total != nil:
		b.total.SetTotal(b.expected, false)
	case b.blobs == 2:
		if b.total = b.bar(0, "total", mpb.BarPriority(totalPriority), mpb.BarNoPop()); b.total != nil {
			b.total.SetTotal(b.expected, false)
			b.total.IncrInt64(b.arrived)
		}
	}
}

func (b *bars) add(n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.arrived += n
	if b.total != nil {
		b.total.IncrInt64(n)
	}
}

func (b *bars) watch(_ string, blob ocispec.Descriptor) watcher {
	if bar := b.bar(blob.Size, shortDigest(blob)); bar != nil {
		return &blobBar{bar, b}
	}
	return unwatched{}
}

// blobBar is the bar of one blob. Its bytes count for the bar of all blobs too.
type blobBar struct {
	blob *mpb.Bar
	all  *bars
}

func (b *blobBar) Write(p []byte) (int, error) {
	b.add(int64(len(p)))
	return len(p), nil
}

func (b *blobBar) add(n int64) {
	b.blob.IncrInt64(n)
	b.all.add(n)
}

func (b *blobBar) skip(n int64) {
	b.blob.SetRefill(n)
	b.add(n)
}

func (b *blobBar) Done(err error) {
	if err != nil {
		b.all.add(-b.blob.Current())
		b.blob.Abort(false)
		return
	}
	b.blob.SetTotal(-1, true) // a bar of unknown size does not complete by itself
}

func (b *bars) done(whole bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	defer b.out.setAbove(nil)
	switch {
	case b.total == nil:
	case whole:
		b.total.SetTotal(-1, true)
	default:
		b.total.Abort(false)
	}
	switch {
	case whole:
		b.container.Wait()
	case b.ctx.Err() == nil || b.out.hasRoom(): // otherwise the terminal is stopped
		b.container.Shutdown()
	}
}
