// Package bytecount writes numbers of bytes for people, everywhere in the same
// way: in decimal units, as docker does.
//
// Where a single byte matters, as between a size that was stated and one that
// came, messages give the number itself, with the word bytes behind it.
package bytecount

import "fmt"

var units = [...]string{"kB", "MB", "GB", "TB", "PB", "EB"}

// Format writes n as 999 bytes, 1.0 kB, 72.8 MB or 1.3 GB.
func Format(n int64) string {
	switch {
	case n == 1:
		return "1 byte"
	case n < 1000: // and what is no size at all
		return fmt.Sprintf("%d bytes", n)
	}
	amount, unit := float64(n)/1000, 0
	// What would be rounded to 1000.0 is written in the next unit.
	for ; amount >= 999.95; unit++ {
		amount /= 1000
	}
	return fmt.Sprintf("%.1f %s", amount, units[unit])
}
