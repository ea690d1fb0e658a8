package protobuf

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Field is a field of a message: a number, or bytes, strings and messages.
type Field struct {
	Number int
	Int    uint64 // if it is an integer
	Bytes  []byte // otherwise, a part of the parsed message; nil for an integer
}

// Fields are the fields of a message, in order. Readers ignore unknown fields, as the
// format requires.
type Fields []Field

var errTruncated = errors.New("protobuf: the message is truncated")

// maxNumber is the largest number of a field:
// https://protobuf.dev/programming-guides/proto3/#assigning
const maxNumber = 1<<29 - 1

// Parse parses a message. Fields of a fixed size are skipped.
func Parse(message []byte) (Fields, error) {
	var fields Fields
	for len(message) > 0 {
		tag, rest, err := uvarint(message)
		if err != nil {
			return nil, err
		}
		number, wire := tag>>3, tag&7
		if number == 0 || number > maxNumber {
			return nil, fmt.Errorf("protobuf: invalid field number %d", number)
		}
		field := Field{Number: int(number)}
		switch wire {
		case wireVarint:
			if field.Int, rest, err = uvarint(rest); err != nil {
				return nil, err
			}
			fields = append(fields, field)
		case wireBytes:
			var size uint64
			if size, rest, err = uvarint(rest); err != nil {
				return nil, err
			}
			if size > uint64(len(rest)) {
				return nil, errTruncated
			}
			field.Bytes, rest = rest[:size:size], rest[size:]
			fields = append(fields, field)
		case wireFixed64, wireFixed32:
			size := 8
			if wire == wireFixed32 {
				size = 4
			}
			if len(rest) < size {
				return nil, errTruncated
			}
			rest = rest[size:]
		default:
			return nil, fmt.Errorf("protobuf: invalid wire type %d of field %d", wire, number)
		}
		message = rest
	}
	return fields, nil
}

// uvarint reads a varint.
func uvarint(data []byte) (value uint64, rest []byte, err error) {
	value, n := binary.Uvarint(data)
	switch {
	case n == 0:
		return 0, nil, errTruncated
	case n < 0:
		return 0, nil, errors.New("protobuf: a number is too large")
	}
	return value, data[n:], nil
}

// Int returns the integer with a number, or 0. If there are several, the last
// one counts.
func (f Fields) Int(number int) int64 {
	var value int64
	for _, field := range f {
		if field.Number == number && field.Bytes == nil {
			value = int64(field.Int)
		}
	}
	return value
}

// String returns the string with a number, or "". If there are several, the last
// one counts.
func (f Fields) String(number int) string {
	var value string
	for _, field := range f {
		if field.Number == number && field.Bytes != nil {
			value = string(field.Bytes)
		}
	}
	return value
}

// Repeated returns the strings or messages with a number.
func (f Fields) Repeated(number int) [][]byte {
	var values [][]byte
	for _, field := range f {
		if field.Number == number && field.Bytes != nil {
			values = append(values, field.Bytes)
		}
	}
	return values
}

// Message parses the message with a number. A missing message has no fields.
func (f Fields) Message(number int) (Fields, error) {
	return Parse([]byte(f.String(number)))
}

// Map parses the map with a number.
func (f Fields) Map(number int) (map[string]string, error) {
	values := map[string]string{}
	for _, entry := range f.Repeated(number) {
		fields, err := Parse(entry)
		if err != nil {
			return nil, err
		}
		values[fields.String(1)] = fields.String(2)
	}
	return values, nil
}
