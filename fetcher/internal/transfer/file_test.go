package transfer

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// large is content for several connections. Its size is not a multiple of anything.
var large = content(9<<20 + 4321)

// parallelFrom is smaller than large.
const parallelFrom = 1 << 20

// rate is the rate of a connection, slow enough for more connections to be added.
const rate = 20 << 20

// toFile transfers s and checks the invariants: the content is right, and nothing is
// left open. In its synctest bubble, deadlocks and leaked goroutines fail the test.
func toFile(t *testing.T, s *source, f *file, options Options) error {
	t.Helper()
	h := sha256.New()
	n, err := ToFile(t.Context(), s, f, h, options)
	if err == nil {
		if n != int64(len(s.data)) {
			t.Errorf("got %d bytes, want %d", n, len(s.data))
		}
		f.check(t, s.data, options.From)
		checkHash(t, h.Sum(nil), s.data)
	} else if front := tiled(t, f.spans, options.From); n != front {
		t.Errorf("ToFile returned %d bytes, the file has %d", n, front)
	}
	if len(options.Slots) != 0 {
		t.Errorf("%d slots are not released", len(options.Slots))
	}
	s.check(t)
	return err
}

// fileTests transfer large content over up to four connections.
var fileTests = []struct {
	name    string
	how     func(n int, offset, end int64) opening
	err     error
	most    int      // streams at a time; 0 if it varies
	notices []string // of each connection that has some, without positions
	loose   bool     // they depend on the order of connections
}{
	{name: "right", how: always(opening{rate: rate}), most: 4},
	{name: "fast enough for one connection", how: always(opening{}), most: 1},
	{name: "nearby and not throttled", how: always(opening{rate: 60 << 20, wait: nearby - 1}), most: 1},
	{name: "same rate, not nearby", how: always(opening{rate: 60 << 20, wait: nearby}), most: 4},
	{name: "no ranges", how: always(opening{rate: rate, noRanges: true, whole: true}), most: 1},
	{name: "no ranges after all", how: always(opening{rate: rate, whole: true})},
	{
		name: "no ranges after all, truncated",
		how: func(n int, _, _ int64) opening {
			if n == 0 {
				return opening{rate: rate, whole: true, give: 6 << 20, end: errReset}
			}
			return opening{rate: rate, whole: true}
		},
		notices: []string{"it: connection reset, resuming (1)"},
	},
	{
		name: "refuses more than one connection", most: 1,
		how: func(n int, _, _ int64) opening {
			if n == 0 {
				return opening{rate: rate}
			}
			return opening{err: errRefused}
		},
	},
	{
		name: "refuses all connections for a while", most: 1,
		how: func(n int, _, _ int64) opening {
			switch {
			case n == 0:
				return opening{rate: rate, give: 3 << 20, end: errReset}
			case n <= 3:
				return opening{err: errRefused}
			}
			return opening{rate: rate}
		},
		loose: true,
	},
	{
		name: "refuses all connections from then on", most: 1, err: errRefused,
		how: func(n int, _, _ int64) opening {
			if n > 0 {
				return opening{err: errRefused}
			}
			return opening{rate: rate, give: 3 << 20, end: errReset}
		},
		notices: []string{"it: connection reset, resuming (1)", "it: refused, resuming (2)", "it: refused, resuming (3)"},
	},
	{
		name: "denies more connections", most: 1,
		how: func(n int, _, _ int64) opening {
			if 1 <= n && n <= 3 {
				return opening{err: errDenied}
			}
			return opening{rate: rate}
		},
	},
	{
		name: "denies all connections from then on", most: 1, err: errDenied,
		how: func(n int, _, _ int64) opening {
			if n > 0 {
				return opening{err: errDenied}
			}
			return opening{rate: rate, give: 3 << 20, end: errReset}
		},
		notices: []string{"it: connection reset, resuming (1)"},
	},
	{
		name: "another size for other connections",
		how: func(n int, _, _ int64) opening {
			if 1 <= n && n <= 3 {
				return opening{rate: rate, size: 1 << 20}
			}
			return opening{rate: rate}
		},
	},
	{
		name: "all are cut",
		how: func(n int, _, _ int64) opening {
			if n < 4 {
				return opening{rate: rate, give: 1 << 19, end: errReset}
			}
			return opening{rate: rate}
		},
		notices: slices.Repeat([]string{"it: connection reset, resuming (1)"}, 4),
	},
	{
		name: "one stalls", most: 4,
		how: func(n int, _, _ int64) opening {
			if n == 2 {
				return opening{rate: rate, give: 1 << 19, end: errStall}
			}
			return opening{rate: rate}
		},
		notices: []string{"it: connection stalled, resuming (1)"},
	},
	{
		name: "all stall",
		how: func(n int, _, _ int64) opening {
			if n < 4 {
				return opening{rate: rate, give: 1 << 19, end: errStall}
			}
			return opening{rate: rate}
		},
		notices: slices.Repeat([]string{"it: connection stalled, resuming (1)"}, 4),
	},
	{
		name: "no more content", err: errReset,
		how: func(n int, _, _ int64) opening {
			if n < 4 {
				return opening{rate: rate, give: 1 << 19, end: errReset}
			}
			return opening{rate: rate, give: nothing, end: errReset}
		},
		notices: slices.Repeat([]string{"it: connection reset, resuming (1)", "it: connection reset, resuming (2)", "it: connection reset, resuming (3)"}, 4),
	},
}

func TestToFile(t *testing.T) {
	for _, tt := range fileTests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var told lines
				s := &source{data: large, how: tt.how}
				err := toFile(t, s, &file{}, Options{
					Name: "it", ParallelFrom: parallelFrom, Slots: NewSlots(4), Attempts: 3, Retryable: retryable, Notice: told.add,
				})
				if !errors.Is(err, tt.err) {
					t.Errorf("got %v, want %v", err, tt.err)
				}
				if s.most != tt.most && tt.most != 0 {
					t.Errorf("%d streams at a time, want %d", s.most, tt.most)
				}
				slices.Sort(tt.notices)
				if got := withoutPlaces(told.list); !slices.Equal(got, tt.notices) && !tt.loose {
					t.Errorf("notices\n%q\nwant\n%q", got, tt.notices)
				}
			})
		})
	}
}

// withoutPlaces sorts notices and removes positions, which vary.
func withoutPlaces(notices []string) []string {
	var kept []string
	for _, line := range notices {
		before, rest, _ := strings.Cut(line, " at ")
		_, after, _ := strings.Cut(rest, ",")
		kept = append(kept, before+","+after)
	}
	slices.Sort(kept)
	return kept
}

// Whatever happens to the connections, the file gets the right content.
func TestToFileRandomly(t *testing.T) {
	seeds := 4
	if testing.Short() {
		seeds = 1
	}
	for connections := range 9 {
		for seed := range seeds {
			t.Run(fmt.Sprintf("%d connections, seed %d", connections, seed), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					random := rand.New(rand.NewPCG(uint64(seed), uint64(connections)))
					s := &source{data: large[:random.IntN(len(large))]}
					s.how = func(n int, _, _ int64) opening {
						if n == 0 {
							return opening{rate: rate, give: 1 + random.Int64N(4<<20), end: errReset}
						}
						o := trouble50(random)
						if o.rate < rate/10 {
							o.rate = rate
						}
						return o
					}
					options := Options{Retryable: retryable, Attempts: 1000, ParallelFrom: 1 + random.Int64N(2<<20)}
					if connections > 0 {
						options.Slots = NewSlots(connections)
					}
					f := &file{}
					if seed%2 == 1 && len(s.data) > 0 {
						options.From = random.Int64N(int64(len(s.data)))
						f.data = bytes.Clone(s.data[:options.From])
					}
					if err := toFile(t, s, f, options); err != nil {
						t.Error(err)
					}
				})
			})
		}
	}
}

// A full disk, a file that cannot be read back or a failing writer ends all
// connections.
func TestToFileLocalErrors(t *testing.T) {
	broken := errors.New("broken")
	for name, tt := range map[string]struct {
		file *file
		w    io.Writer
		want error
		most int64 // bytes written at the end
	}{
		"disk":         {file: &file{room: 5 << 20}, w: io.Discard, want: errFull, most: 8 << 20},
		"reading back": {file: &file{unread: true}, w: io.Discard, want: errUnread, most: int64(len(large))},
		"writer":       {file: &file{}, w: &fullDisk{room: 1, err: broken}, want: broken, most: 2 << 20},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &source{data: large, how: always(opening{rate: rate})}
				options := Options{ParallelFrom: parallelFrom, Slots: NewSlots(4), Notice: func(line string) { t.Error(line) }}
				_, err := ToFile(t.Context(), s, tt.file, tt.w, options)
				if !errors.Is(err, tt.want) {
					t.Errorf("got %v, want %v", err, tt.want)
				}
				written := int64(0)
				for _, span := range tt.file.spans {
					written += span[1] - span[0]
				}
				if written > tt.most {
					t.Errorf("%d bytes were written before the end", written)
				}
				if len(options.Slots) != 0 {
					t.Errorf("%d slots are not released", len(options.Slots))
				}
				s.check(t)
			})
		})
	}
}

// Canceling the context ends all connections at once, with its cause.
func TestToFileCancel(t *testing.T) {
	enough := errors.New("enough")
	for name, how := range map[string]opening{
		"while content comes": {rate: rate / 20},
		"in stalls":           {rate: rate, give: 2 << 20, end: errStall},
		"in pauses":           {rate: rate, give: 2 << 20, end: errReset},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancelCause(t.Context())
				s := &source{data: large, how: always(how)}
				options := Options{ParallelFrom: parallelFrom, Slots: NewSlots(4), Stall: time.Hour, MinWait: time.Hour, MaxWait: time.Hour}
				start := time.Now()
				time.AfterFunc(2*time.Second, func() { cancel(enough) })
				f := &file{}
				n, err := ToFile(ctx, s, f, io.Discard, options)
				if err != enough || time.Since(start) > 3*time.Second {
					t.Errorf("got %v after %v", err, time.Since(start))
				}
				if front := tiled(t, f.spans, 0); n != front {
					t.Errorf("ToFile returned %d bytes, the file has %d", n, front)
				}
				s.check(t)
			})
		})
	}
}

// Transfers to a host share its slots, and none starves.
func TestSharedSlots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slots := NewSlots(3)
		s := &source{data: large[:5<<20], how: always(opening{rate: rate})}
		ended := make(chan error)
		for range 5 {
			go func() {
				_, err := ToFile(t.Context(), s, &file{}, io.Discard, Options{ParallelFrom: parallelFrom, Slots: slots})
				ended <- err
			}()
		}
		for range 5 {
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
		if s.most != 3 || len(slots) != 0 {
			t.Errorf("%d streams at a time, %d slots are not released", s.most, len(slots))
		}
		s.check(t)
	})
}

// Bytes that the file already holds are not written again, even if the server does
// not support ranges or a connection is lost while they are skipped.
func TestToFileFrom(t *testing.T) {
	for name, how := range map[string]func(int, int64, int64) opening{
		"ranges":                     nil,
		"no ranges":                  always(opening{noRanges: true, whole: true}),
		"no ranges, cut at 400":      inTurn(opening{noRanges: true, whole: true, give: 400, end: errReset}),
		"no ranges, cut at 600":      inTurn(opening{noRanges: true, whole: true, give: 600, end: errReset}),
		"apparently no more content": inTurn(opening{give: nothing}),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				data := large[:1000]
				f := &file{data: bytes.Clone(data[:500])}
				s := &source{data: data, how: how}
				if err := toFile(t, s, f, Options{From: 500}); err != nil {
					t.Error(err)
				}
			})
		})
	}
}
