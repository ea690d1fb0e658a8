package servers

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"time"
)

// LinkOptions configures the faults of a link.
type LinkOptions struct {
	CutAfter  int64 // break the connection after this many bytes of the content, 0 for never
	Rate      int64 // limit of bytes a second, 0 for none
	HoldAfter int64 // hold a body after this many bytes until Release, 0 for never
}

// Link is a faulty connection to a registry: a proxy that forwards requests and
// responses unchanged, but slows down or cuts off bodies.
type Link struct {
	record
	addr    string
	server  *http.Server
	release chan struct{} // closed by Release
}

// StartLink starts a link to the server at upstream, host:port.
func StartLink(upstream string, options LinkOptions) (*Link, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	l := &Link{addr: listener.Addr().String(), release: make(chan struct{})}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: upstream})
			r.Out.Host = r.In.Host
		},
		Transport: &http.Transport{DisableCompression: true},
		ModifyResponse: func(answer *http.Response) error {
			body := &badBody{ReadCloser: answer.Body, options: options, release: l.release, gone: answer.Request.Context().Done()}
			// A range request is cut at the same offset of the blob.
			fmt.Sscanf(answer.Header.Get("Content-Range"), "bytes %d-", &body.read)
			answer.Body = body
			return nil
		},
		FlushInterval: -1,
		ErrorLog:      log.New(io.Discard, "", 0), // the cuts are intended
	}
	l.server = &http.Server{Handler: l.handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		proxy.ServeHTTP(headerFirst{w}, r)
	}))}
	go l.server.Serve(listener)
	return l, nil
}

// Addr is the link's host:port.
func (l *Link) Addr() string { return l.addr }

// Log is empty: the link logs only its requests.
func (l *Link) Log() string { return "" }

// Release lets all held and further data through. It must be called only once.
func (l *Link) Release() { close(l.release) }

// Stop ends the link.
func (l *Link) Stop() error { return l.server.Close() }

// headerFirst sends the header of a response before its body, so that a connection
// that is cut at once is still cut in the body.
type headerFirst struct{ http.ResponseWriter }

func (w headerFirst) WriteHeader(status int) {
	w.ResponseWriter.WriteHeader(status)
	_ = http.NewResponseController(w.ResponseWriter).Flush()
}

// Unwrap lets http.ResponseController flush.
func (w headerFirst) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// badBody is a body with the faults of LinkOptions.
type badBody struct {
	io.ReadCloser
	options LinkOptions
	read    int64 // offset in the content, including the start of a range
	release <-chan struct{}
	gone    <-chan struct{} // closed when the client has disconnected
}

// Read fails at the cut; the proxy then closes its connection.
func (b *badBody) Read(p []byte) (int, error) {
	if cut := b.options.CutAfter; cut > 0 {
		if b.read >= cut {
			return 0, io.ErrUnexpectedEOF
		}
		p = p[:min(int64(len(p)), cut-b.read)]
	}
	if hold := b.options.HoldAfter; hold > 0 {
		if b.read >= hold {
			select {
			case <-b.release:
			case <-b.gone:
			}
		} else {
			p = p[:min(int64(len(p)), hold-b.read)]
		}
	}
	if rate := b.options.Rate; rate > 0 {
		const pieces = 20 // a second
		p = p[:min(int64(len(p)), max(rate/pieces, 1))]
		time.Sleep(time.Second / pieces)
	}
	n, err := b.ReadCloser.Read(p)
	b.read += int64(n)
	return n, err
}
