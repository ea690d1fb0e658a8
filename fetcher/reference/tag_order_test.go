package reference

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// Each line is in order.
var tagOrderTests = []string{
	"1 1.0 1.9 1.10 1.29.3 2",
	"1.29-alpha.2 1.29-beta1 1.29-rc1 1.29-rc2 1.29-rc10 1.29 1.29.0-rc1 1.29.0 1.29.0-alpine 1.29.0-alpine3.21 1.29.1",
	"3.13.0a1 3.13.0b2 3.13.0rc1 3.13.0 3.13.0-slim",
	"v1.2.2 1.2.3 v1.2.3 1.2.4",
	"1.2 01.3 1.03.1 1.4",
	"20240101 20260301 bookworm bookworm-20240101 bookworm-20260301 latest nightly rc",
	"1 _ a v",
	"99999999999999999999 100000000000000000000",
}

func TestCompareTags(t *testing.T) {
	for _, line := range tagOrderTests {
		want := strings.Fields(line)
		got := slices.Clone(want)
		for range 20 {
			rand.Shuffle(len(got), func(i, j int) { got[i], got[j] = got[j], got[i] })
			slices.SortFunc(got, CompareTags)
			if !slices.Equal(got, want) {
				t.Fatalf("%q, want %q", got, want)
			}
		}
	}
}

// Registries may list 200,000 tags, and each may have many parts.
func TestCompareTagsAllocatesNothing(t *testing.T) {
	a := "1." + strings.Repeat("a1", 60)
	b := a + "2"
	if n := testing.AllocsPerRun(10, func() { CompareTags(a, b) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzCompareTags checks that tags have one order.
func FuzzCompareTags(f *testing.F) {
	for _, line := range tagOrderTests {
		tags := strings.Fields(line)
		f.Add(tags[0], tags[1], tags[2%len(tags)])
	}
	f.Fuzz(func(t *testing.T, a, b, c string) {
		if CheckTag(a) != nil || CheckTag(b) != nil || CheckTag(c) != nil {
			return
		}
		if CompareTags(a, b) != -CompareTags(b, a) || (CompareTags(a, b) == 0) != (a == b) {
			t.Errorf("%q and %q: %d and %d", a, b, CompareTags(a, b), CompareTags(b, a))
		}
		if CompareTags(a, b) < 0 && CompareTags(b, c) < 0 && CompareTags(a, c) >= 0 {
			t.Errorf("%q < %q < %q, but not %q < %q", a, b, c, a, c)
		}
	})
}
