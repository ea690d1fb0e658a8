package test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
)

// table collects the results of tests of combinations.
type table struct {
	corner  string
	columns []string

	mu    sync.Mutex
	rows  []string
	cells map[[2]string]string
}

// newTable makes a table with these rows and columns, in this order.
func newTable(corner string, rows, columns []string) *table {
	return &table{corner: corner, rows: rows, columns: columns, cells: map[[2]string]string{}}
}

// note sets a cell of the table.
func (t *table) note(row, column, text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.cells[[2]string{row, column}] = text
}

// String returns the table as text. An unset cell is a dash.
func (t *table) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, t.corner+"\t"+strings.Join(t.columns, "\t"))
	for _, row := range t.rows {
		fmt.Fprint(w, row)
		for _, column := range t.columns {
			text := t.cells[[2]string{row, column}]
			if text == "" {
				text = "-"
			}
			fmt.Fprint(w, "\t"+text)
		}
		fmt.Fprintln(w)
	}
	w.Flush()
	return b.String()
}

// workplace is a directory with a home of its own, in which programs run as
// they do in scripts.
type workplace struct {
	dir     string
	environ []string
}

// newWorkplace makes a workplace and removes it after the test. The name must be short
// and in lower case: podman uses paths as names, and waits 20 s for containers to end
// if its runroot is longer than 50 characters.
func newWorkplace(t *testing.T, name string) *workplace {
	t.Helper()
	dir := filepath.Join(filepath.Dir(shared.hocker), name)
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err) // another test that runs has one of this name
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	if err := prepareHome(dir); err != nil {
		t.Fatal(err)
	}
	w := &workplace{dir: dir}
	for name, value := range environ(w.dir, os.Getenv("PATH")) {
		w.setenv(name, value)
	}
	return w
}

func (w *workplace) setenv(name, value string) {
	w.environ = append(w.environ, name+"="+value)
}

// outcome is the exit code and the output of a program.
type outcome struct {
	command        string
	code           int
	stdout, stderr []byte
}

// run runs a program of $PATH with an empty standard input.
func (w *workplace) run(program string, args ...string) (outcome, error) {
	// env looks the program up in the workplace's PATH.
	cmd := exec.Command("env", append([]string{program}, args...)...)
	var stdout, stderr bytes.Buffer
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = w.dir, w.environ, &stdout, &stderr
	err := cmd.Run()
	o := outcome{program + " " + strings.Join(args, " "), cmd.ProcessState.ExitCode(), stdout.Bytes(), stderr.Bytes()}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		err = nil
	}
	return o, err
}

// output runs a program that must succeed and returns its standard output.
func (w *workplace) output(program string, args ...string) ([]byte, error) {
	o, err := w.run(program, args...)
	if err == nil && o.code != 0 {
		err = fmt.Errorf("%s: exit code %d\n%s%s", o.command, o.code, o.stdout, o.stderr)
	}
	return o.stdout, err
}
