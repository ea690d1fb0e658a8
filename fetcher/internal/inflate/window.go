package inflate

const (
	// windowSize is how far back a match may reach.
	windowSize = 32 << 10
	// windowEnd is where the window is full.
	windowEnd = 1<<17 - slack
	// windowMask changes no valid index, but saves the innermost loop its
	// bounds check.
	windowMask = 1<<17 - 1
	// slack is what one turn of the loop may write beyond windowEnd: literals
	// while there are bits, and a match, matchSize bytes at a time.
	slack = 64 + 258 + matchSize
)

type windowBuffer [1<<17 + matchSize]byte

// window is unpacked data: what matches may refer to, and what is new.
type window struct {
	buf   *windowBuffer
	floor int // matches may not reach before it
	given int // what is before it has been handed out
	end   int
}

func newWindow() window { return window{buf: new(windowBuffer)} }

func (w *window) full() bool { return w.end >= windowEnd }

// slide makes room by dropping what no match can reach.
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
