package faults

import (
	"bytes"
	"compress/gzip"
	"net/http"
)

func short(a *active, w http.ResponseWriter, req *http.Request, next http.Handler) {
	next.ServeHTTP(w, editing(req, func(c *content) {
		c.data = c.data[:min(a.After, int64(len(c.data)))]
	}))
}

func long(a *active, w http.ResponseWriter, req *http.Request, next http.Handler) {
	next.ServeHTTP(w, editing(req, func(c *content) {
		// Spaces keep JSON valid.
		c.data = append(bytes.Clone(c.data), bytes.Repeat([]byte(" "), int(a.After))...)
	}))
}

// endlessSize is where an endless answer ends, so that a client that takes it does not fill
// the disk.
const endlessSize = 1 << 30

func endless(a *active, w http.ResponseWriter, req *http.Request, _ http.Handler) {
	w.Header().Set("Content-Type", "application/json")
	if req.Method == http.MethodHead {
		http.NewResponseController(w).Flush() // without a Content-Length
		return
	}
	w.Write([]byte(`{"token":"`))
	piece := bytes.Repeat([]byte("x"), 32<<10)
	for sent := 0; sent < endlessSize && req.Context().Err() == nil; sent += len(piece) {
		if _, err := w.Write(piece); err != nil {
			return
		}
		select {
		case <-a.registry.closed:
			return
		default:
		}
	}
}

func corrupt(a *active, w http.ResponseWriter, req *http.Request, next http.Handler) {
	next.ServeHTTP(w, editing(req, func(c *content) {
		c.data = bytes.Clone(c.data)
		if a.After < int64(len(c.data)) {
			c.data[a.After] ^= 1
		}
	}))
}

func changed(_ *active, w http.ResponseWriter, req *http.Request, next http.Handler) {
	next.ServeHTTP(w, editing(req, func(c *content) {
		c.data = bytes.Clone(c.data)
		for i := range c.data {
			c.data[i] ^= 1
		}
	}))
}

func compressed(_ *active, w http.ResponseWriter, req *http.Request, next http.Handler) {
	next.ServeHTTP(w, editing(req, func(c *content) {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		z.Write(c.data)
		z.Close()
		c.data, c.encoding = b.Bytes(), "gzip"
	}))
}

func label(_ *active, w http.ResponseWriter, req *http.Request, next http.Handler) {
	next.ServeHTTP(w, editing(req, func(c *content) { c.encoding = "gzip" }))
}
