package faults

import (
	"errors"
	"io"
	"log"
	"net"
	"net/http"
)

// Server serves a registry on a loopback address.
type Server struct {
	*Registry
	server *http.Server
	host   string
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
		host:     listener.Addr().String(),
	}
	go s.server.Serve(listener)
	return s, nil
}

// Host returns the server's address, as 127.0.0.1:5000.
func (s *Server) Host() string { return s.host }

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
