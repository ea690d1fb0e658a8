package fetcher

import (
	"fmt"
	"strconv"
	"strings"

	"hocker/fetcher/internal/transfer"
)

// byteRange formats a Range field for the bytes from offset up to, and not
// including, end.
// https://www.rfc-editor.org/rfc/rfc9110#section-14.1.2
func byteRange(offset, end int64) string {
	if end == transfer.SizeUnknown {
		return fmt.Sprintf("bytes=%d-", offset)
	}
	return fmt.Sprintf("bytes=%d-%d", offset, end-1)
}

// parseContentRange parses a Content-Range field: "bytes 5-9/10", or "bytes 5-9/*"
// if the size is unknown.
// https://www.rfc-editor.org/rfc/rfc9110#section-14.4
func parseContentRange(s string) (offset, size int64, err error) {
	malformed := fmt.Errorf("the server sent the malformed Content-Range %.60q", s)
	rest, ok := strings.CutPrefix(s, "bytes ")
	if !ok {
		return 0, 0, malformed
	}
	span, total, ok := strings.Cut(rest, "/")
	first, last, ok2 := strings.Cut(span, "-")
	if !ok || !ok2 {
		return 0, 0, malformed
	}
	begin, err1 := strconv.ParseUint(first, 10, 63)
	end, err2 := strconv.ParseUint(last, 10, 63)
	if err1 != nil || err2 != nil || end < begin {
		return 0, 0, malformed
	}
	if total == "*" {
		return int64(begin), transfer.SizeUnknown, nil
	}
	whole, err := strconv.ParseUint(total, 10, 63)
	if err != nil || end >= whole {
		return 0, 0, malformed
	}
	return int64(begin), int64(whole), nil
}
