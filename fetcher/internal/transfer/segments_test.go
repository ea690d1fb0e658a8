package transfer

import (
	"math/rand/v2"
	"testing"
)

// worker takes the steps of a connection with a segment, one at a time.
type worker struct {
	seg     *segment
	claimed int64 // being written
}

// walk makes workers take steps in the order of program, and then makes one worker
// finish. After each step it checks that no byte is written twice and that the
// front is at the first gap.
func walk(t *testing.T, from, size int64, connections int, program []byte) {
	s := newSegments(from, size, connections)
	workers := make([]worker, connections)
	var written [][2]int64
	check := func() {
		if front, want := s.front(), tiled(t, written, from); front != want {
			t.Fatalf("the front is at %d, want %d of %d", front, want, size)
		}
	}
	settle := func(w *worker) {
		if w.claimed > 0 {
			written = append(written, [2]int64{w.seg.pos, w.seg.pos + w.claimed})
			s.settle(w.seg)
			w.claimed = 0
		}
	}
	step := func(w *worker, what byte, n int64) {
		switch {
		case w.seg == nil:
			w.seg = s.take()
		case w.claimed > 0:
			settle(w)
		case what == 0:
			s.release(w.seg)
			w.seg = nil
		case s.left(w.seg) > 0:
			w.claimed = s.claim(w.seg, n)
		case !s.extend(w.seg):
			s.release(w.seg)
			w.seg = nil
		}
	}
	for i := 0; i+1 < len(program); i += 2 {
		n := int64(program[i+1]) << 13 // up to 2 MiB
		step(&workers[int(program[i])%connections], program[i+1]%16, n)
		check()
	}
	for i := range workers {
		settle(&workers[i])
		if workers[i].seg != nil && i > 0 {
			s.release(workers[i].seg)
		}
		check()
	}
	// The first worker finishes.
	for last := &workers[0]; s.front() < size; {
		step(last, 1, 3<<20)
		settle(last)
		if last.seg == nil && s.front() < size {
			if last.seg = s.take(); last.seg == nil {
				t.Fatalf("no segment left, but the front is at %d of %d", s.front(), size)
			}
		}
	}
	if at := tiled(t, written, from); at != size {
		t.Errorf("written up to %d, want %d", at, size)
	}
}

func TestSegments(t *testing.T) {
	for seed := range uint64(100) {
		random := rand.New(rand.NewPCG(seed, 0))
		program := make([]byte, random.IntN(2000))
		for i := range program {
			program[i] = byte(random.Uint32())
		}
		size := random.Int64N(200 << 20)
		from := int64(0)
		if size > 0 && seed%2 == 0 {
			from = random.Int64N(size)
		}
		walk(t, from, size, 1+random.IntN(8), program)
	}
}

func FuzzSegments(f *testing.F) {
	f.Add(int64(0), int64(32<<20), uint8(8), []byte("each of them does what it is told"))
	f.Fuzz(func(t *testing.T, from, size int64, connections uint8, program []byte) {
		if from < 0 || size < from || size-from > 1<<30 || connections == 0 || connections > 16 {
			t.Skip()
		}
		walk(t, from, size, int(connections), program)
	})
}

// The lowest released segment is taken first, so that the front advances.
func TestTakeTheLowest(t *testing.T) {
	s := newSegments(0, 100<<20, 8)
	first, second, third := s.take(), s.take(), s.take()
	s.claim(second, 100)
	s.settle(second)
	s.release(second)
	s.release(third)
	s.release(first)
	for _, want := range []int64{0, first.end + 100, second.end} {
		if seg := s.take(); seg.pos != want {
			t.Errorf("got %d, want %d", seg.pos, want)
		}
	}
}

// An idle connection takes half of what is left of the largest segment, unless that
// is too small.
func TestSplit(t *testing.T) {
	s := newSegments(0, 6<<20, 1)
	seg := s.take()
	s.claim(seg, 2<<20)
	half := s.take()
	if half.pos != 4<<20 || half.end != 6<<20 || seg.end != 4<<20 {
		t.Errorf("got %d to %d, left %d to %d", half.pos, half.end, seg.pos, seg.end)
	}
	if quarter := s.take(); quarter == nil || quarter.end-quarter.pos != 1<<20 {
		t.Errorf("got %v", quarter)
	}
	// The other segment still has 2 MiB.
	s.take()
	if eighth := s.take(); eighth != nil {
		t.Errorf("got %v, which is too small", eighth)
	}
	if n := s.claim(seg, 4<<20); n > seg.end-seg.pos {
		t.Errorf("may write %d bytes of %d", n, seg.end-seg.pos)
	}
}
