// Package bytecount formats byte counts for people, in decimal units, as docker
// does.
//
// Where a single byte matters, as in the comparison of two sizes, messages print
// the exact number instead.
package bytecount

import "fmt"

var units = [...]string{"kB", "MB", "GB", "TB", "PB", "EB"}

// Format formats n bytes: 999 bytes, 1.0 kB, 72.8 MB or 1.3 GB.
func Format(n int64) string {
	switch {
	case n == 1:
		return "1 byte"
	case n < 1000: // or negative
		return fmt.Sprintf("%d bytes", n)
	}
	amount, unit := float64(n)/1000, 0
	// 999.95 would round to 1000.0.
	for ; amount >= 999.95; unit++ {
		amount /= 1000
	}
	return fmt.Sprintf("%.1f %s", amount, units[unit])
}
