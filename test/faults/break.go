package faults

import (
	"net"
	"sync"
)

// breaker is a listener that breaks connections.
type breaker struct {
	net.Listener

	mu    sync.Mutex
	limit []int64 // of the next connections
}

func (b *breaker) next(limit int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.limit = append(b.limit, limit)
}

func (b *breaker) heal() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.limit = nil
}

// Accept implements net.Listener.
func (b *breaker) Accept() (net.Conn, error) {
	conn, err := b.Listener.Accept()
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.limit) == 0 {
		return conn, nil
	}
	limit := b.limit[0]
	b.limit = b.limit[1:]
	return &brokenConn{Conn: conn, left: limit}, nil
}

// brokenConn is closed after a number of bytes.
type brokenConn struct {
	net.Conn
	left int64
}

func (c *brokenConn) Write(p []byte) (int, error) {
	if int64(len(p)) <= c.left {
		c.left -= int64(len(p))
		return c.Conn.Write(p)
	}
	n, err := c.Conn.Write(p[:c.left])
	c.left = 0
	c.Conn.Close()
	if err == nil {
		err = net.ErrClosed
	}
	return n, err
}
