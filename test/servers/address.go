package servers

import (
	"fmt"
	"os"
	"syscall"
)

// Address is a loopback address that is kept for a server: as long as nothing listens there,
// connections are refused. Otherwise another program could get the port, after it was found
// to be free and before the server listens, or while the server is stopped.
//
// It is a socket that is bound and does not listen. The kernel gives its port to nobody who
// asks for any port, but to a server that asks for this one with SO_REUSEADDR, as all do.
type Address struct {
	Host   string // as 127.0.0.1:5000
	socket *os.File
}

// KeepAddress keeps a new address until it is closed.
func KeepAddress() (*Address, error) {
	syscall.ForkLock.RLock()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err == nil {
		syscall.CloseOnExec(fd)
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	socket := os.NewFile(uintptr(fd), "socket")
	err = syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1)
	if err == nil {
		err = syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}})
	}
	var name syscall.Sockaddr
	if err == nil {
		name, err = syscall.Getsockname(fd)
	}
	if err != nil {
		socket.Close()
		return nil, fmt.Errorf("no loopback address: %w", err)
	}
	return &Address{fmt.Sprintf("127.0.0.1:%d", name.(*syscall.SockaddrInet4).Port), socket}, nil
}

// Close gives the address up. a may be nil.
func (a *Address) Close() {
	if a != nil {
		a.socket.Close()
	}
}
