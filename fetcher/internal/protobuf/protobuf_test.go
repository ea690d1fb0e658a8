package protobuf

import (
	"bytes"
	"encoding/binary"
	"maps"
	"math"
	"strings"
	"testing"
)

// The messages are the output of protoc --encode for
//
//	message M { int64 a = 1; string b = 2; M c = 3; map<string, string> d = 5; fixed64 e = 6; fixed32 f = 7; int64 g = 150; }
var parseTests = []struct {
	name string
	in   string
	a    int64
	b    string
	d    map[string]string
	g    int64
	err  string
}{
	{name: "empty"},
	{name: "integer from the documentation", in: "\x08\x96\x01", a: 150},
	{name: "negative integer", in: "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", a: -1},
	{name: "string from the documentation", in: "\x12\x07testing", b: "testing"},
	{name: "empty string", in: "\x12\x00"},
	{name: "last one counts", in: "\x08\x01\x12\x01x\x08\x02\x12\x01y", a: 2, b: "y"},
	{name: "large field number", in: "\xb0\x09\x07", g: 7},
	{name: "map", in: "\x2a\x06\x0a\x01k\x12\x01v\x2a\x03\x0a\x01l", d: map[string]string{"k": "v", "l": ""}},
	{name: "fixed sizes are skipped", in: "\x3112345678\x3d1234\x08\x01", a: 1},
	{name: "another type than expected", in: "\x0a\x01x\x10\x05"},

	{name: "only a number", in: "\x08", err: "protobuf: the message is truncated"},
	{name: "broken varint", in: "\x08\x96", err: "protobuf: the message is truncated"},
	{name: "short string", in: "\x12\x08testing", err: "protobuf: the message is truncated"},
	{name: "huge string", in: "\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", err: "protobuf: the message is truncated"},
	{name: "short fixed64", in: "\x311234567", err: "protobuf: the message is truncated"},
	{name: "short fixed32", in: "\x3d123", err: "protobuf: the message is truncated"},
	{name: "long varint", in: "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", err: "protobuf: a number is too large"},
	{name: "field 0", in: "\x00\x01", err: "protobuf: invalid field number 0"},
	{name: "large number", in: "\x80\x80\x80\x80\x10\x01", err: "protobuf: invalid field number 536870912"},
	{name: "group", in: "\x0b\x0c", err: "protobuf: invalid wire type 3 of field 1"},
	{name: "broken map", in: "\x2a\x01\x0a", err: "protobuf: the message is truncated"},
}

func TestParse(t *testing.T) {
	for _, tt := range parseTests {
		t.Run(tt.name, func(t *testing.T) {
			fields, err := Parse([]byte(tt.in))
			var d map[string]string
			if err == nil {
				d, err = fields.Map(5)
			}
			if err != nil || tt.err != "" {
				if err == nil || err.Error() != tt.err {
					t.Errorf("error %v, want %q", err, tt.err)
				}
				return
			}
			if a, b, g := fields.Int(1), fields.String(2), fields.Int(150); a != tt.a || b != tt.b || g != tt.g || !maps.Equal(d, tt.d) {
				t.Errorf("got %d, %q, %v, %d; want %d, %q, %v, %d", a, b, d, g, tt.a, tt.b, tt.d, tt.g)
			}
		})
	}
}

// The output is as in the documentation of the format, and parses to the same
// fields.
func TestMessage(t *testing.T) {
	var inner, m Message
	inner.Int(1, 150)
	m.Int(1, 0)
	m.String(2, "")
	m.String(2, "testing")
	m.Message(3, inner)
	m.Map(5, map[string]string{"l": "", "k": "v"})
	m.Strings(8, []string{"x", ""})
	m.Int(150, math.MinInt64)
	const want = "\x12\x07testing\x1a\x03\x08\x96\x01\x2a\x06\x0a\x01k\x12\x01v\x2a\x03\x0a\x01l\x42\x01x\x42\x00" +
		"\xb0\x09\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"
	if string(m) != want {
		t.Fatalf("got %q, want %q", m, want)
	}
	fields, err := Parse(m)
	if err != nil {
		t.Fatal(err)
	}
	c, err := fields.Message(3)
	if err != nil || c.Int(1) != 150 || fields.Int(150) != math.MinInt64 || string(bytes.Join(fields.Repeated(8), []byte(","))) != "x," {
		t.Errorf("read back: %v, %v", fields, err)
	}
	if missing, err := fields.Message(4); err != nil || missing != nil {
		t.Errorf("a missing message: %v, %v", missing, err)
	}
}

// BytesHead and the bytes are the same as an appended field.
func TestBytesHead(t *testing.T) {
	data := strings.Repeat("x", 300)
	var whole, head Message
	whole.String(6, data)
	head.BytesHead(6, len(data))
	if string(head)+data != string(whole) {
		t.Errorf("head %q of %q", head, whole[:8])
	}
}

// An accepted message keeps its meaning when it is written again.
func FuzzParse(f *testing.F) {
	for _, tt := range parseTests {
		f.Add([]byte(tt.in))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		fields, err := Parse(data)
		if err != nil {
			if fields != nil {
				t.Errorf("besides the error %v, got fields %v", err, fields)
			}
			return
		}
		var m Message
		for _, field := range fields {
			if field.Bytes != nil {
				m.Message(field.Number, field.Bytes)
			} else {
				m.tag(field.Number, wireVarint)
				m = binary.AppendUvarint(m, field.Int)
			}
		}
		if len(m) > len(data) {
			t.Errorf("%d bytes become %d", len(data), len(m))
		}
		again, err := Parse(m)
		if err != nil || len(again) != len(fields) {
			t.Fatalf("%v becomes %v, %v", fields, again, err)
		}
		for i, field := range again {
			if was := fields[i]; field.Number != was.Number || field.Int != was.Int || !bytes.Equal(field.Bytes, was.Bytes) || (field.Bytes == nil) != (was.Bytes == nil) {
				t.Errorf("field %v becomes %v", was, field)
			}
		}
	})
}
