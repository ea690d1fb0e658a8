package image

import (
	"bytes"
	"fmt"
)

// maxValues limits the values in a document, counted by the commas. Real ones have some
// hundred, and those of an image of 10,000 layers may have 50,000. A hostile one may have
// millions in a few megabytes, and each takes some hundred bytes of memory.
const maxValues = 100_000

// ValuesError is returned for a document with too many values.
type ValuesError struct {
	Document string // what it is: manifest, index, config
}

func (e *ValuesError) Error() string {
	return fmt.Sprintf("the %s has more than %d values, the limit", e.Document, maxValues)
}

func checkValues(document string, data []byte) error {
	if bytes.Count(data, []byte(",")) > maxValues {
		return &ValuesError{document}
	}
	return nil
}
