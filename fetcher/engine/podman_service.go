package engine

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"
	"time"

	"hocker/fetcher/atomicfile"
	"hocker/fetcher/internal/subprocess"
)

// service is a "podman system service" that hocker starts. Podman needs no daemon,
// so most machines have no API to connect to. Starting a service takes as long as
// starting podman for anything else. It works on the storage of the user who starts
// it.
type service struct {
	cmd   *exec.Cmd
	dir   *atomicfile.Folder
	log   *os.File
	ended chan struct{} // closed when the program ends
	err   error         // the reason, once ended is closed
}

const (
	// serviceIdle is the number of seconds without a connection after which the
	// service exits by itself, should nothing else end it. When it is told to exit, it
	// waits that long for its requests to end.
	serviceIdle = "60"
	// serviceEnd limits how long the service may take to exit after a signal.
	serviceEnd = 5 * time.Second
)

// startService starts a service and waits until it listens.
//
// Errors: *[UnavailableError].
func startService(ctx context.Context, program string) (*service, error) {
	dir, err := socketDir()
	if err != nil {
		return nil, err
	}
	s := &service{dir: dir, ended: make(chan struct{})}
	// A file, since a child of podman that keeps running would hold a pipe
	// open.
	if s.log, err = os.Create(filepath.Join(dir.Path, "log")); err != nil {
		dir.Discard()
		return nil, err
	}
	s.cmd = exec.Command(program, "system", "service", "--time="+serviceIdle, s.host())
	s.cmd.Stderr = s.log
	// Podman treats an empty variable as an address.
	s.cmd.Env = slices.DeleteFunc(os.Environ(), func(variable string) bool { return variable == "CONTAINER_HOST=" })
	// Ctrl-C in a terminal is for hocker, which then stops the service.
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	subprocess.EndWithParent(s.cmd, syscall.SIGTERM)
	if err := s.start(); err != nil {
		s.log.Close()
		dir.Discard()
		return nil, &UnavailableError{Host: program, Err: err}
	}
	if err := s.await(ctx); err != nil {
		return nil, errors.Join(err, s.stop())
	}
	return s, nil
}

// start starts the program. Its thread lives as long as the program, which the kernel ends
// with it.
func (s *service) start() error {
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := s.cmd.Start()
		started <- err
		if err == nil {
			s.err = s.cmd.Wait()
			close(s.ended)
		}
	}()
	return <-started
}

// maxSocketPath is the longest path of a socket on Linux, in bytes: unix(7).
const maxSocketPath = 107

// socketDir makes a temporary folder for a socket.
func socketDir() (*atomicfile.Folder, error) {
	dir, err := atomicfile.CreateFolder("", 0o700)
	if err == nil && len(socketIn(dir)) > maxSocketPath {
		dir.Discard()
		dir, err = atomicfile.CreateFolder("/tmp", 0o700)
	}
	return dir, err
}

func socketIn(dir *atomicfile.Folder) string { return filepath.Join(dir.Path, "sock") }

// host is the service's address, as in [Endpoint].
func (s *service) host() string { return "unix://" + socketIn(s.dir) }

// await waits until the service listens.
func (s *service) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, connectTimeout, errSlowService)
	defer cancel()
	for pause := time.Millisecond; ; pause = min(2*pause, 16*time.Millisecond) {
		if c, err := new(net.Dialer).DialContext(ctx, "unix", socketIn(s.dir)); err == nil {
			return c.Close()
		}
		select {
		case <-s.ended:
			return &UnavailableError{Host: s.cmd.Path, Err: s.failure()}
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(pause):
		}
	}
}

var errSlowService = errors.New("podman system service does not listen")

// failure returns the reason why the service exited, from its log.
func (s *service) failure() error {
	var messages lastBytes
	if data, err := os.ReadFile(s.log.Name()); err == nil {
		_, _ = messages.Write(data)
	}
	return &commandError{program: "podman system service", words: messages.line(), err: s.err}
}

// stop ends the service and removes its socket. The first program of a user without root
// has a child that is the service, in the same process group.
func (s *service) stop() error {
	_ = syscall.Kill(-s.cmd.Process.Pid, syscall.SIGTERM) // fails only if all have ended
	select {
	case <-s.ended:
	case <-time.After(serviceEnd):
		_ = s.cmd.Process.Kill()
		<-s.ended
	}
	s.dir.Discard()
	return s.log.Close()
}
