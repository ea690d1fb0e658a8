package test

import (
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"
)

// The commands for programs on a terminal. These programs run in the background, so
// await, signal and ends apply to them. Their stdout is the text of the terminal at
// the end, including the lines that have scrolled off.
//
//	terminal PROCESS COLUMNSxROWS PROGRAM [ARG...]
//	                             start a program on a terminal of that size
//	type PROCESS TEXT            type on its keyboard; ^C is Control-C, ^I Tab, ^M Enter
//	await screen PROCESS PATTERN until a line that it shows matches
func init() {
	commands["terminal"] = terminalCommand
	commands["type"] = typeCommand
}

func terminalCommand(ts *testscript.TestScript, neg bool, args []string) {
	check(ts, neg, len(args) >= 3, "terminal PROCESS COLUMNSxROWS PROGRAM [ARG...]")
	var size unix.Winsize
	_, err := fmt.Sscanf(args[1], "%dx%d", &size.Col, &size.Row)
	ts.Check(err)
	b := prepareBackground(ts, args[2:])
	keyboard, terminal, err := openTerminal(size)
	ts.Check(err)
	b.keyboard, b.screen = keyboard, newScreen(int(size.Col), int(size.Row))
	b.cmd.Stdin, b.cmd.Stdout, b.cmd.Stderr = terminal, terminal, terminal
	b.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	shown := make(chan struct{})
	go func() {
		defer close(shown)
		_, _ = io.Copy(b.screen, keyboard) // fails when no process has the terminal open any more
	}()
	b.run(ts, args[0], shown)
	ts.Check(terminal.Close())
}

// openTerminal opens a pseudoterminal and returns its two ends.
// https://man7.org/linux/man-pages/man7/pty.7.html
func openTerminal(size unix.Winsize) (keyboard, terminal *os.File, err error) {
	keyboard, err = os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, nil, err
	}
	fd := int(keyboard.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		return nil, nil, err
	}
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		return nil, nil, err
	}
	if err := unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &size); err != nil {
		return nil, nil, err
	}
	terminal, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	return keyboard, terminal, err
}

func typeCommand(ts *testscript.TestScript, neg bool, args []string) {
	check(ts, neg, len(args) == 2, "type PROCESS TEXT")
	b := scriptOf(ts).process(ts, args[0])
	if b.keyboard == nil {
		ts.Fatalf("%s has no terminal", args[0])
	}
	for _, control := range []string{"C", "I", "M", "Q", "S", "Z"} {
		args[1] = strings.ReplaceAll(args[1], "^"+control, string(control[0]-'@'))
	}
	_, err := io.WriteString(b.keyboard, args[1])
	ts.Check(err)
}
