package faults

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"
	"time"
)

func status(a *active, w http.ResponseWriter, _ *http.Request, _ http.Handler) {
	a.refuse(w, a.Code)
}

func (a *active) refuse(w http.ResponseWriter, code int) {
	if a.RetryAfter != "" {
		w.Header().Set("Retry-After", retryAfter(a.RetryAfter))
	}
	fail(w, code, "FAULT", "injected fault")
}

// retryAfter converts now+3s to a date.
func retryAfter(text string) string {
	if rest, ok := strings.CutPrefix(text, "now+"); ok {
		if d, err := time.ParseDuration(rest); err == nil {
			return time.Now().Add(d).UTC().Format(http.TimeFormat)
		}
	}
	return text
}

// redirect sends clients to a signed URL below /cdn/, where it checks the
// signature.
func redirect(a *active, w http.ResponseWriter, req *http.Request, next http.Handler) {
	if strings.HasPrefix(req.URL.Path, "/cdn/") {
		if !a.registry.honours(req.URL.Query().Get("sig"), int(a.Max)) {
			fail(w, http.StatusForbidden, "DENIED", "request has expired")
			return
		}
		next.ServeHTTP(w, req)
		return
	}
	if !a.registry.letIn(w, req) {
		return
	}
	http.Redirect(w, req, fmt.Sprintf("%s/cdn/blobs/%s?sig=%s", cmp.Or(a.To, self(req)), lastPart(req.URL.Path), a.registry.sign()), http.StatusTemporaryRedirect)
}

func (r *Registry) sign() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	signature := fmt.Sprintf("signature-%d", len(r.signed)+1)
	r.signed[signature] = 0
	return signature
}

// honours reports whether a signature is valid and has been used fewer than most
// times; 0 means no limit.
func (r *Registry) honours(signature string, most int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	used, known := r.signed[signature]
	r.signed[signature]++
	return known && (most == 0 || used < most)
}

func loop(_ *active, w http.ResponseWriter, req *http.Request, _ http.Handler) {
	http.Redirect(w, req, req.URL.Path, http.StatusTemporaryRedirect)
}

func chunked(_ *active, w http.ResponseWriter, req *http.Request, next http.Handler) {
	next.ServeHTTP(&headWriter{ResponseWriter: w, head: func(_ int, header http.Header) {
		header.Del("Content-Length")
		header.Set("Transfer-Encoding", "chunked")
	}}, req)
}

func headers(a *active, w http.ResponseWriter, req *http.Request, next http.Handler) {
	w.Header().Set("X-Padding", strings.Repeat("x", int(a.After)))
	next.ServeHTTP(w, req)
}

func overrun(a *active, w http.ResponseWriter, req *http.Request, next http.Handler) {
	next.ServeHTTP(w, req)
	if w.Header().Get("Content-Length") == "" {
		return // it may still have an end to send
	}
	control := http.NewResponseController(w)
	control.Flush()
	conn, buffered, err := control.Hijack()
	if err != nil {
		return // HTTP/2 allows no bytes outside of frames
	}
	defer conn.Close()
	buffered.Write(make([]byte, a.After))
	buffered.Flush()
}
