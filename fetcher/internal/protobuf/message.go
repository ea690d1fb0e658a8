// Package protobuf writes and reads Protocol Buffers messages without a schema.
// It supports what containerd's API needs: strings, bytes, integers, messages
// and maps of strings.
//
// The encoding has four kinds of values, and the standard library has varints, so
// this takes less code than using a library.
//
// https://protobuf.dev/programming-guides/encoding/
package protobuf

import (
	"encoding/binary"
	"maps"
	"slices"
)

// The wire types of fields.
const (
	wireVarint  = 0
	wireFixed64 = 1
	wireBytes   = 2
	wireFixed32 = 5
)

// Message is an encoded message. Its methods append a field. As in proto3, they omit
// zero values.
type Message []byte

func (m *Message) tag(number int, wire uint64) {
	*m = binary.AppendUvarint(*m, uint64(number)<<3|wire)
}

// Int appends an integer, a boolean or a value of an enumeration.
func (m *Message) Int(number int, value int64) {
	if value == 0 {
		return
	}
	m.tag(number, wireVarint)
	*m = binary.AppendUvarint(*m, uint64(value))
}

// BytesHead appends the header of a field of size bytes, which the caller sends after
// the message.
func (m *Message) BytesHead(number, size int) {
	m.tag(number, wireBytes)
	*m = binary.AppendUvarint(*m, uint64(size))
}

// String appends a string.
func (m *Message) String(number int, value string) {
	if value != "" {
		m.Message(number, Message(value))
	}
}

// Strings appends the elements of a repeated string.
func (m *Message) Strings(number int, values []string) {
	for _, value := range values {
		m.Message(number, Message(value))
	}
}

// Message appends a message, even an empty one.
func (m *Message) Message(number int, value Message) {
	m.BytesHead(number, len(value))
	*m = append(*m, value...)
}

// Map appends a map, in the order of its keys.
func (m *Message) Map(number int, values map[string]string) {
	for _, key := range slices.Sorted(maps.Keys(values)) {
		var entry Message
		entry.String(1, key)
		entry.String(2, values[key])
		m.Message(number, entry)
	}
}
