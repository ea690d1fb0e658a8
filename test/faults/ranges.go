package faults

import (
	"fmt"
	"net/http"
)

// withoutRange returns the request without its range.
func withoutRange(req *http.Request) *http.Request {
	req = req.Clone(req.Context())
	req.Header.Del("Range")
	return req
}

func noRanges(_ *active, w http.ResponseWriter, req *http.Request, next http.Handler) {
	next.ServeHTTP(&headWriter{ResponseWriter: w, head: func(_ int, header http.Header) {
		header.Del("Accept-Ranges")
	}}, withoutRange(req))
}

func falseRanges(_ *active, w http.ResponseWriter, req *http.Request, next http.Handler) {
	next.ServeHTTP(w, withoutRange(req))
}

// shifted returns the request with a range that starts by bytes earlier and has the
// same end.
func shifted(req *http.Request, by int64) *http.Request {
	var first, last int64
	n, _ := fmt.Sscanf(req.Header.Get("Range"), "bytes=%d-%d", &first, &last)
	if n == 0 {
		return req
	}
	earlier := fmt.Sprintf("bytes=%d-", max(first-by, 0))
	if n == 2 {
		earlier += fmt.Sprint(last)
	}
	req = req.Clone(req.Context())
	req.Header.Set("Range", earlier)
	return req
}

func otherRange(a *active, w http.ResponseWriter, req *http.Request, next http.Handler) {
	next.ServeHTTP(w, shifted(req, a.After))
}

func lyingRange(a *active, w http.ResponseWriter, req *http.Request, next http.Handler) {
	edited := &headWriter{ResponseWriter: w, head: func(_ int, header http.Header) {
		first, last, size, ok := contentRange(header)
		if ok {
			header.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", first+a.After, last, size))
		}
	}}
	next.ServeHTTP(edited, shifted(req, a.After))
}

func badRange(_ *active, w http.ResponseWriter, req *http.Request, next http.Handler) {
	next.ServeHTTP(&headWriter{ResponseWriter: w, head: func(_ int, header http.Header) {
		if header.Get("Content-Range") != "" {
			header.Set("Content-Range", "items one to ten")
		}
	}}, req)
}

func wrongSize(a *active, w http.ResponseWriter, req *http.Request, next http.Handler) {
	next.ServeHTTP(&headWriter{ResponseWriter: w, head: func(_ int, header http.Header) {
		if first, last, size, ok := contentRange(header); ok {
			header.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", first, last, size+a.After))
		}
	}}, req)
}

func contentRange(header http.Header) (first, last, size int64, ok bool) {
	n, _ := fmt.Sscanf(header.Get("Content-Range"), "bytes %d-%d/%d", &first, &last, &size)
	return first, last, size, n == 3
}
