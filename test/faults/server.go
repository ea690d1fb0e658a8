package faults

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
)

// Server serves a registry on a loopback address.
type Server struct {
	*Registry
	server      *http.Server
	listener    *breaker
	certificate *x509.Certificate
}

// Serve starts a server for a registry.
func Serve(r *Registry) (*Server, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &Server{
		Registry: r,
		server:   &http.Server{Handler: r, ErrorLog: log.New(io.Discard, "", 0)},
		listener: &breaker{Listener: listener},
	}
	go s.server.Serve(s.listener)
	return s, nil
}

// ServeTLS is Serve for https, without HTTP/2.
func ServeTLS(r *Registry) (*Server, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	known := httptest.NewTLSServer(nil) // for its certificate
	defer known.Close()
	s := &Server{
		Registry:    r,
		server:      &http.Server{Handler: r, ErrorLog: log.New(io.Discard, "", 0)},
		listener:    &breaker{Listener: listener},
		certificate: known.Certificate(),
	}
	go s.server.Serve(tls.NewListener(s.listener, &tls.Config{Certificates: known.TLS.Certificates}))
	return s, nil
}

// Host returns the server's address, as 127.0.0.1:5000.
func (s *Server) Host() string { return s.listener.Addr().String() }

// Certificate returns the certificate of a server for https, for clients to trust.
func (s *Server) Certificate() *x509.Certificate { return s.certificate }

// Break closes the next connection after the server has sent this many bytes, those of
// the TLS handshake included.
func (s *Server) Break(after int64) { s.listener.next(after) }

// Heal removes all faults.
func (s *Server) Heal() {
	s.Registry.Heal()
	s.listener.heal()
}

// Close ends the server and all connections to it.
func (s *Server) Close() error {
	s.Registry.Close()
	return s.server.Close()
}

// Silent is a server that accepts connections and never answers, neither a TLS
// handshake nor an HTTP request.
type Silent struct {
	listener net.Listener
	done     chan struct{}
}

// NewSilent starts a silent server.
func NewSilent() (*Silent, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &Silent{listener, make(chan struct{})}
	go s.accept()
	return s, nil
}

func (s *Silent) accept() {
	for {
		conn, err := s.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err == nil {
			go func() {
				<-s.done
				conn.Close()
			}()
		}
	}
}

// Host returns the server's address, as 127.0.0.1:5000.
func (s *Silent) Host() string { return s.listener.Addr().String() }

// Close ends the server and all connections to it.
func (s *Silent) Close() error {
	close(s.done)
	return s.listener.Close()
}
