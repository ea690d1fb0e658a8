package servers

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
)

// ForwardOptions configures a forward proxy.
type ForwardOptions struct {
	Socks   bool     // SOCKS 5, by microsocks, instead of HTTP, by tinyproxy
	Account *Account // the account that it requires; nil for none
}

// Forward is a running forward proxy: the one that a client names in http_proxy
// or all_proxy.
type Forward struct {
	dir     string
	address *Address
	process *process
}

// StartForward starts a forward proxy.
func StartForward(options ForwardOptions) (*Forward, error) {
	dir, err := temporaryDir("forward")
	if err != nil {
		return nil, err
	}
	f := &Forward{dir: dir}
	if f.address, err = KeepAddress(); err == nil {
		err = f.start(options)
	}
	if err != nil {
		return nil, errors.Join(err, f.Stop())
	}
	return f, nil
}

func (f *Forward) start(options ForwardOptions) (err error) {
	host, port, err := net.SplitHostPort(f.Addr())
	if err != nil {
		return err
	}
	log := filepath.Join(f.dir, "log")
	if options.Socks {
		args := []string{"-i", host, "-p", port}
		if options.Account != nil {
			args = append(args, "-u", options.Account.Username, "-P", options.Account.Password)
		}
		f.process, err = startProcess(log, f.listening, "microsocks", args...)
		return err
	}
	config := fmt.Sprintf("Listen %s\nPort %s\nTimeout 600\n", host, port)
	if options.Account != nil {
		config += fmt.Sprintf("BasicAuth %s %s\n", options.Account.Username, options.Account.Password)
	}
	path := filepath.Join(f.dir, "tinyproxy.conf")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		return err
	}
	f.process, err = startProcess(log, f.listening, "tinyproxy", "-d", "-c", path)
	return err
}

func (f *Forward) listening() error { return dialable("tcp", f.Addr()) }

// Addr is the proxy's host:port.
func (f *Forward) Addr() string { return f.address.Host }

// Log is the end of the proxy's log.
func (f *Forward) Log() string { return tail(filepath.Join(f.dir, "log")) }

// Requests returns nil: the proxy does not record requests.
func (f *Forward) Requests() ([]Request, error) { return nil, nil }

// Forget does nothing.
func (f *Forward) Forget() error { return nil }

// Stop ends the proxy.
func (f *Forward) Stop() error {
	if f.process != nil {
		f.process.stop()
	}
	f.address.Close()
	return os.RemoveAll(f.dir)
}
