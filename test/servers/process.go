package servers

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

const (
	// readyTimeout is generous because a loaded two-core machine may be
	// compiling, unpacking and starting other servers at the same moment.
	readyTimeout = 5 * time.Minute
	// stopTimeout is how long a server may take to end by itself; dockerd
	// needs about a second.
	stopTimeout = time.Minute
	// pollInterval is the time between two checks of readiness.
	pollInterval = 10 * time.Millisecond
	// logTail is how much of a server's log an error message carries.
	logTail = 4 << 10
)

// process is a program that this package has started.
type process struct {
	cmd     *exec.Cmd
	logPath string
	exited  chan struct{} // closed when the program has ended
}

// startProcess runs program with its output in logPath, and waits until ready returns
// nil. If the program ends before, the error has the end of its log. The log's folder
// is also the program's temporary folder: if containerd is slow to answer, dockerd makes
// it dump its stacks there.
func startProcess(logPath string, ready func() error, program string, args ...string) (*process, error) {
	environ := append(cleanEnviron(), "TMPDIR="+filepath.Dir(logPath))
	return startProcessWith(environ, logPath, ready, program, args...)
}

// startProcessWith is startProcess with another environment.
func startProcessWith(environ []string, logPath string, ready func() error, program string, args ...string) (*process, error) {
	path, err := lookPath(program)
	if err != nil {
		return nil, err
	}
	log, err := os.OpenFile(logPath, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd := exec.Command(path, args...)
	cmd.Dir = filepath.Dir(logPath)
	cmd.Env = environ
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = dieWithParent()
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{cmd: cmd, logPath: logPath, exited: make(chan struct{})}
	go func() {
		_ = cmd.Wait() // a stopped server may exit with any status
		close(p.exited)
	}()
	if err := p.awaitReady(ready); err != nil {
		p.stop()
		return nil, fmt.Errorf("%s: %w\n%s", program, err, p.log())
	}
	return p, nil
}

// awaitReady polls ready until it returns nil, the program ends or the time is up.
func (p *process) awaitReady(ready func() error) error {
	deadline := time.Now().Add(readyTimeout)
	for {
		err := ready()
		if err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("not ready after %v: %w", readyTimeout, err)
		}
		select {
		case <-p.exited:
			return errors.New("ended while starting")
		case <-time.After(pollInterval):
		}
	}
}

// stop sends the program a TERM, and a KILL if it does not exit.
func (p *process) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // an error means that it has ended
	select {
	case <-p.exited:
	case <-time.After(stopTimeout):
		p.kill()
	}
}

// kill ends the program at once.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // an error means that it has ended
	<-p.exited
}

// log returns the end of the program's output.
func (p *process) log() string {
	return tail(p.logPath)
}

// tail returns the last logTail bytes of a file, from the start of a line.
func tail(path string) string {
	data, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	if len(data) > logTail {
		data = data[len(data)-logTail:]
		if i := bytes.IndexByte(data, '\n'); i >= 0 {
			data = data[i+1:]
		}
	}
	return string(data)
}

// temporaryDir makes a directory that other users can access, for nginx's workers and
// Nix's build users.
func temporaryDir(name string) (string, error) {
	dir, err := os.MkdirTemp("", "hocker-"+name+"-")
	if err != nil {
		return "", err
	}
	return dir, os.Chmod(dir, 0o755)
}
