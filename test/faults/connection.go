package faults

import (
	"bytes"
	"cmp"
	"crypto/tls"
	"net"
	"net/http"
	"time"
)

func cut(a *active, w http.ResponseWriter, req *http.Request, next http.Handler) {
	next.ServeHTTP(&endWriter{w, a.After, func() {}}, req)
}

func reset(a *active, w http.ResponseWriter, req *http.Request, next http.Handler) {
	next.ServeHTTP(&endWriter{w, a.After, func() {
		conn := wire(w)
		if plain, ok := conn.(interface{ SetLinger(seconds int) error }); ok { // net.TCPConn
			plain.SetLinger(0)
		}
		conn.Close()
	}}, req)
}

func truncate(a *active, w http.ResponseWriter, req *http.Request, next http.Handler) {
	next.ServeHTTP(&endWriter{w, a.After, func() { wire(w).Close() }}, req)
}

// wire returns the connection of an answer, below TLS. Over HTTP/2, which has several
// answers on one connection, it resets the stream instead.
func wire(w http.ResponseWriter) net.Conn {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if secure, ok := conn.(*tls.Conn); ok {
		conn = secure.NetConn()
	}
	return conn
}

func garbage(a *active, w http.ResponseWriter, _ *http.Request, _ http.Handler) {
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer conn.Close()
	buffered.Write(bytes.Repeat([]byte("\x00\xffgarbage\n"), int(a.After/10)+1))
	buffered.Flush()
}

func stall(a *active, w http.ResponseWriter, req *http.Request, next http.Handler) {
	next.ServeHTTP(&endWriter{w, a.After, func() { a.registry.hold(req) }}, req)
}

func hang(a *active, _ http.ResponseWriter, req *http.Request, _ http.Handler) {
	a.registry.hold(req)
	panic(http.ErrAbortHandler)
}

// hold waits until the client disconnects or the registry is closed.
func (r *Registry) hold(req *http.Request) {
	select {
	case <-req.Context().Done():
	case <-r.closed:
	}
}

func hangUp(*active, http.ResponseWriter, *http.Request, http.Handler) {
	panic(http.ErrAbortHandler)
}

func slow(a *active, w http.ResponseWriter, req *http.Request, next http.Handler) {
	next.ServeHTTP(&slowWriter{w, a.Max, req.Context().Done()}, req)
}

// slowWriter writes max bytes a second.
type slowWriter struct {
	http.ResponseWriter
	max  int64
	gone <-chan struct{}
}

func (w *slowWriter) Write(p []byte) (int, error) {
	select {
	case <-w.gone:
	case <-time.After(time.Duration(len(p)) * time.Second / time.Duration(w.max)):
	}
	return w.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController flush and hijack.
func (w *slowWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func busy(a *active, w http.ResponseWriter, req *http.Request, next http.Handler) {
	if !a.enter() {
		a.refuse(w, cmp.Or(a.Code, http.StatusTooManyRequests))
		return
	}
	defer a.leave()
	next.ServeHTTP(w, req)
}

func (a *active) enter() bool {
	a.registry.mu.Lock()
	defer a.registry.mu.Unlock()
	if a.busy >= a.Max {
		return false
	}
	a.busy++
	return true
}

func (a *active) leave() {
	a.registry.mu.Lock()
	defer a.registry.mu.Unlock()
	a.busy--
}
