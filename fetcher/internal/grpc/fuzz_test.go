package grpc

import (
	"bytes"
	"io"
	"net/http"
	"testing"
)

// The messages in the input are read in order, up to the first malformed one.
func FuzzReadMessage(f *testing.F) {
	f.Add([]byte(nil))
	f.Add([]byte("\x00\x00\x00\x00\x05hello\x00\x00\x00\x00\x00"))
	f.Add([]byte("\x00\x00\x00\x00\x05hell"))
	f.Add([]byte("\x00\x00"))
	f.Add([]byte("\x01\x00\x00\x00\x00"))
	f.Add([]byte("\x00\x01\x00\x00\x01"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r := bytes.NewReader(data)
		var read []byte
		for {
			message, err := readMessage(r)
			if err == io.EOF {
				if !bytes.Equal(read, data) {
					t.Errorf("%q ends without an error after %q", data, read)
				}
				return
			}
			if err != nil {
				if message != nil {
					t.Errorf("besides the error %v, got the message %q", err, message)
				}
				return
			}
			read = append(append(read, prefix(len(message))...), message...)
			if !bytes.HasPrefix(data, read) {
				t.Fatalf("read %q from %q", read, data)
			}
		}
	})
}

// Any status except 0 is an error with that status.
func FuzzParseStatus(f *testing.F) {
	for _, seed := range [][2]string{{"0", ""}, {"5", "no%20such"}, {"05", "%"}, {"-1", ""}, {"", "x"}, {"99999999999999999999", ""}} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, status, message string) {
		err := parseStatus("/s.S/M", http.Header{"Grpc-Status": {status}, "Grpc-Message": {message}})
		zero := len(status) > 0 && len(bytes.Trim([]byte(status), "0+-")) == 0
		if err == nil && !zero {
			t.Errorf("status %q is not an error", status)
		}
		if Is(err, 0) || err != nil && err.Error() == "" {
			t.Errorf("status %q: %v", status, err)
		}
	})
}
