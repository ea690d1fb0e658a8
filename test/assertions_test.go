package test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func exitsCommand(ts *testscript.TestScript, neg bool, args []string) {
	check(ts, neg, len(args) >= 2, "exits N PROGRAM [ARG...]")
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	var exit *exec.ExitError
	switch err := ts.Exec(args[1], args[2:]...); {
	case errors.As(err, &exit) && exit.Exited():
		got = exit.ExitCode()
	case err != nil:
		ts.Fatalf("%s: %v", args[1], err) // a signal, or it could not be started
	}
	if got != want {
		ts.Fatalf("%s exited with %d, want %d", args[1], got, want)
	}
}

func captureCommand(ts *testscript.TestScript, neg bool, args []string) {
	check(ts, neg, len(args) >= 2, "capture VARIABLE PROGRAM [ARG...]")
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		ts.Fatalf("%s: %v", args[1], err)
	}
	ts.Setenv(args[0], strings.TrimSpace(ts.ReadFile("stdout")))
}

func requestsCommand(ts *testscript.TestScript, neg bool, args []string) {
	check(ts, neg, len(args) == 1 || len(args) == 3, "requests NAME [N PATTERN]")
	found := scriptOf(ts).find(ts, args[0])
	if len(args) == 1 {
		for _, line := range requestLines(ts, found) {
			fmt.Fprintln(ts.Stdout(), line)
		}
		return
	}
	pattern, err := regexp.Compile(args[2])
	ts.Check(err)
	// The requests may arrive later.
	var lines []string
	count := 0
	counted := func() bool {
		lines, count = requestLines(ts, found), 0
		for _, line := range lines {
			if pattern.MatchString(line) {
				count++
			}
		}
		return fits(ts, args[1], count)
	}
	for deadline := time.Now().Add(patience); !counted(); time.Sleep(askAgain) {
		if time.Now().After(deadline) || tooMany(args[1], count) {
			ts.Fatalf("%d requests match %q, want %s, among\n%s", count, args[2], args[1], strings.Join(lines, "\n"))
		}
	}
}

// requestLines returns a server's requests as text.
func requestLines(ts *testscript.TestScript, s server) []string {
	requests, err := s.Requests()
	ts.Check(err)
	lines := make([]string, len(requests))
	for i, request := range requests {
		lines[i] = request.String()
	}
	return lines
}

// fits reports whether a count satisfies N, <=N or >=N.
func fits(ts *testscript.TestScript, want string, count int) bool {
	text := strings.TrimLeft(want, "<>=")
	n, err := strconv.Atoi(text)
	ts.Check(err)
	switch strings.TrimSuffix(want, text) {
	case "":
		return count == n
	case "<=":
		return count <= n
	case ">=":
		return count >= n
	}
	ts.Fatalf("not a number of requests: %q", want)
	return false
}

// tooMany reports whether a count already exceeds N or <=N.
func tooMany(want string, count int) bool {
	n, err := strconv.Atoi(strings.TrimLeft(want, "<="))
	return err == nil && count > n
}

func forgetCommand(ts *testscript.TestScript, neg bool, args []string) {
	check(ts, neg, len(args) == 1, "forget NAME")
	ts.Check(scriptOf(ts).find(ts, args[0]).Forget())
}

func digestCommand(ts *testscript.TestScript, neg bool, args []string) {
	check(ts, neg, len(args) == 2, "digest FILE DIGEST")
	got := fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(ts.ReadFile(args[0]))))
	if got != args[1] {
		ts.Fatalf("%s has digest %s, want %s", args[0], got, args[1])
	}
}

func entriesCommand(ts *testscript.TestScript, neg bool, args []string) {
	check(ts, neg, len(args) >= 1, "entries DIR [NAME...]")
	found, err := os.ReadDir(ts.MkAbs(args[0]))
	ts.Check(err)
	var got []string
	for _, entry := range found {
		got = append(got, entry.Name())
	}
	want := slices.Sorted(slices.Values(args[1:]))
	if !slices.Equal(got, want) {
		ts.Fatalf("%s has %q, want %q", args[0], got, want)
	}
}

func absentCommand(ts *testscript.TestScript, neg bool, args []string) {
	check(ts, neg, len(args) >= 2 && args[0] != "", "absent TEXT PATH...")
	text := []byte(args[0])
	for _, root := range args[1:] {
		ts.Check(filepath.WalkDir(ts.MkAbs(root), func(path string, entry fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			content, err := contentOf(path, entry)
			if err != nil {
				return err
			}
			if bytes.Contains(content, text) || strings.Contains(entry.Name(), args[0]) {
				return fmt.Errorf("%q is in %s", text, path)
			}
			return nil
		}))
	}
}

// contentOf returns the content of a file or the target of a symbolic link, and nothing
// for other types.
func contentOf(path string, entry fs.DirEntry) ([]byte, error) {
	switch entry.Type() {
	case 0:
		return os.ReadFile(path)
	case fs.ModeSymlink:
		target, err := os.Readlink(path)
		return []byte(target), err
	}
	return nil, nil
}
