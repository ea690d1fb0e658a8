package bounded

import (
	"encoding/json"
	"io"
)

// Decoder reads a stream of JSON values. Each may have about as many bytes as the limit:
// what is between two values counts.
type Decoder struct {
	json *json.Decoder
	from *stretch
}

// NewDecoder returns a decoder. A value is called what in the error.
func NewDecoder(r io.Reader, limit int64, what string) *Decoder {
	from := &stretch{Reader: r, limit: limit, what: what}
	return &Decoder{json.NewDecoder(from), from}
}

// Decode reads the next value, as [json.Decoder.Decode].
//
// Errors: *[TooLargeError].
func (d *Decoder) Decode(value any) error {
	d.from.n = 0
	return d.json.Decode(value)
}

// Token reads the next token, as [json.Decoder.Token].
//
// Errors: *[TooLargeError].
func (d *Decoder) Token() (json.Token, error) {
	d.from.n = 0
	return d.json.Token()
}

// More reports whether an array has another value, as [json.Decoder.More].
func (d *Decoder) More() bool {
	d.from.n = 0
	return d.json.More()
}

// stretch fails when more than limit bytes are read in one stretch.
type stretch struct {
	io.Reader
	limit int64
	what  string
	n     int64
}

func (s *stretch) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	if s.n += int64(n); s.n > s.limit {
		return 0, &TooLargeError{s.limit, s.what}
	}
	return n, err
}
