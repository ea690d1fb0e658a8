package transfer

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"testing"
	"time"
)

// errReset stands for all that a network does to a connection.
var errReset = errors.New("connection reset")

// errStall has a body give nothing more until it is given up.
var errStall = errors.New("stall")

// errRefused is a source that does not open now, errDenied one that never will.
var (
	errRefused = errors.New("refused")
	errDenied  = errors.New("denied")
)

// opening is how a source opens once.
type opening struct {
	err      error         // instead of a stream
	whole    bool          // from the beginning to the end, whatever was asked for
	noRanges bool          // and says that it can do no other
	size     int64         // as stated; 0: the truth
	give     int64         // bytes that come; 0: all
	end      error         // how it ends after them
	rate     int64         // bytes per second; 0: at once
	wait     time.Duration // before it opens
}

// nothing is what is given by an opening that gives nothing.
const nothing = -1

// source is a source that goes wrong as it is told.
type source struct {
	data []byte
	// how says how the source opens the nth time, from 0; nil: as it should.
	how func(n int, offset, end int64) opening

	mu     sync.Mutex
	asked  []string // of each opening
	open   int      // streams
	most   int      // streams at a time
	closed int
}

func (s *source) Open(ctx context.Context, offset, end int64) (*Stream, error) {
	stream, wait, err := s.openNow(ctx, offset, end)
	time.Sleep(wait) // with the lock given back
	return stream, err
}

func (s *source) openNow(ctx context.Context, offset, end int64) (_ *Stream, wait time.Duration, _ error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var o opening
	if s.how != nil {
		o = s.how(len(s.asked), offset, end)
	}
	span := fmt.Sprintf("%d-", offset)
	if end != SizeUnknown {
		span += fmt.Sprint(end)
	}
	s.asked = append(s.asked, span)
	if o.err != nil {
		return nil, o.wait, o.err
	}
	if o.whole {
		offset, end = 0, SizeUnknown
	}
	if end == SizeUnknown {
		end = int64(len(s.data))
	}
	content := s.data[offset:end]
	switch {
	case o.give == nothing:
		content = nil
	case o.give > 0:
		content = content[:min(o.give, int64(len(content)))]
	}
	if o.size == 0 {
		o.size = int64(len(s.data))
	}
	s.open++
	s.most = max(s.most, s.open)
	return &Stream{
		Body:   &body{s: s, ctx: ctx, content: content, opening: o},
		Offset: offset,
		Size:   o.size,
		Ranges: !o.noRanges,
	}, o.wait, nil
}

// body is an open source.
type body struct {
	opening
	s       *source
	ctx     context.Context
	content []byte
	once    sync.Once
}

func (b *body) Read(p []byte) (int, error) {
	p = p[:min(len(p), 64<<10)]
	n := copy(p, b.content)
	if b.rate > 0 {
		select {
		case <-b.ctx.Done():
		case <-time.After(time.Duration(n) * time.Second / time.Duration(b.rate)):
		}
	}
	if b.ctx.Err() != nil {
		return 0, b.ctx.Err()
	}
	b.content = b.content[n:]
	if n > 0 {
		return n, nil
	}
	if b.end == errStall {
		<-b.ctx.Done()
		return 0, b.ctx.Err()
	}
	if b.end == nil {
		return 0, io.EOF
	}
	return 0, b.end
}

func (b *body) Close() error {
	b.once.Do(func() {
		b.s.mu.Lock()
		defer b.s.mu.Unlock()
		b.s.open--
		b.s.closed++
	})
	return nil
}

// check makes sure that all that was opened was closed.
func (s *source) check(t *testing.T) {
	t.Helper()
	if s.open != 0 {
		t.Errorf("%d of %d streams are still open", s.open, s.open+s.closed)
	}
}

// inTurn opens in each of these ways once, and as it should after that.
func inTurn(openings ...opening) func(int, int64, int64) opening {
	return func(n int, _, _ int64) opening {
		if n < len(openings) {
			return openings[n]
		}
		return opening{}
	}
}

// always opens in one way.
func always(o opening) func(int, int64, int64) opening {
	return func(int, int64, int64) opening { return o }
}

// file is a file in memory that remembers what was written where.
type file struct {
	mu     sync.Mutex
	data   []byte
	spans  [][2]int64
	room   int64 // how much may be written; 0: all
	unread bool  // it cannot be read back
}

var (
	errFull   = errors.New("no space left on device")
	errUnread = errors.New("input/output error")
)

func (f *file) WriteAt(p []byte, offset int64) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.room > 0 && offset+int64(len(p)) > f.room {
		return 0, errFull
	}
	end := offset + int64(len(p))
	if grown := int(end) - len(f.data); grown > 0 {
		if cap(f.data) == 0 {
			f.data = make([]byte, 0, len(large)) // once, and not again and again
		}
		f.data = slices.Grow(f.data, grown)[:end]
	}
	f.spans = append(f.spans, [2]int64{offset, end})
	return copy(f.data[offset:], p), nil
}

func (f *file) ReadAt(p []byte, offset int64) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.unread {
		return 0, errUnread
	}
	return bytes.NewReader(f.data).ReadAt(p, offset)
}

// check makes sure that the file is data, and that each byte from a place on
// was written once.
func (f *file) check(t *testing.T, data []byte, from int64) {
	t.Helper()
	if !bytes.Equal(f.data, data) {
		t.Errorf("wrong content: %d bytes, want %d", len(f.data), len(data))
	}
	if at := tiled(t, f.spans, from); at != int64(len(data)) {
		t.Errorf("written up to %d, want %d", at, len(data))
	}
}

// tiled makes sure that spans do not overlap, and returns up to where they have
// no gap.
func tiled(t *testing.T, spans [][2]int64, from int64) int64 {
	t.Helper()
	slices.SortFunc(spans, func(a, b [2]int64) int { return int(a[0] - b[0]) })
	front, gap := from, false
	end := from
	for _, span := range spans {
		if span[0] < end {
			t.Fatalf("%d to %d was written twice", span[0], end)
		}
		gap = gap || span[0] > end
		end = span[1]
		if !gap {
			front = end
		}
	}
	return front
}

// lines gathers notices.
type lines struct {
	mu   sync.Mutex
	list []string
}

func (l *lines) add(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = append(l.list, line)
}

// checkHash compares what a hash was given with data.
func checkHash(t *testing.T, got []byte, data []byte) {
	t.Helper()
	if want := sha256.Sum256(data); !bytes.Equal(got, want[:]) {
		t.Errorf("hash %x, want %x", got, want)
	}
}
