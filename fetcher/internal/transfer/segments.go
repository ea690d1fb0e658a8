package transfer

import (
	"slices"
	"sync"
)

// The sizes of segments: large enough that the round trip of a request does not
// matter, small enough that the follower finishes soon after the last byte.
const (
	minSegment = 4 << 20
	maxSegment = 64 << 20
	// minSplit is the smallest half of a segment that an idle connection takes over.
	minSplit = 1 << 20
)

// segment is a range of the content that one connection fetches. The bytes before
// pos are written. Those from pos to claim are being written by that connection.
type segment struct {
	pos, claim, end int64
}

// segments assigns the content to connections and tracks what is written.
type segments struct {
	mu     sync.Mutex
	size   int64
	step   int64     // the size of a new segment
	next   int64     // everything from here on is unassigned
	back   []segment // released segments, lowest last
	active map[*segment]bool
}

// newSegments returns the segments of content that is complete up to from.
func newSegments(from, size int64, connections int) *segments {
	return &segments{
		size:   size,
		next:   from,
		step:   min(max((size-from)/int64(connections), minSegment), maxSegment),
		active: map[*segment]bool{},
	}
}

// take assigns a segment: the lowest one that a connection released, else the next
// unassigned one, else half of what another connection has left. It returns nil if
// no work is worth a connection.
func (s *segments) take() *segment {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.back); n > 0 {
		seg := s.back[n-1]
		s.back = s.back[:n-1]
		return s.activate(seg.pos, seg.end)
	}
	if s.next < s.size {
		start := s.next
		s.next = min(start+s.step, s.size)
		return s.activate(start, s.next)
	}
	largest := s.largest()
	if largest == nil || largest.end-largest.claim < 2*minSplit {
		return nil
	}
	middle := largest.claim + (largest.end-largest.claim)/2
	seg := s.activate(middle, largest.end)
	largest.end = middle
	return seg
}

func (s *segments) largest() (largest *segment) {
	for seg := range s.active {
		if largest == nil || seg.end-seg.claim > largest.end-largest.claim {
			largest = seg
		}
	}
	return largest
}

// isBusy reports whether another connection could still help.
func (s *segments) isBusy() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	largest := s.largest()
	return s.next < s.size || len(s.back) > 0 || largest != nil && largest.end-largest.claim >= 2*minSplit
}

func (s *segments) activate(pos, end int64) *segment {
	seg := &segment{pos, pos, end}
	s.active[seg] = true
	return seg
}

// extend assigns a connection the range after its segment, if that is free, so that
// it can keep reading its stream. It reports whether it did.
func (s *segments) extend(seg *segment) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if seg.end != s.next || s.next == s.size {
		return false
	}
	s.next = min(seg.end+s.step, s.size)
	seg.end = s.next
	return true
}

// left returns how many bytes of seg are still to be read.
func (s *segments) left(seg *segment) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return seg.end - seg.pos
}

// claim returns how many of n bytes that were read for seg may be written: fewer
// than n if another connection took over the end of seg in the meantime. No byte
// may be written twice: that could overwrite content that is already hashed.
func (s *segments) claim(seg *segment, n int64) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	n = min(n, seg.end-seg.pos)
	seg.claim = seg.pos + n
	return n
}

// settle records that the claimed bytes are written.
func (s *segments) settle(seg *segment) {
	s.mu.Lock()
	defer s.mu.Unlock()
	seg.pos = seg.claim
}

// release takes a segment back from a connection. The rest of it can be taken again.
func (s *segments) release(seg *segment) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.active, seg)
	if seg.pos < seg.end {
		at := 0
		for at < len(s.back) && s.back[at].pos > seg.pos {
			at++
		}
		s.back = slices.Insert(s.back, at, segment{seg.pos, seg.pos, seg.end})
	}
}

// front returns the offset up to which the content is written without a gap.
func (s *segments) front() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	front := s.next
	for seg := range s.active {
		if seg.pos < seg.end {
			front = min(front, seg.pos)
		}
	}
	for _, seg := range s.back {
		front = min(front, seg.pos)
	}
	return front
}
