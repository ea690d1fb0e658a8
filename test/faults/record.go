package faults

import (
	"fmt"
	"net/http"
	"strings"
)

// Request is a recorded request and the status of its answer.
type Request struct {
	Method, Path, Host     string
	Range, IfRange         string
	Authorization, Referer string // as sent
	Encoding               string // accepted
	Remote                 string // the client's address: one for each connection
	Status                 int    // 0: no answer, or none yet
}

// String describes the request in one line, without secrets.
func (r Request) String() string {
	scheme, _, _ := strings.Cut(r.Authorization, " ")
	return fmt.Sprintf("%s %s %d auth=%s range=%s host=%s", r.Method, r.Path, r.Status, dash(scheme), dash(r.Range), r.Host)
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func (r *Registry) note(req *http.Request) *Request {
	noted := &Request{
		Method:        req.Method,
		Path:          req.URL.Path,
		Host:          req.Host,
		Range:         req.Header.Get("Range"),
		IfRange:       req.Header.Get("If-Range"),
		Authorization: req.Header.Get("Authorization"),
		Referer:       req.Header.Get("Referer"),
		Encoding:      req.Header.Get("Accept-Encoding"),
		Remote:        req.RemoteAddr,
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests = append(r.requests, noted)
	return noted
}

func (r *Registry) noteStatus(noted *Request, status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	noted.Status = status
}

// Requests returns the requests since the last Forget, in order.
func (r *Registry) Requests() []Request {
	r.mu.Lock()
	defer r.mu.Unlock()
	requests := make([]Request, len(r.requests))
	for i, noted := range r.requests {
		requests[i] = *noted
	}
	return requests
}

// Forget forgets the requests.
func (r *Registry) Forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests = nil
}
