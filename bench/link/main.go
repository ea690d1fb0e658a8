// Command link simulates a slow link to a nearby server. It is a TCP proxy that delays
// the data and limits the rate of each connection.
//
//	link -to 127.0.0.1:5000 -rtt 50ms -rate 20000000
//
// It prints the address that it listens on, and runs until it is killed.
package main

import (
	"flag"
	"fmt"
	"log"
	"net"
	"time"
)

func main() {
	to := flag.String("to", "", "address of the server")
	rtt := flag.Duration("rtt", 50*time.Millisecond, "round trip time that is added")
	rate := flag.Int("rate", 20_000_000, "bytes per second that a connection gets from the server")
	flag.Parse()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(listener.Addr())
	for {
		client, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go carry(client, *to, *rtt, *rate)
	}
}

// carry connects a client to the server. The kernel has completed the client's
// TCP handshake already, so its round trip is added before the first byte.
func carry(client net.Conn, to string, rtt time.Duration, rate int) {
	defer client.Close()
	time.Sleep(rtt)
	server, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	defer server.Close()
	done := make(chan struct{}, 2)
	go func() { forward(server, client, rtt/2, 0); done <- struct{}{} }()
	go func() { forward(client, server, rtt/2, rate); done <- struct{}{} }()
	<-done
}

type piece struct {
	data []byte
	due  time.Time
}

// forward copies src to dst, each piece after a delay, and no faster than rate,
// if there is one.
func forward(dst, src net.Conn, delay time.Duration, rate int) {
	// The data in flight: at least rate times delay.
	pieces := make(chan piece, 256)
	go func() {
		defer close(pieces)
		for {
			b := make([]byte, 16<<10)
			n, err := src.Read(b)
			if n > 0 {
				pieces <- piece{b[:n], time.Now().Add(delay)}
			}
			if err != nil {
				return
			}
		}
	}()
	free := time.Now() // when the link is free for the next piece
	for p := range pieces {
		due := p.due
		if rate > 0 {
			if free.After(due) {
				due = free
			}
			free = due.Add(time.Duration(float64(len(p.data)) / float64(rate) * float64(time.Second)))
		}
		time.Sleep(time.Until(due))
		if _, err := dst.Write(p.data); err != nil {
			return
		}
	}
}
