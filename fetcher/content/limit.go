package content

import (
	"fmt"

	"hocker/fetcher/bytecount"
)

// LimitError is returned for content that is larger than a limit.
type LimitError struct {
	Limit  int64  // in bytes
	Reason string // what the limit is for, such as "an image config"
}

func (e *LimitError) Error() string {
	return fmt.Sprintf("it is larger than %s, the limit for %s", bytecount.Format(e.Limit), e.Reason)
}
