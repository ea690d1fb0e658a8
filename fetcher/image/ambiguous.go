package image

import (
	"errors"
	"fmt"

	"hocker/fetcher/internal/strictjson"
)

// AmbiguousError is returned for a document that some readers read as another image than
// others: it has a key twice, or one that differs from a known key only in its case.
type AmbiguousError struct {
	Document string // what it is: manifest, index, config
	Err      error  // names the key
}

func (e *AmbiguousError) Error() string {
	return fmt.Sprintf("the %s is ambiguous: %v", e.Document, e.Err)
}

func (e *AmbiguousError) Unwrap() error { return e.Err }

// Unmarshal is [json.Unmarshal] for a document of an image, such as a manifest.
//
// Errors: those of json.Unmarshal, *[AmbiguousError], *[ValuesError].
func Unmarshal(document string, data []byte, v any) error {
	if err := checkValues(document, data); err != nil {
		return err
	}
	err := strictjson.Unmarshal(data, v)
	if errors.As(err, new(*strictjson.KeyError)) {
		return &AmbiguousError{document, err}
	}
	return err
}

// isRefused reports whether Unmarshal has refused a document, whatever it is.
func isRefused(err error) bool {
	return errors.As(err, new(*AmbiguousError)) || errors.As(err, new(*ValuesError))
}
