package inflate

const (
	// windowSize is the longest distance of a match.
	windowSize = 32 << 10
	// windowEnd is where the window is full.
	windowEnd = 1<<17 - slack
	// windowMask changes no valid index, but saves the innermost loop its
	// bounds check.
	windowMask = 1<<17 - 1
	// slack is how much one iteration of the loop may write beyond windowEnd:
	// literals while there are bits, and a match, matchSize bytes at a time.
	slack = 64 + 258 + matchSize
)

type windowBuffer [1<<17 + matchSize]byte

// window is unpacked data: the part that matches may refer to, and the new
// part.
type window struct {
	buf   *windowBuffer
	floor int // matches may not reach before it
	given int // data before it has been returned
	end   int
}

func newWindow() window { return window{buf: new(windowBuffer)} }

func (w *window) full() bool { return w.end >= windowEnd }

// slide makes room by dropping data that no match can reach.
func (w *window) slide() {
	shift := w.given - windowSize
	if shift <= 0 {
		return
	}
	copy(w.buf[:], w.buf[shift:w.end])
	w.given -= shift
	w.end -= shift
	w.floor = max(0, w.floor-shift)
}
