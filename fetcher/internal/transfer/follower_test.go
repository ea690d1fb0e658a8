package transfer

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"testing/synctest"
)

// fed is a follower and the file that it follows.
type fed struct {
	*follower
	data []byte
	file *file
	mark atomic.Int64 // the front
}

func feed(data []byte, w interface{ Write([]byte) (int, error) }) *fed {
	x := &fed{data: data, file: &file{data: make([]byte, len(data))}}
	x.follower = newFollower(w, x.file, 0, x.mark.Load)
	return x
}

// write writes a piece, sets the front and offers the piece.
func (x *fed) write(begin, end, front int64) {
	b := x.buffer()[:end-begin]
	copy(b, x.data[begin:end])
	x.file.WriteAt(b, begin)
	x.mark.Store(front)
	x.offer(begin, b)
}

func TestFollowerInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		data := content(3*maxQueue*bufferSize + 1)
		h := sha256.New()
		x := feed(data, h)
		x.file.unread = true // nothing needs to be read back
		size := int64(len(data))
		for begin := int64(0); begin < size; begin += bufferSize {
			end := min(begin+bufferSize, size)
			x.write(begin, end, end)
			synctest.Wait()
		}
		if err := x.finish(true); err != nil {
			t.Error(err)
		}
		checkHash(t, h.Sum(nil), data)
	})
}

// Pieces of any size, written in any order, are passed on in order.
func TestFollowerInAnyOrder(t *testing.T) {
	data := content(30 * bufferSize)
	for seed := range uint64(6) {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 1))
			h := sha256.New()
			x := feed(data, h)
			cuts := []int64{0}
			for cuts[len(cuts)-1] < int64(len(data)) {
				cuts = append(cuts, min(cuts[len(cuts)-1]+1+random.Int64N(bufferSize), int64(len(data))))
			}
			arrived := make([]bool, len(cuts)-1)
			front := 0
			for _, i := range random.Perm(len(arrived)) {
				arrived[i] = true
				for front < len(arrived) && arrived[front] {
					front++
				}
				x.write(cuts[i], cuts[i+1], cuts[front])
				if seed%2 == 0 {
					synctest.Wait()
				}
			}
			if err := x.finish(true); err != nil {
				t.Error(err)
			}
			checkHash(t, h.Sum(nil), data)
		})
	}
}

// slowly is a writer whose Write blocks until released.
type slowly struct {
	bytes.Buffer
	may chan struct{}
}

func (w *slowly) Write(p []byte) (int, error) {
	<-w.may
	return w.Buffer.Write(p)
}

// While the writer is busy, a limited number of buffers is kept. The rest is read
// back from the file.
func TestFollowerFullQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		data := content(3 * maxQueue * bufferSize)
		w := &slowly{may: make(chan struct{})}
		x := feed(data, w)
		for begin := int64(0); begin < int64(len(data)); begin += bufferSize {
			x.write(begin, begin+bufferSize, begin+bufferSize)
			synctest.Wait()
			if len(x.queue) > maxQueue {
				t.Fatalf("%d buffers are queued", len(x.queue))
			}
		}
		close(w.may)
		if err := x.finish(true); err != nil || !bytes.Equal(w.Bytes(), data) {
			t.Errorf("%v, %d bytes", err, w.Len())
		}
	})
}

func TestFollowerErrors(t *testing.T) {
	broken := errors.New("broken")
	for name, tt := range map[string]struct {
		w      *fullDisk
		unread bool
		want   error
	}{
		"writer":        {w: &fullDisk{room: 10, err: broken}, want: broken},
		"reading back":  {w: &fullDisk{room: 1 << 30}, unread: true, want: errUnread},
		"neither fails": {w: &fullDisk{room: 1 << 30}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				x := feed(content(3*bufferSize), tt.w)
				x.file.unread = tt.unread
				x.write(bufferSize, 3*bufferSize/2, 0)
				x.write(0, bufferSize, 3*bufferSize/2)
				synctest.Wait()
				select {
				case <-x.failed:
					if tt.want == nil {
						t.Error("it reports a failure")
					}
				default:
					if tt.want != nil {
						t.Error("the failure is not reported")
					}
				}
				// Later offers do not block.
				for i := int64(0); i < 2*maxQueue; i++ {
					x.write(3*bufferSize/2+i, 3*bufferSize/2+i+1, 3*bufferSize/2+i+1)
				}
				if err := x.finish(true); err != tt.want {
					t.Errorf("got %v, want %v", err, tt.want)
				}
			})
		})
	}
}

// An aborted follower passes nothing more on, so a failed transfer does not wait.
func TestFollowerAborted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &slowly{may: make(chan struct{})}
		x := feed(content(4*bufferSize), w)
		for begin := int64(0); begin < 4*bufferSize; begin += bufferSize {
			x.write(begin, begin+bufferSize, begin+bufferSize)
		}
		synctest.Wait()
		ended := make(chan error)
		go func() { ended <- x.finish(false) }()
		synctest.Wait()
		w.may <- struct{}{} // the pending Write
		if err := <-ended; err != nil || w.Len() != bufferSize {
			t.Errorf("%v, %d bytes", err, w.Len())
		}
	})
}

// A follower may start at an offset.
func TestFollowerFrom(t *testing.T) {
	data := content(1000)
	var w bytes.Buffer
	var mark atomic.Int64
	f := &file{data: bytes.Clone(data)}
	mark.Store(400)
	x := newFollower(&w, f, 400, mark.Load)
	mark.Store(1000)
	b := x.buffer()
	x.offer(700, b[:copy(b, data[700:])]) // out of order: read back
	if err := x.finish(true); err != nil || !bytes.Equal(w.Bytes(), data[400:]) {
		t.Errorf("%v, %d bytes", err, w.Len())
	}
}
