package test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// situations are the columns of the table.
var situations = []struct {
	name string
	try  func(*endTest, endCommand) (shown string, err error)
}{
	{"INT", func(e *endTest, c endCommand) (string, error) { return e.interrupt(c, syscall.SIGINT) }},
	{"TERM", func(e *endTest, c endCommand) (string, error) { return e.interrupt(c, syscall.SIGTERM) }},
	{"stdin closed", (*endTest).stdinClosed},
	{"stdin silent", (*endTest).stdinSilent},
	{"stdout closed", (*endTest).stdoutClosed},
	{"reader gone", (*endTest).readerGone},
	{"stdout blocked", (*endTest).stdoutBlocked},
	{"stdout full", (*endTest).stdoutFull},
}

// TestEnds runs every command in every situation. It must end with the right exit
// code and leave no incomplete output behind.
func TestEnds(t *testing.T) {
	e := newEndTest(t)
	var rows, columns []string
	for _, c := range endCommands {
		rows = append(rows, c.name)
	}
	for _, s := range situations {
		columns = append(columns, s.name)
	}
	result := newTable("exit codes", rows, columns)
	for _, c := range endCommands {
		for _, s := range situations {
			t.Run(c.name+"/"+s.name, func(t *testing.T) {
				shown, err := s.try(e.in(t), c)
				if err != nil {
					shown = "FAIL"
					t.Error(err)
				}
				result.note(c.name, s.name, shown)
			})
		}
	}
	t.Logf("\n%s\n"+
		"INT and TERM are sent while the command waits for a registry, an engine, a lock or a pipe, or\n"+
		"reads an endless file. With stdin silent and stdout blocked, TERM is sent once the command waits\n"+
		"for its input or output. A dash: the command never waits like this.", result)
}

// interrupt sends a signal to the command while it is blocked.
func (e *endTest) interrupt(c endCommand, signal syscall.Signal) (string, error) {
	if c.waits == nil {
		return "", nil
	}
	r := e.command(c, true)
	if err := r.start(); err != nil {
		return "", err
	}
	if err := r.waitFor("it waits", func() bool { return c.waits(r) }); err != nil {
		return "", err
	}
	return r.kill(signal, 128+int(signal))
}

func (e *endTest) stdinClosed(c endCommand) (string, error) {
	r := e.command(c, false)
	r.redirect = "<&-"
	return r.ends(c.stdinClosed, "")
}

func (e *endTest) stdinSilent(c endCommand) (string, error) {
	stdin, keep, err := os.Pipe()
	if err != nil {
		return "", err
	}
	defer stdin.Close()
	defer keep.Close()
	r := e.command(c, false)
	r.cmd.Stdin = stdin
	if !c.readsStdin {
		return r.ends(0, "")
	}
	if err := r.start(); err != nil {
		return "", err
	}
	if err := r.waitFor("it reads standard input", func() bool { return r.sleepsIn("pipe_read") }); err != nil {
		return "", err
	}
	return r.kill(syscall.SIGTERM, 143)
}

func (e *endTest) stdoutClosed(c endCommand) (string, error) {
	r := e.command(c, false)
	r.redirect = ">&-" // the Go runtime of hocker opens /dev/null instead
	return r.ends(0, "")
}

func (e *endTest) readerGone(c endCommand) (string, error) {
	gone, stdout, err := os.Pipe()
	if err != nil {
		return "", err
	}
	defer stdout.Close()
	gone.Close()
	r := e.command(c, false)
	r.cmd.Stdout = stdout
	if !c.writesStdout {
		return r.ends(0, "")
	}
	shown, err := r.ends(c.unwritten(), "")
	if err == nil && strings.Contains(r.stderr.String(), "pipe") {
		err = fmt.Errorf("unexpected error message: %s", r.stderr)
	}
	return shown, err
}

func (e *endTest) stdoutBlocked(c endCommand) (string, error) {
	if !c.writesStdout {
		return "", nil
	}
	reader, stdout, err := fullPipe()
	if err != nil {
		return "", err
	}
	defer reader.Close()
	defer stdout.Close()
	r := e.command(c, false)
	r.cmd.Stdout = stdout
	if err := r.start(); err != nil {
		return "", err
	}
	if err := r.waitFor("it writes", func() bool { return r.sleepsIn("pipe_write") }); err != nil {
		return "", err
	}
	return r.kill(syscall.SIGTERM, 143)
}

func (e *endTest) stdoutFull(c endCommand) (string, error) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		return "", err
	}
	defer full.Close()
	r := e.command(c, false)
	r.cmd.Stdout = full
	if !c.writesStdout {
		return r.ends(0, "")
	}
	return r.ends(c.unwritten(), "no space left on device")
}

// fullPipe returns a pipe whose buffer is full.
func fullPipe() (reader, writer *os.File, err error) {
	var fds [2]int
	if err := syscall.Pipe2(fds[:], syscall.O_CLOEXEC|syscall.O_NONBLOCK); err != nil {
		return nil, nil, err
	}
	for err == nil {
		_, err = syscall.Write(fds[1], make([]byte, os.Getpagesize()))
	}
	if err != syscall.EAGAIN {
		return nil, nil, err
	}
	// The command gets a blocking descriptor, as from a shell.
	err = syscall.SetNonblock(fds[1], false)
	return os.NewFile(uintptr(fds[0]), "reader"), os.NewFile(uintptr(fds[1]), "writer"), err
}

// endRun is one run of a command, in its own folder.
type endRun struct {
	*endTest
	line     string // the shell command
	redirect string
	dir      string
	cmd      *exec.Cmd
	stderr   said
	ended    chan struct{}
}

func (r *endRun) start() error {
	r.cmd.Args = append(r.cmd.Args, "{ "+r.line+"\n} "+r.redirect)
	r.cmd.Dir = r.dir
	r.cmd.Stderr = r.stderr.File
	r.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := r.cmd.Start(); err != nil {
		return err
	}
	r.t.Cleanup(func() {
		_ = syscall.Kill(-r.cmd.Process.Pid, syscall.SIGKILL)
		<-r.ended
	})
	go func() {
		_ = r.cmd.Wait() // check reads ProcessState
		close(r.ended)
	}()
	return nil
}

// waitFor waits until done returns true. The command must not end before.
func (r *endRun) waitFor(what string, done func() bool) error {
	for deadline := time.Now().Add(patience); !done(); time.Sleep(askAgain) {
		select {
		case <-r.ended:
			return fmt.Errorf("the command ended with exit code %d before %s: %s", r.cmd.ProcessState.ExitCode(), what, r.stderr)
		default:
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("timed out waiting until %s", what)
		}
	}
	return nil
}

// kill sends a signal and checks the exit code, the message, and that nothing is left
// behind.
func (r *endRun) kill(signal syscall.Signal, code int) (string, error) {
	if err := r.cmd.Process.Signal(signal); err != nil {
		return "", err
	}
	words := map[syscall.Signal]string{syscall.SIGINT: "interrupted", syscall.SIGTERM: "terminated"}
	return r.check(code, words[signal])
}

// ends runs the command, which must end without a signal.
func (r *endRun) ends(code int, says string) (string, error) {
	if err := r.start(); err != nil {
		return "", err
	}
	return r.check(code, says)
}

func (r *endRun) check(code int, says string) (string, error) {
	select {
	case <-r.ended:
	case <-time.After(patience):
		return "", fmt.Errorf("the command does not end")
	}
	got := r.cmd.ProcessState.ExitCode()
	if got != code || !strings.Contains(r.stderr.String(), says) {
		return "", fmt.Errorf("exit code %d, want %d and the message %q: %s", got, code, says, r.stderr)
	}
	return fmt.Sprint(got), r.checkLeft(code == 0)
}

// checkLeft checks that the command has left no temporary files behind, and no output
// unless it succeeded.
func (r *endRun) checkLeft(done bool) error {
	patterns := []string{"tmp/*", "*.part", ".hocker*", "out/.hocker*"}
	if !done {
		patterns = append(patterns, "out/*")
	}
	for _, pattern := range patterns {
		left, err := filepath.Glob(filepath.Join(r.dir, pattern))
		if err != nil || len(left) > 0 {
			return fmt.Errorf("left behind: %q (%v)", left, err)
		}
	}
	return nil
}

// sleepsIn reports whether a thread of the command sleeps in a kernel function whose
// name contains function.
func (r *endRun) sleepsIn(function string) bool { return sleepsIn(r.cmd.Process.Pid, function) }

// opensPipe reports whether a process opens a named pipe, and waits for its other end.
func opensPipe(pid int) bool { return sleepsIn(pid, "fifo_open") || sleepsIn(pid, "wait_for_partner") }

func sleepsIn(pid int, function string) bool {
	threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/wchan", pid))
	for _, thread := range threads {
		where, err := os.ReadFile(thread) // the thread may have ended
		if err == nil && strings.Contains(string(where), function) {
			return true
		}
	}
	return false
}

// hasOpen reports whether the command has a file open.
func (r *endRun) hasOpen(path string) bool {
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", r.cmd.Process.Pid))
	for _, file := range files {
		if target, err := os.Readlink(file); err == nil && target == path {
			return true
		}
	}
	return false
}

// exists reports whether the command's folder has a file of this name.
func (r *endRun) exists(name string) bool {
	_, err := os.Stat(filepath.Join(r.dir, name))
	return err == nil
}
