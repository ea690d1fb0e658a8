package grpc

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
)

// Stream is a call of a method with several messages.
type Stream struct {
	ctx    context.Context // of the call
	cancel context.CancelCauseFunc
	method string
	body   *io.PipeWriter // nil for a method that takes one message

	answered chan struct{} // closed when answer and err are set
	answer   *http.Response
	err      error
}

// Send sends a message, the concatenation of its parts. An error means that the call
// has ended; Receive returns the reason.
func (s *Stream) Send(parts ...[]byte) error {
	size := 0
	for _, part := range parts {
		size += len(part)
	}
	for _, part := range append([][]byte{prefix(size)}, parts...) {
		if _, err := s.body.Write(part); err != nil {
			return err
		}
	}
	return nil
}

// CloseSend tells the server that no more messages follow.
func (s *Stream) CloseSend() error { return s.body.Close() }

// Receive returns the next message, or [io.EOF] after the last one.
//
// Errors: as for [Conn.Call].
func (s *Stream) Receive() ([]byte, error) {
	<-s.answered
	if s.err != nil {
		return nil, s.cause(s.err)
	}
	if err := checkAnswer(s.answer); err != nil {
		return nil, &ConnError{err}
	}
	message, err := readMessage(s.answer.Body)
	switch {
	case err == io.EOF:
		return nil, s.status()
	case err != nil:
		return nil, s.cause(err)
	}
	return message, nil
}

// Close ends the call. If it is still running, the server sees it canceled.
func (s *Stream) Close() {
	s.cancel(errClosed)
	if s.body != nil {
		s.body.CloseWithError(errClosed)
	}
	<-s.answered
	if s.err == nil {
		s.answer.Body.Close()
	}
}

var errClosed = errors.New("the call has ended")

// cause returns why the call was canceled, else err, which comes from net/http.
func (s *Stream) cause(err error) error {
	if s.ctx.Err() != nil {
		return context.Cause(s.ctx)
	}
	var wrapped *url.Error
	if errors.As(err, &wrapped) { // the URL is meaningless for a socket
		err = wrapped.Err
	}
	return &ConnError{err}
}

// status returns the status of the call: [io.EOF] if it is OK. A server without
// messages may put it into the header.
func (s *Stream) status() error {
	fields := s.answer.Trailer
	if fields.Get(statusField) == "" {
		fields = s.answer.Header
	}
	err := parseStatus(s.method, fields)
	if err == nil {
		return io.EOF
	}
	return err
}

const contentType = "application/grpc"

// checkAnswer checks that a response comes from a gRPC server.
func checkAnswer(answer *http.Response) error {
	kind, _, _ := mime.ParseMediaType(answer.Header.Get("Content-Type"))
	if answer.StatusCode != http.StatusOK || kind != contentType && !strings.HasPrefix(kind, contentType+"+") {
		return fmt.Errorf("the server does not speak gRPC: it answers with status %d and content of type %q", answer.StatusCode, kind)
	}
	return nil
}

// prefix returns the prefix of an uncompressed message of this size.
func prefix(size int) []byte {
	return binary.BigEndian.AppendUint32([]byte{0}, uint32(size))
}

// maxMessage limits the size of a message from a server, in bytes. containerd's
// own client has the same limit.
const maxMessage = 16 << 20

// readMessage reads a message with its prefix. It returns [io.EOF] only before the
// first byte.
func readMessage(r io.Reader) ([]byte, error) {
	var head [5]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	size := binary.BigEndian.Uint32(head[1:])
	switch {
	case head[0] != 0:
		return nil, errors.New("the server compresses its response without being asked")
	case size > maxMessage:
		return nil, fmt.Errorf("the server sends a message of %d bytes; the limit is %d", size, maxMessage)
	}
	message := make([]byte, size)
	if _, err := io.ReadFull(r, message); err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	return message, nil
}
