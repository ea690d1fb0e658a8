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

// errReset stands for any network error.
var errReset = errors.New("connection reset")

// errStall makes a body block until it is closed.
var errStall = errors.New("stall")

// errRefused is a temporary error of Open, errDenied a permanent one.
var (
	errRefused = errors.New("refused")
	errDenied  = errors.New("denied")
)

// opening is how a source behaves when opened once.
type opening struct {
	err      error         // instead of a stream
	whole    bool          // ignores the range
	noRanges bool          // does not announce support for ranges
	size     int64         // as stated; 0 means the real one
	give     int64         // bytes of the body; 0 means all
	end      error         // error after these bytes
	rate     int64         // bytes per second; 0 means unlimited
	wait     time.Duration // time until it opens
}

// nothing is the value of give for an empty body.
const nothing = -1

// source is a Source with programmed faults.
type source struct {
	data []byte
	// how returns the nth opening, from 0; nil means no faults.
	how func(n int, offset, end int64) opening

	mu     sync.Mutex
	asked  []string // range of each opening
	open   int      // streams
	most   int      // streams at a time
	closed int
}

func (s *source) Open(ctx context.Context, offset, end int64) (*Stream, error) {
	stream, wait, err := s.openNow(ctx, offset, end)
	time.Sleep(wait) // without the lock
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

// body is the body of a stream.
type body struct {
	opening
	s       *source
	ctx     context.Context
	content []byte
	once    sync.Once
}

func (b *body) Read(p []byte) (int, error) {
	p = p[:min(len(p), 64<<10)]
	if b.rate > 0 {
		p = p[:min(int64(len(p)), b.rate)] // a second's worth
	}
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

// check checks that every stream was closed.
func (s *source) check(t *testing.T) {
	t.Helper()
	if s.open != 0 {
		t.Errorf("%d of %d streams are still open", s.open, s.open+s.closed)
	}
}

// inTurn uses each opening once, and then no faults.
func inTurn(openings ...opening) func(int, int64, int64) opening {
	return func(n int, _, _ int64) opening {
		if n < len(openings) {
			return openings[n]
		}
		return opening{}
	}
}

// always uses the same opening.
func always(o opening) func(int, int64, int64) opening {
	return func(int, int64, int64) opening { return o }
}

// file is an in-memory file that records its writes.
type file struct {
	mu     sync.Mutex
	data   []byte
	spans  [][2]int64
	room   int64 // bytes that may be written; 0 means any
	unread bool  // reading back fails
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
			f.data = make([]byte, 0, len(large)) // avoids reallocation
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

// check checks that the file holds data, and that each byte from an offset on was
// written once.
func (f *file) check(t *testing.T, data []byte, from int64) {
	t.Helper()
	if !bytes.Equal(f.data, data) {
		t.Errorf("wrong content: %d bytes, want %d", len(f.data), len(data))
	}
	if at := tiled(t, f.spans, from); at != int64(len(data)) {
		t.Errorf("written up to %d, want %d", at, len(data))
	}
}

// tiled checks that spans do not overlap, and returns the offset of the first gap.
func tiled(t *testing.T, spans [][2]int64, from int64) int64 {
	t.Helper()
	slices.SortFunc(spans, func(a, b [2]int64) int { return int(a[0] - b[0]) })
	front, gap := from, false
	end := from
	for _, span := range spans {
		if span[0] < end {
			t.Fatalf("bytes %d to %d were written twice", span[0], end)
		}
		gap = gap || span[0] > end
		end = span[1]
		if !gap {
			front = end
		}
	}
	return front
}

// lines collects notices.
type lines struct {
	mu   sync.Mutex
	list []string
}

func (l *lines) add(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = append(l.list, line)
}

// checkHash checks that a hash has received data.
func checkHash(t *testing.T, got []byte, data []byte) {
	t.Helper()
	if want := sha256.Sum256(data); !bytes.Equal(got, want[:]) {
		t.Errorf("hash %x, want %x", got, want)
	}
}
