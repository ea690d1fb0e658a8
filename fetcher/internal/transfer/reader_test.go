package transfer

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"
)

// readerTests read 1000 bytes.
var readerTests = []struct {
	name    string
	how     func(int, int64, int64) opening
	asked   []string
	end     error // of the reader; nil for io.EOF and all content
	came    int   // bytes received, if not all
	notices []string
}{
	{name: "whole", asked: []string{"0-"}},
	{
		name: "cut", how: inTurn(opening{give: 400, end: errReset}),
		asked:   []string{"0-", "400-"},
		notices: []string{"it: connection reset at 400 bytes of 1.0 kB, resuming (1)"},
	},
	{
		name: "cut after the last byte", how: inTurn(opening{give: 1000, end: errReset}),
		asked: []string{"0-"},
	},
	{
		name: "cut after the last byte, size unknown", how: inTurn(opening{give: 1000, size: SizeUnknown, end: errReset}),
		asked:   []string{"0-", "1000-"},
		notices: []string{"it: connection reset at 1.0 kB, resuming (1)"},
	},
	{
		name: "short", how: inTurn(opening{give: 400}),
		asked:   []string{"0-", "400-"},
		notices: []string{"it: unexpected EOF at 400 bytes of 1.0 kB, resuming (1)"},
	},
	{
		name: "stalled", how: inTurn(opening{give: 400, end: errStall}),
		asked:   []string{"0-", "400-"},
		notices: []string{"it: connection stalled at 400 bytes of 1.0 kB, resuming (1)"},
	},
	{
		name: "size unknown", how: inTurn(opening{give: 400, size: SizeUnknown, end: errReset}),
		asked:   []string{"0-", "400-"},
		notices: []string{"it: connection reset at 400 bytes, resuming (1)"},
	},
	{
		name: "no ranges", how: func(n int, _, _ int64) opening {
			return []opening{{noRanges: true, give: 400, end: errReset}, {whole: true, noRanges: true, give: 600, end: errReset}, {whole: true, noRanges: true}}[n]
		},
		asked:   []string{"0-", "400-", "600-"},
		notices: []string{"it: connection reset at 400 bytes of 1.0 kB, resuming (1)", "it: connection reset at 600 bytes of 1.0 kB, resuming (2)"},
	},
	{
		// An EOF while skipping is not the end of the content.
		name: "no ranges, less than before", how: func(n int, _, _ int64) opening {
			if n == 0 {
				return opening{noRanges: true, give: 400, size: SizeUnknown, end: errReset}
			}
			return opening{whole: true, noRanges: true, give: 300, size: SizeUnknown}
		},
		asked: []string{"0-", "400-", "400-", "400-"}, end: io.ErrUnexpectedEOF, came: 400,
		notices: []string{
			"it: connection reset at 400 bytes, resuming (1)",
			"it: unexpected EOF at 400 bytes, resuming (2)",
			"it: unexpected EOF at 400 bytes, resuming (3)",
		},
	},
	{
		name: "another size", how: inTurn(opening{give: 400, end: errReset}, opening{size: 999}),
		asked: []string{"0-", "400-"}, end: ErrChanged, came: 400,
		notices: []string{"it: connection reset at 400 bytes of 1.0 kB, resuming (1)"},
	},
	{
		name: "no progress", how: func(n int, _, _ int64) opening {
			if n == 0 {
				return opening{give: 400, end: errReset}
			}
			return opening{give: nothing, end: errReset}
		},
		asked: []string{"0-", "400-", "400-", "400-"}, end: errReset, came: 400,
		notices: []string{
			"it: connection reset at 400 bytes of 1.0 kB, resuming (1)",
			"it: connection reset at 400 bytes of 1.0 kB, resuming (2)",
			"it: connection reset at 400 bytes of 1.0 kB, resuming (3)",
		},
	},
	{
		name: "a few bytes are no progress", how: func(n int, _, _ int64) opening {
			switch {
			case n == 0:
				return opening{give: 990, end: errReset}
			case n%3 == 0:
				return opening{give: 1, end: errReset}
			}
			return opening{give: nothing, end: errReset}
		},
		asked: []string{"0-", "990-", "990-", "990-"}, end: errReset, came: 991,
	},
	{
		name: "refused for a while", how: inTurn(opening{give: 400, end: errReset}, opening{err: errRefused}, opening{err: errRefused}),
		asked: []string{"0-", "400-", "400-", "400-"},
		notices: []string{
			"it: connection reset at 400 bytes of 1.0 kB, resuming (1)",
			"it: refused at 400 bytes of 1.0 kB, resuming (2)",
			"it: refused at 400 bytes of 1.0 kB, resuming (3)",
		},
	},
	{
		name: "denied", how: inTurn(opening{give: 400, end: errReset}, opening{err: errDenied}),
		asked: []string{"0-", "400-"}, end: errDenied, came: 400,
		notices: []string{"it: connection reset at 400 bytes of 1.0 kB, resuming (1)"},
	},
	{name: "refused at first", how: always(opening{err: errRefused}), asked: []string{"0-"}, end: errRefused},
}

func retryable(err error) bool { return errors.Is(err, errRefused) }

func TestReader(t *testing.T) {
	for _, tt := range readerTests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &source{data: content(1000), how: tt.how}
				var told lines
				r, err := NewReader(t.Context(), s, Options{Name: "it", Attempts: 3, Retryable: retryable, Notice: told.add})
				var got []byte
				if err == nil {
					got, err = io.ReadAll(r)
					r.Close()
				}
				if !errors.Is(err, tt.end) {
					t.Errorf("ended with %v, want %v", err, tt.end)
				}
				want := s.data
				if tt.end != nil {
					want = want[:tt.came]
				}
				if !bytes.Equal(got, want) {
					t.Errorf("got %d bytes, want %d", len(got), len(want))
				}
				if tt.notices != nil && !slices.Equal(told.list, tt.notices) {
					t.Errorf("notices\n%q, want\n%q", told.list, tt.notices)
				}
				if !slices.Equal(s.asked, tt.asked) {
					t.Errorf("requested\n%q, want\n%q", s.asked, tt.asked)
				}
				s.check(t)
			})
		})
	}
}

// Whatever happens to the connections, the content is right.
func TestReaderRandomly(t *testing.T) {
	for seed := range uint64(50) {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 2))
			s := &source{data: content(random.IntN(1 << 20))}
			s.how = func(int, int64, int64) opening { return trouble50(random) }
			r, err := NewReader(t.Context(), s, Options{Attempts: 100, Retryable: retryable})
			if err == errRefused { // at first
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(iotest.HalfReader(r))
			r.Close()
			if err != nil || !bytes.Equal(got, s.data) {
				t.Errorf("%v, %d of %d bytes", err, len(got), len(s.data))
			}
			s.check(t)
		})
	}
}

// trouble50 returns a random failure half of the time.
func trouble50(random *rand.Rand) opening {
	o := opening{rate: 1 + random.Int64N(100<<20), noRanges: random.IntN(4) == 0}
	o.whole = o.noRanges
	switch random.IntN(8) {
	case 0:
		o.give, o.end = 1+random.Int64N(8<<20), errReset
	case 1:
		o.give, o.end = 1+random.Int64N(8<<20), errStall
	case 2:
		o.give = 1 + random.Int64N(8<<20)
	case 3:
		o.give, o.end = nothing, errReset
	case 4:
		o.err = errRefused
	}
	return o
}

// The waits double, and progress resets them.
func TestWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &source{data: content(10_000), how: func(n int, _, _ int64) opening {
			if n == 4 {
				return opening{give: 60 * MinRate, end: errReset}
			}
			return opening{give: nothing, end: errReset}
		}}
		r, err := NewReader(t.Context(), s, Options{Attempts: 6, MinWait: time.Second, MaxWait: 10 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		if _, err := io.ReadAll(r); !errors.Is(err, errReset) {
			t.Error(err)
		}
		const want = (1 + 2 + 4 + 8) + (1 + 2 + 4 + 8 + 10 + 10)
		if waited := time.Since(start).Seconds(); waited < want*3/4 || waited > want*5/4 {
			t.Errorf("waited %.1f s, want about %d", waited, want)
		}
	})
}

// A server that drips is slower than MinRate. A slow link is not. The source gives bytes
// once a second, so at MinRate itself the last ones would arrive just when the time is up.
func TestMinRate(t *testing.T) {
	for rate, want := range map[int64]error{1: ErrStalled, MinRate - 4: ErrStalled, MinRate + 4: nil, 500: nil} {
		synctest.Test(t, func(t *testing.T) {
			s := &source{data: content(20_000), how: always(opening{rate: rate})}
			start := time.Now()
			r, err := NewReader(t.Context(), s, Options{Attempts: 3})
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(r)
			r.Close()
			if !errors.Is(err, want) || err == nil && !bytes.Equal(got, s.data) {
				t.Errorf("%d bytes a second: %d bytes, %v", rate, len(got), err)
			}
			if took := time.Since(start); want != nil && took > 5*time.Minute {
				t.Errorf("%d bytes a second: took %v", rate, took)
			}
			s.check(t)
		})
	}
}

// A slow consumer is not a stalled connection.
func TestSlowConsumer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &source{data: content(1000)}
		r, err := NewReader(t.Context(), s, Options{Stall: time.Second})
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		p := make([]byte, 100)
		for range 10 {
			time.Sleep(time.Minute)
			if _, err := io.ReadFull(r, p); err != nil {
				t.Fatal(err)
			}
		}
		if len(s.asked) != 1 {
			t.Errorf("asked for %q", s.asked)
		}
	})
}

// Canceling the context ends a reader in any state, with the cause.
func TestReaderCancel(t *testing.T) {
	enough := errors.New("enough")
	for name, how := range map[string]opening{
		"in a read":           {give: nothing, end: errStall},
		"in a pause":          {give: nothing, end: errReset},
		"in a pause after 10": {give: 10, end: errReset},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancelCause(t.Context())
				s := &source{data: content(1000), how: always(how)}
				r, err := NewReader(ctx, s, Options{MinWait: time.Hour, MaxWait: time.Hour, Stall: time.Hour})
				if err != nil {
					t.Fatal(err)
				}
				time.AfterFunc(time.Minute, func() { cancel(enough) })
				if _, err := io.ReadAll(r); err != enough {
					t.Errorf("got %v", err)
				}
				r.Close()
				s.check(t)
			})
		})
	}
}

// Close interrupts a pending Read.
func TestReaderClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &source{data: content(1000), how: always(opening{give: 10, end: errStall})}
		r, err := NewReader(t.Context(), s, Options{})
		if err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(time.Second, func() { r.Close() })
		if got, err := io.ReadAll(r); len(got) != 10 || err == nil {
			t.Errorf("got %d bytes, %v", len(got), err)
		}
		r.Close()
		s.check(t)
	})
}
