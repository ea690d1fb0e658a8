// Package grpc calls the methods of a gRPC server on a socket. It implements only the
// protocol: HTTP/2 from the standard library, a prefix of five bytes before each
// message, and the status in the trailer.
//
// https://github.com/grpc/grpc/blob/v1.76.0/doc/PROTOCOL-HTTP2.md
package grpc

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
)

// Conn calls the methods of a server. It keeps one connection, without TLS, and
// reconnects if that breaks. It is safe for concurrent use.
type Conn struct {
	client *http.Client
	header http.Header
}

// NewConn returns a Conn that connects with dial. It does not connect. The keys of
// header, which each call sends, are in lower case.
func NewConn(dial func(context.Context) (net.Conn, error), header map[string]string) *Conn {
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	c := &Conn{
		client: &http.Client{Transport: &http.Transport{
			Protocols:          protocols,
			DisableCompression: true,
			DialContext:        func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) },
		}},
		header: http.Header{"Content-Type": {contentType}, "Te": {"trailers"}},
	}
	for key, value := range header {
		c.header.Set(key, value)
	}
	return c
}

// With returns a Conn with one more header. Both use the same connection.
func (c *Conn) With(key, value string) *Conn {
	header := maps.Clone(c.header)
	header.Set(key, value)
	return &Conn{client: c.client, header: header}
}

// Close closes the connection once no call uses it.
func (c *Conn) Close() { c.client.CloseIdleConnections() }

// Call calls a method that takes one message and returns one. The method is
// /PACKAGE.SERVICE/METHOD.
//
// Errors: *[StatusError], *[ConnError], and the cause of a canceled context.
func (c *Conn) Call(ctx context.Context, method string, message []byte) ([]byte, error) {
	s, err := c.start(ctx, method, bytes.NewReader(append(prefix(len(message)), message...)))
	if err != nil {
		return nil, err
	}
	defer s.Close()
	answer, err := s.Receive()
	if err == io.EOF {
		return nil, &ConnError{fmt.Errorf("%s: the response has no message", method)}
	}
	if err != nil {
		return nil, err
	}
	// The status comes after the message.
	switch _, err = s.Receive(); err {
	case io.EOF:
		return answer, nil
	case nil:
		return nil, &ConnError{fmt.Errorf("%s: the response has more than one message", method)}
	}
	return nil, err
}

// Stream calls a method that takes several messages, and returns several. The caller
// closes it.
func (c *Conn) Stream(ctx context.Context, method string) (*Stream, error) {
	r, w := io.Pipe()
	s, err := c.start(ctx, method, r)
	if err != nil {
		return nil, err
	}
	s.body = w
	return s, nil
}

// start sends a request whose body is read until its end, and waits for the header of
// the response in the background.
func (c *Conn) start(ctx context.Context, method string, body io.Reader) (*Stream, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://localhost"+method, body)
	if err != nil {
		cancel(nil)
		return nil, err
	}
	request.Header = c.header
	s := &Stream{ctx: ctx, cancel: cancel, method: method, answered: make(chan struct{})}
	go func() {
		defer close(s.answered)
		s.answer, s.err = c.client.Do(request)
	}()
	return s, nil
}
