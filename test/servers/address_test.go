package servers

import (
	"net"
	"testing"
)

// Nobody gets the port of a kept address by chance, and its server can listen there at any
// time.
func TestKeepAddress(t *testing.T) {
	a, err := keepAddress()
	if err != nil {
		t.Fatal(err)
	}
	defer a.close()
	for range 2 {
		if conn, err := net.Dial("tcp", a.host); err == nil {
			conn.Close()
			t.Error("something listens there")
		}
		server, err := net.Listen("tcp", a.host)
		if err != nil {
			t.Fatal(err)
		}
		conn, err := net.Dial("tcp", a.host)
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
		if other.Addr().String() == a.host {
			t.Fatalf("another server got %s", a.host)
		}
		other.Close()
	}
}
