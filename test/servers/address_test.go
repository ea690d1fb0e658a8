package servers

import (
	"net"
	"testing"
)

// Nobody gets the port of a kept address by chance, and its server can listen there at any
// time.
func TestKeepAddress(t *testing.T) {
	a, err := KeepAddress()
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	for range 2 {
		if conn, err := net.Dial("tcp", a.Host); err == nil {
			conn.Close()
			t.Error("something listens there")
		}
		server, err := net.Listen("tcp", a.Host)
		if err != nil {
			t.Fatal(err)
		}
		conn, err := net.Dial("tcp", a.Host)
		if err != nil {
			t.Fatal(err)
		}
		conn.Close()
		server.Close()
	}
	// A new socket gets the next free port, or one at random: in some of so many, one that
	// is only found to be free.
	for range 100_000 {
		other, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		if other.Addr().String() == a.Host {
			t.Fatalf("another server got %s", a.Host)
		}
		other.Close()
	}
}
