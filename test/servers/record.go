package servers

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
)

// Request is an HTTP request as a server received it.
type Request struct {
	Method   string `json:"method"`
	Path     string `json:"path"`     // with the query, if any
	Status   int    `json:"status"`   // 0 while it is being answered
	Agent    string `json:"agent"`    // User-Agent
	Auth     string `json:"auth"`     // scheme of the Authorization header: "Basic", "Bearer" or ""
	Range    string `json:"range"`    // Range header
	Encoding string `json:"encoding"` // Accept-Encoding header
	Host     string `json:"host"`     // Host header
	Remote   string `json:"remote"`   // the client's address, one for each connection
}

// String gives the line that the requests assertion of the scripts matches.
// Absent headers read "-".
func (r Request) String() string {
	dash := func(s string) string {
		if s == "" {
			return "-"
		}
		return s
	}
	return fmt.Sprintf("%s %s %d agent=%s auth=%s range=%s encoding=%s host=%s remote=%s",
		r.Method, r.Path, r.Status, dash(r.Agent), dash(r.Auth), dash(r.Range), dash(r.Encoding), r.Host, r.Remote)
}

// record keeps the requests of one server.
type record struct {
	mu       sync.Mutex
	requests []*Request
}

// Requests returns a copy of the requests since the last Forget.
func (r *record) Requests() ([]Request, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	requests := make([]Request, len(r.requests))
	for i, request := range r.requests {
		requests[i] = *request
	}
	return requests, nil
}

// Forget empties the record.
func (r *record) Forget() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests = nil
	return nil
}

// handler records each request on arrival, before the client has the response, and
// its status when the response starts.
func (r *record) handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		scheme, _, _ := strings.Cut(req.Header.Get("Authorization"), " ")
		request := &Request{
			Method:   req.Method,
			Path:     req.URL.RequestURI(),
			Agent:    req.UserAgent(),
			Auth:     scheme,
			Range:    req.Header.Get("Range"),
			Encoding: req.Header.Get("Accept-Encoding"),
			Host:     req.Host,
			Remote:   req.RemoteAddr,
		}
		r.mu.Lock()
		r.requests = append(r.requests, request)
		r.mu.Unlock()
		next.ServeHTTP(&statusWriter{ResponseWriter: w, note: func(status int) {
			r.mu.Lock()
			request.Status = status
			r.mu.Unlock()
		}}, req)
	})
}

// statusWriter records the status code of a response.
type statusWriter struct {
	http.ResponseWriter
	note func(status int)
	done bool
}

func (w *statusWriter) WriteHeader(status int) {
	if !w.done && status >= 200 { // 1xx is not the final status
		w.done = true
		w.note(status)
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(p []byte) (int, error) {
	if !w.done {
		w.done = true
		w.note(http.StatusOK)
	}
	return w.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController flush and hijack.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
