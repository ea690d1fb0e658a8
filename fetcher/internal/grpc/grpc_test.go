package grpc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// serve serves HTTP/2 without TLS, as gRPC does, and returns a connection to it. It
// misbehaves as no real server does on demand.
func serve(t *testing.T, handler http.HandlerFunc) *Conn {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.Config.Protocols = new(http.Protocols)
	server.Config.Protocols.SetUnencryptedHTTP2(true)
	server.Config.Protocols.SetHTTP1(true)
	server.Start()
	t.Cleanup(server.Close)
	c := NewConn(func(context.Context) (net.Conn, error) { return net.Dial("tcp", server.Listener.Addr().String()) }, map[string]string{"containerd-namespace": "n"})
	t.Cleanup(c.Close)
	return c
}

// answer responds with messages and a status.
func answer(status, message string, messages ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.Header().Set("Trailer", "Grpc-Status, Grpc-Message")
		for _, m := range messages {
			io.WriteString(w, string(prefix(len(m)))+m)
		}
		w.Header().Set("Grpc-Status", status)
		w.Header().Set("Grpc-Message", message)
	}
}

var callTests = []struct {
	name    string
	handler http.HandlerFunc
	want    string
	err     string
	code    Code // of a StatusError
}{
	{name: "message", handler: answer("0", "", "hello"), want: "hello"},
	{name: "empty message", handler: answer("0", "", "")},
	{name: "status", handler: answer("5", "no such blob: %C3%A4 100%"), code: NotFound, err: "no such blob: %C3%A4 100%"},
	{name: "percent-encoded", handler: answer("5", "no such blob: %C3%A4 100%25"), code: NotFound, err: "no such blob: ä 100%"},
	{name: "status without a message", handler: answer("14", ""), code: Unavailable, err: "/s.S/M: status 14"},
	{name: "status after a message", handler: answer("2", "late", "hello"), code: 2, err: "late"},
	{name: "status in the header", code: PermissionDenied, err: "no", handler: func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/grpc+proto")
		w.Header().Set("Grpc-Status", "7")
		w.Header().Set("Grpc-Message", "no")
	}},
	{name: "no message", handler: answer("0", ""), err: "/s.S/M: the response has no message"},
	{name: "two messages", handler: answer("0", "", "a", "b"), err: "/s.S/M: the response has more than one message"},
	{name: "invalid status", handler: answer("ok", ""), err: "the server broke the connection: its response has no status"},
	{name: "negative status", handler: answer("-1", ""), err: "the server broke the connection: its response has no status"},
	{name: "not gRPC", err: `the server does not speak gRPC: it answers with status 404 and content of type "text/plain"`, handler: http.NotFound},
	{name: "compressed", err: "the server compresses its response without being asked", handler: func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", contentType)
		io.WriteString(w, "\x01\x00\x00\x00\x00")
	}},
	{name: "huge", err: "the server sends a message of 4294967295 bytes; the limit is 16777216", handler: func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", contentType)
		io.WriteString(w, "\x00\xff\xff\xff\xff")
	}},
	{name: "short message", err: "unexpected EOF", handler: func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", contentType)
		io.WriteString(w, "\x00\x00\x00\x00\x05")
	}},
	{name: "short prefix", err: "unexpected EOF", handler: func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", contentType)
		io.WriteString(w, "\x00\x00")
	}},
}

func TestCall(t *testing.T) {
	for _, tt := range callTests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := serve(t, tt.handler).Call(t.Context(), "/s.S/M", []byte("request"))
			if string(got) != tt.want || fmt.Sprint(err) != tt.err && (err != nil || tt.err != "") {
				t.Errorf("got %q, %v; want %q, %s", got, err, tt.want, tt.err)
			}
			if err == nil {
				return
			}
			if tt.code != 0 != Is(err, tt.code) || tt.code == 0 != errors.As(err, new(*ConnError)) {
				t.Errorf("%v is a %T, want code %d", err, err, tt.code)
			}
		})
	}
}

// The server sees the message, its prefix and the headers of the connection.
func TestRequest(t *testing.T) {
	seen := make(chan string, 2)
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		seen <- fmt.Sprintf("%s %s %q %s %s %q", r.Proto, r.URL.Path, body, r.Header.Get("Content-Type"), r.Header.Get("Containerd-Namespace"), r.Header.Get("Containerd-Lease"))
		answer("0", "", "")(w, r)
	})
	for _, tt := range []struct {
		conn  *Conn
		lease string
	}{{c.With("containerd-lease", "l"), "l"}, {c, ""}} {
		if _, err := tt.conn.Call(t.Context(), "/s.S/M", []byte("request")); err != nil {
			t.Fatal(err)
		}
		if got, want := <-seen, fmt.Sprintf(`HTTP/2.0 /s.S/M "\x00\x00\x00\x00\arequest" application/grpc n %q`, tt.lease); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// Each message of a stream is answered before the next is sent. Each side sees the end
// of the other.
func TestStream(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", contentType)
		for {
			message, err := readMessage(r.Body)
			if err != nil {
				w.Header().Set(http.TrailerPrefix+"Grpc-Status", "0")
				return
			}
			io.WriteString(w, string(prefix(len(message)))+strings.ToUpper(string(message)))
			w.(http.Flusher).Flush()
		}
	})
	s, err := c.Stream(t.Context(), "/s.S/M")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, word := range []string{"one", "two"} {
		if err := s.Send([]byte(word[:1]), []byte(word[1:])); err != nil {
			t.Fatal(err)
		}
		if got, err := s.Receive(); err != nil || string(got) != strings.ToUpper(word) {
			t.Fatalf("got %q, %v", got, err)
		}
	}
	if err := s.CloseSend(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Receive(); err != io.EOF {
		t.Errorf("end: %v, want EOF", err)
	}
}

// The status of a server that ends a stream early is returned.
func TestStreamRefused(t *testing.T) {
	s, err := serve(t, answer("6", "it exists")).Stream(t.Context(), "/s.S/M")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	_ = s.Send(make([]byte, 1<<20))
	if _, err := s.Receive(); !Is(err, AlreadyExists) {
		t.Errorf("got %v", err)
	}
}

// A waiting call ends with its context and returns the cause.
func TestCanceled(t *testing.T) {
	called := make(chan struct{})
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		close(called)
		<-r.Context().Done()
	})
	interrupted := errors.New("interrupted")
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() {
		<-called
		cancel(interrupted)
	}()
	if _, err := c.Call(ctx, "/s.S/M", nil); err != interrupted {
		t.Errorf("got %v", err)
	}
}

// An unreachable server is a ConnError with the reason, without a URL.
func TestUnreachable(t *testing.T) {
	refused := errors.New("refused")
	c := NewConn(func(context.Context) (net.Conn, error) { return nil, refused }, nil)
	s, err := c.Stream(t.Context(), "/s.S/M")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Send([]byte("x")); err == nil {
		t.Error("a message was sent")
	}
	if _, err := s.Receive(); !errors.As(err, new(*ConnError)) || err.Error() != "refused" {
		t.Errorf("got %v", err)
	}
}
