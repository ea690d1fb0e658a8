package test

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// The commands for programs in the background. Before a signal, or anything else that
// must happen while a program runs, await a condition. Never sleep: a fixed time is too
// short on one machine and too long on another.
//
//	start PROCESS PROGRAM [ARG...]
//	                             start a program with an empty standard input
//	await stdout|stderr PROCESS PATTERN
//	                             wait until a line of its output so far matches
//	await requests NAME N PATTERN
//	                             until N (or >=N) requests of a server match
//	await file GLOB [BYTES]      until there is a file of that name, and of that size
//	await exec PROGRAM [ARG...]  until the program exits with 0
//	signal PROCESS NAME          send it INT, TERM, HUP, QUIT, KILL, PIPE, STOP or CONT
//	ends PROCESS N               wait for its end: the exit code, or the name of the signal that ended it,
//	                             must be N; stdout and stderr are its output
//
// Programs that still run when the script ends are killed, with their children.
func init() {
	commands["start"] = startCommand
	commands["await"] = awaitCommand
	commands["signal"] = signalCommand
	commands["ends"] = endsCommand
}

const (
	// patience is the time limit of every await. It is long enough for the
	// slowest machine; only a failure takes that long.
	patience = 5 * time.Minute
	// askAgain is the time between two checks of a condition.
	askAgain = 10 * time.Millisecond
)

// signals are the signals that scripts can send, by name.
var signals = map[string]syscall.Signal{
	"INT":  syscall.SIGINT,
	"TERM": syscall.SIGTERM,
	"HUP":  syscall.SIGHUP,
	"QUIT": syscall.SIGQUIT,
	"KILL": syscall.SIGKILL,
	"PIPE": syscall.SIGPIPE,
	"STOP": syscall.SIGSTOP,
	"CONT": syscall.SIGCONT,
}

// background is a program that a script has started.
type background struct {
	cmd            *exec.Cmd
	stdout, stderr said
	keyboard       *os.File // keyboard and screen of its terminal, or nil
	screen         *screen
	ended          chan struct{} // closed when the program has ended
}

// said is the output of a program so far. It is a file because the program's children
// might keep a pipe open.
type said struct{ *os.File }

// newSaid opens a file that is already deleted.
func newSaid() (said, error) {
	file, err := os.CreateTemp("", "hocker-said-")
	if err != nil {
		return said{}, err
	}
	return said{file}, os.Remove(file.Name())
}

func (s said) String() string {
	text, err := io.ReadAll(io.NewSectionReader(s.File, 0, math.MaxInt64))
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// output returns what the program has written to a stream so far, or the text of its
// terminal.
func (b *background) output(stream string) fmt.Stringer {
	switch {
	case stream == "stderr":
		return b.stderr
	case b.screen != nil:
		return b.screen
	}
	return b.stdout
}

// running reports whether the program is still running.
func (b *background) running() bool {
	select {
	case <-b.ended:
		return false
	default:
		return true
	}
}

// kill kills the program and its children.
func (b *background) kill() {
	_ = syscall.Kill(-b.cmd.Process.Pid, syscall.SIGKILL)
	<-b.ended
	if b.keyboard != nil {
		_ = b.keyboard.Close()
	}
	_ = b.stdout.Close()
	_ = b.stderr.Close()
}

func startCommand(ts *testscript.TestScript, neg bool, args []string) {
	check(ts, neg, len(args) >= 2, "start PROCESS PROGRAM [ARG...]")
	b := prepareBackground(ts, args[1:])
	b.cmd.Stdout, b.cmd.Stderr = b.stdout.File, b.stderr.File
	b.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	b.run(ts, args[0], nil)
}

// prepareBackground prepares a program with the script's directory and environment,
// and files for its output.
func prepareBackground(ts *testscript.TestScript, args []string) *background {
	b := &background{ended: make(chan struct{})}
	var errs [2]error
	b.stdout, errs[0] = newSaid()
	b.stderr, errs[1] = newSaid()
	ts.Check(errors.Join(errs[:]...))
	// The shell finds the program in the script's PATH.
	b.cmd = exec.Command("/bin/sh", append([]string{"-c", `exec "$0" "$@"`}, args...)...)
	b.cmd.Dir = ts.MkAbs(".")
	b.cmd.Env = append(environment(ts), "PWD="+b.cmd.Dir)
	return b
}

// run starts the program under a name. It counts as ended once shown is closed, too;
// nil if it has no terminal.
func (b *background) run(ts *testscript.TestScript, name string, shown <-chan struct{}) {
	s := scriptOf(ts)
	if s.processes[name] != nil {
		ts.Fatalf("process %s exists already", name)
	}
	ts.Check(b.cmd.Start())
	go func() {
		_ = b.cmd.Wait() // ends reads ProcessState
		if shown != nil {
			<-shown
		}
		close(b.ended)
	}()
	if s.processes == nil {
		s.processes = map[string]*background{}
	}
	s.processes[name] = b
	ts.Defer(b.kill)
}

// environment returns the script's environment, which testscript does not export.
func environment(ts *testscript.TestScript) []string {
	file, err := newSaid()
	ts.Check(err)
	defer file.Close()
	name := fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), file.Fd())
	ts.Check(ts.Exec("sh", "-c", `exec env -0 >"$0"`, name))
	return strings.Split(strings.TrimSuffix(file.String(), "\x00"), "\x00")
}

// process finds a program in the background by its name.
func (s *script) process(ts *testscript.TestScript, name string) *background {
	found := s.processes[name]
	if found == nil {
		ts.Fatalf("no process %s", name)
	}
	return found
}

func awaitCommand(ts *testscript.TestScript, neg bool, args []string) {
	const usage = "await stdout|stderr|screen PROCESS PATTERN, requests NAME N PATTERN, file GLOB [BYTES] or exec PROGRAM [ARG...]"
	check(ts, neg, len(args) >= 2, usage)
	switch what, args := args[0], args[1:]; {
	case (what == "stdout" || what == "stderr" || what == "screen") && len(args) == 2:
		awaitOutput(ts, what, args[0], args[1])
	case what == "requests" && len(args) == 3:
		requestsCommand(ts, neg, args)
	case what == "file" && len(args) <= 2:
		awaitFile(ts, args[0], number(ts, strings.Join(args[1:], "")))
	case what == "exec":
		await(ts, strings.Join(args, " "), func() bool { return ts.Exec(args[0], args[1:]...) == nil })
	default:
		check(ts, neg, false, usage)
	}
}

// await waits until done returns true, and fails the script if it never does.
func await(ts *testscript.TestScript, what string, done func() bool) {
	awaitSaid(ts, what, nil, done)
}

// awaitSaid is like await, and shows the output on failure.
func awaitSaid(ts *testscript.TestScript, what string, said fmt.Stringer, done func() bool) {
	for deadline := time.Now().Add(patience); !done(); time.Sleep(askAgain) {
		if !time.Now().After(deadline) {
			continue
		}
		if said != nil {
			what += "; it is\n" + said.String()
		}
		ts.Fatalf("timed out after %v: %s", patience, what)
	}
}

// awaitOutput waits until a program has written a line that matches.
func awaitOutput(ts *testscript.TestScript, stream, name, text string) {
	pattern, err := regexp.Compile(`(?m)` + text)
	ts.Check(err)
	b := scriptOf(ts).process(ts, name)
	output := b.output(stream)
	awaitSaid(ts, stream+" of "+name+" with "+text, output, func() bool {
		running := b.running() // must be read before the output
		switch {
		case pattern.MatchString(output.String()):
			return true
		case !running:
			ts.Fatalf("%s has ended, and no line of its %s matches %q:\n%s", name, stream, text, output)
		}
		return false
	})
}

// awaitFile waits until a file of that name or pattern has at least so many bytes.
func awaitFile(ts *testscript.TestScript, glob string, size int) {
	await(ts, fmt.Sprintf("%s of %d bytes", glob, size), func() bool {
		found, err := filepath.Glob(ts.MkAbs(glob))
		ts.Check(err)
		for _, path := range found {
			if info, err := os.Stat(path); err == nil && info.Size() >= int64(size) {
				return true
			}
		}
		return false
	})
}

func signalCommand(ts *testscript.TestScript, neg bool, args []string) {
	check(ts, neg, len(args) == 2, "signal PROCESS NAME")
	number, ok := signals[args[1]]
	if !ok {
		ts.Fatalf("no signal %s", args[1])
	}
	ts.Check(scriptOf(ts).process(ts, args[0]).cmd.Process.Signal(number))
}

func endsCommand(ts *testscript.TestScript, neg bool, args []string) {
	check(ts, neg, len(args) == 2, "ends PROCESS N")
	s := scriptOf(ts)
	b := s.process(ts, args[0])
	select {
	case <-b.ended:
		delete(s.processes, args[0]) // a later program may use the name
	case <-time.After(patience):
	}
	fmt.Fprint(ts.Stdout(), b.output("stdout"))
	fmt.Fprint(ts.Stderr(), b.output("stderr"))
	if b.running() {
		ts.Fatalf("%s has not ended after %v", args[0], patience)
	}
	if got := outcomeOf(b.cmd); got != args[1] {
		ts.Fatalf("%s ended with %s, want %s", args[0], got, args[1])
	}
}

// outcomeOf returns the exit code of a program that has ended, or the name of the
// signal.
func outcomeOf(cmd *exec.Cmd) string {
	status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus)
	if ok && status.Signaled() {
		for name, number := range signals {
			if status.Signal() == number {
				return name
			}
		}
	}
	return strconv.Itoa(cmd.ProcessState.ExitCode())
}
