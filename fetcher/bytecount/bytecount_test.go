package bytecount_test

import (
	"math"
	"testing"

	"hocker/fetcher/bytecount"
)

func TestFormat(t *testing.T) {
	for n, want := range map[int64]string{
		-1:               "-1 bytes",
		0:                "0 bytes",
		1:                "1 byte",
		999:              "999 bytes",
		1000:             "1.0 kB",
		1049:             "1.0 kB",
		1051:             "1.1 kB",
		999_949:          "999.9 kB",
		999_950:          "1.0 MB",
		72_800_000:       "72.8 MB",
		999_999_999:      "1.0 GB",
		1_250_000_001:    "1.3 GB",
		12_000_000_000:   "12.0 GB",
		1 << 50:          "1.1 PB",
		math.MaxInt64:    "9.2 EB",
		4 << 20:          "4.2 MB",
		1_000_000_000_00: "100.0 GB",
	} {
		if got := bytecount.Format(n); got != want {
			t.Errorf("Format(%d) = %q, want %q", n, got, want)
		}
	}
}
