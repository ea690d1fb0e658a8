package transfer

import (
	"cmp"
	"slices"
	"sync"
)

// The sizes of what one connection is given at a time: large enough that the
// round trip of its request does not matter, small enough that what
// follows the front, as the hash does, is done soon after the last byte.
const (
	minSegment = 4 << 20
	maxSegment = 64 << 20
	// minSplit is what is left of a segment at least when a connection that
	// has nothing to do takes half of it.
	minSplit = 1 << 20
)

// segment is a part of the content that one connection is busy with. All before
// pos has been written; what is between pos and claim is being written, and
// only by that connection.
type segment struct {
	pos, claim, end int64
}

// segments hands the content out to connections and keeps track of what has
// arrived.
type segments struct {
	mu     sync.Mutex
	size   int64
	step   int64     // how much is handed out at a time
	next   int64     // all from here on is free
	back   []segment // the lowest last
	active map[*segment]bool
}

// newSegments is for content of which all before from is there.
func newSegments(from, size int64, connections int) *segments {
	return &segments{
		size:   size,
		next:   from,
		step:   min(max((size-from)/int64(connections), minSegment), maxSegment),
		active: map[*segment]bool{},
	}
}

// take hands out a part: the first that a lost connection gave back, the next free
// one, or half of what another connection has before it. It returns nil if
// there is nothing worth a connection.
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

// isBusy reports whether there is so much to do yet that another connection
// could help.
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

// extend gives a connection the part behind its own, if that is free, so that a
// stream that goes on anyway can be read further. It reports whether it did.
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
// if another connection took the end of seg over in the meantime. No byte is
// ever written twice, or what was hashed could be overwritten.
func (s *segments) claim(seg *segment, n int64) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	n = min(n, seg.end-seg.pos)
	seg.claim = seg.pos + n
	return n
}

// settle notes that what was claimed is written.
func (s *segments) settle(seg *segment) {
	s.mu.Lock()
	defer s.mu.Unlock()
	seg.pos = seg.claim
}

// release takes a part back from a connection. What is left of it is free.
func (s *segments) release(seg *segment) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.active, seg)
	if seg.pos < seg.end {
		s.back = append(s.back, segment{seg.pos, seg.pos, seg.end})
		slices.SortFunc(s.back, func(a, b segment) int { return cmp.Compare(b.pos, a.pos) })
	}
}

// front returns up to where all has arrived.
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
