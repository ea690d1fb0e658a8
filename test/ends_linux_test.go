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

// situations are what a command is put into, in the order of the table's columns.
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
	{"nobody reads", (*endTest).nobodyReads},
	{"stdout full", (*endTest).stdoutFull},
}

// TestEnds puts every command into every situation. It has to end, with the
// right exit code, and to leave nothing half-written.
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
		"INT and TERM come while the command waits for what never comes: a registry, an engine, a lock,\n"+
		"a pipe, or in the middle of a file without end. Where it reads standard input or has its output\n"+
		"read by nobody, it gets a TERM there too. A dash: there is nothing of the kind to try.", result)
}

// interrupt sends a signal to the command while it waits for what never comes.
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
	r.redirect = ">&-" // Go makes that /dev/null
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
		err = fmt.Errorf("it is not silent: %s", r.stderr)
	}
	return shown, err
}

func (e *endTest) nobodyReads(c endCommand) (string, error) {
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

// fullPipe is a pipe that takes no byte more.
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
	// What the command is given blocks, as pipes of a shell do.
	err = syscall.SetNonblock(fds[1], false)
	return os.NewFile(uintptr(fds[0]), "reader"), os.NewFile(uintptr(fds[1]), "writer"), err
}

// endRun is one run of a command, in a folder of its own.
type endRun struct {
	*endTest
	line     string // for sh
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
		_ = r.cmd.Wait() // the state tells
		close(r.ended)
	}()
	return nil
}

// waitFor waits until the command is where it is to be.
func (r *endRun) waitFor(what string, done func() bool) error {
	for deadline := time.Now().Add(patience); !done(); time.Sleep(askAgain) {
		select {
		case <-r.ended:
			return fmt.Errorf("waited until %s, and it has ended with %d: %s", what, r.cmd.ProcessState.ExitCode(), r.stderr)
		default:
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("waited until %s, in vain", what)
		}
	}
	return nil
}

// kill sends a signal, after which the command ends with an exit code, in a
// word, and with nothing left of what it has begun.
func (r *endRun) kill(signal syscall.Signal, code int) (string, error) {
	if err := r.cmd.Process.Signal(signal); err != nil {
		return "", err
	}
	words := map[syscall.Signal]string{syscall.SIGINT: "interrupted", syscall.SIGTERM: "terminated"}
	return r.check(code, words[signal])
}

// ends runs the command, which is to end by itself.
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
		return "", fmt.Errorf("it does not end")
	}
	got := r.cmd.ProcessState.ExitCode()
	if got != code || !strings.Contains(r.stderr.String(), says) {
		return "", fmt.Errorf("exit code %d, want %d and %q: %s", got, code, says, r.stderr)
	}
	return fmt.Sprint(got), r.checkLeft(code == 0)
}

// checkLeft looks for what may not be left behind: temporary files, and all that
// the command makes if it has not succeeded.
func (r *endRun) checkLeft(done bool) error {
	patterns := []string{"tmp/*", "*.part", ".hocker*", "out/.hocker*"}
	if !done {
		patterns = append(patterns, "out/*")
	}
	for _, pattern := range patterns {
		left, err := filepath.Glob(filepath.Join(r.dir, pattern))
		if err != nil || len(left) > 0 {
			return fmt.Errorf("it leaves %q (%v)", left, err)
		}
	}
	return nil
}

// sleepsIn reports whether a thread of the command waits in a function of the
// kernel whose name contains this.
func (r *endRun) sleepsIn(function string) bool {
	threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/wchan", r.cmd.Process.Pid))
	for _, thread := range threads {
		where, err := os.ReadFile(thread) // it may have ended since
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

// exists reports whether there is a file in the command's folder.
func (r *endRun) exists(name string) bool {
	_, err := os.Stat(filepath.Join(r.dir, name))
	return err == nil
}
