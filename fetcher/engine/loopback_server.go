package engine

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// maxRequest is the size limit of the head of a request to a loopbackServer.
const maxRequest = 64 << 10

// loopbackServer answers requests on the loopback interface with HTTP/1.1. The server of
// net/http would do, too, but it brings the server of crypto/tls and HTTP/2 with it:
// half a megabyte of the binary.
type loopbackServer struct {
	listener net.Listener
	handler  http.Handler
	stop     context.CancelFunc
	running  sync.WaitGroup
}

// serveLoopback starts a server on a free port, which runs until close or until ctx is
// done.
func serveLoopback(ctx context.Context, handler http.Handler) (*loopbackServer, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(ctx)
	context.AfterFunc(ctx, func() { _ = listener.Close() })
	s := &loopbackServer{listener: listener, handler: handler, stop: stop}
	s.running.Go(func() { s.accept(ctx) })
	return s, nil
}

// close ends the server and its connections, and waits for its handlers.
func (s *loopbackServer) close() {
	s.stop()
	s.running.Wait()
}

func (s *loopbackServer) accept(ctx context.Context) {
	for {
		conn, err := s.listener.Accept()
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			time.Sleep(10 * time.Millisecond) // too many open files
			continue
		}
		s.running.Go(func() { s.answer(ctx, conn) })
	}
}

// answer answers the requests on a connection, one after another.
func (s *loopbackServer) answer(ctx context.Context, conn net.Conn) {
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	limited := &io.LimitedReader{R: conn}
	in := bufio.NewReader(limited)
	for {
		limited.N = maxRequest
		request, err := http.ReadRequest(in)
		if err != nil {
			// Engines try TLS first.
			_, _ = io.WriteString(conn, "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
			return
		}
		limited.N = maxRequest
		if !s.handle(request.WithContext(ctx), in, conn) {
			return
		}
	}
}

// handle answers one request. It reports whether another one follows on the connection.
func (s *loopbackServer) handle(request *http.Request, in *bufio.Reader, conn net.Conn) bool {
	ctx, left := context.WithCancel(request.Context())
	defer left()
	next := make(chan error, 1)
	go func() {
		_, err := in.Peek(1)
		if err != nil {
			left() // the client has closed the connection
		}
		next <- err
	}()
	w := &loopbackResponse{out: bufio.NewWriter(conn), head: request.Method == http.MethodHead, header: http.Header{}}
	s.handler.ServeHTTP(w, request.WithContext(ctx))
	return w.end() && !request.Close && request.ContentLength == 0 && <-next == nil
}

// loopbackResponse implements [http.ResponseWriter].
type loopbackResponse struct {
	out     *bufio.Writer
	head    bool // of a HEAD request: without a body
	header  http.Header
	started bool
	rest    int64 // of the body
	err     error
}

func (w *loopbackResponse) Header() http.Header { return w.header }

// WriteHeader starts the response. Without a Content-Length, the end of the connection
// ends it.
func (w *loopbackResponse) WriteHeader(status int) {
	w.started = true
	if _, err := fmt.Sscan(w.header.Get("Content-Length"), &w.rest); err != nil {
		w.rest = -1
		w.header.Set("Connection", "close")
	}
	fmt.Fprintf(w.out, "HTTP/1.1 %d %s\r\n", status, http.StatusText(status))
	_ = w.header.Write(w.out) // Flush returns the error
	_, w.err = io.WriteString(w.out, "\r\n")
}

func (w *loopbackResponse) Write(p []byte) (int, error) {
	if !w.started {
		w.WriteHeader(http.StatusOK)
	}
	if w.head || w.err != nil {
		return len(p), w.err
	}
	var n int
	n, w.err = w.out.Write(p)
	w.rest -= int64(n)
	return n, w.err
}

// end completes the response, and reports whether the connection can have another one.
func (w *loopbackResponse) end() bool {
	if !w.started {
		if w.header.Get("Content-Length") == "" {
			w.header.Set("Content-Length", "0")
		}
		w.WriteHeader(http.StatusOK)
	}
	return w.out.Flush() == nil && w.err == nil && (w.rest == 0 || w.head && w.rest > 0)
}
