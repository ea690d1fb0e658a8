package faults

import (
	"net/http"
)

// headWriter calls head before it writes the header, so that head can change it.
type headWriter struct {
	http.ResponseWriter
	head func(status int, header http.Header)
	done bool
}

func (w *headWriter) WriteHeader(status int) {
	if !w.done {
		w.done = true
		w.head(status, w.Header())
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *headWriter) Write(p []byte) (int, error) {
	if !w.done {
		w.WriteHeader(http.StatusOK)
	}
	return w.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController flush and hijack.
func (w *headWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// endWriter writes the first bytes of a body and then calls end, which must not
// return.
type endWriter struct {
	http.ResponseWriter
	left int64
	end  func()
}

func (w *endWriter) Write(p []byte) (int, error) {
	if int64(len(p)) <= w.left {
		w.left -= int64(len(p))
		return w.ResponseWriter.Write(p)
	}
	w.ResponseWriter.Write(p[:w.left])
	http.NewResponseController(w.ResponseWriter).Flush()
	w.end()
	panic(http.ErrAbortHandler)
}

// Unwrap lets http.ResponseController flush and hijack.
func (w *endWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
