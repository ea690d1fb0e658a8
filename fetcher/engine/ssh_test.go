package engine

import (
	"context"
	"io"
	"strings"
	"testing"
)

var sshTests = []struct {
	host     string
	endpoint Endpoint
	want     string // the command line
}{
	{host: "there", want: "-- there docker system dial-stdio"},
	{host: "me@there:2222", want: "-l me -p 2222 -- there docker system dial-stdio"},
	{host: "there/run/docker.sock", want: "-- there docker --host unix:///run/docker.sock system dial-stdio"},
	{host: "there/run/a%20b", want: "-- there docker --host 'unix:///run/a b' system dial-stdio"},
	{host: "there/run/%27;x", want: `-- there docker --host 'unix:///run/'\'';x' system dial-stdio`},
	{host: "[::1]:22", want: "-p 22 -- ::1 docker system dial-stdio"},
	{host: "there/run/podman.sock", endpoint: Endpoint{Program: "podman", Identity: "/key"},
		want: "-i /key -- there podman --url unix:///run/podman.sock system dial-stdio"},
}

func TestSSHCommand(t *testing.T) {
	for _, tt := range sshTests {
		target, err := parseSSH("ssh://"+tt.host, tt.host)
		if err != nil {
			t.Errorf("%s: %v", tt.host, err)
			continue
		}
		got := strings.Join(target.command(tt.endpoint.Program, tt.endpoint.Identity), " ")
		if want := "ssh -o ConnectTimeout=30 -T " + tt.want; got != want {
			t.Errorf("%s:\n%s, want\n%s", tt.host, got, want)
		}
	}
}

func TestCommandConn(t *testing.T) {
	conn, err := dialCommand(t.Context(), []string{"cat"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, "hello"); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 5)
	if _, err := io.ReadFull(conn, got); err != nil || string(got) != "hello" {
		t.Errorf("got %q, %v", got, err)
	}
	if err := conn.Close(); err != nil {
		t.Error(err)
	}
}

// The error of a failed program is its last line.
func TestCommandConnFails(t *testing.T) {
	conn, err := dialCommand(t.Context(), []string{"sh", "-c", "echo first >&2; echo there: connection refused >&2; exit 255"})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, err = conn.Read(make([]byte, 1))
	if err == nil || err.Error() != "sh: there: connection refused (exit status 255)" {
		t.Errorf("got %v", err)
	}
}

// Close kills a program that does not exit by itself.
func TestCommandConnCloses(t *testing.T) {
	conn, err := dialCommand(t.Context(), []string{"sleep", "infinity"})
	if err != nil {
		t.Fatal(err)
	}
	read := make(chan error)
	go func() {
		_, err := conn.Read(make([]byte, 1))
		read <- err
	}()
	if err := conn.Close(); err != nil {
		t.Error(err)
	}
	if err := <-read; err == nil {
		t.Error("read from a closed connection")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := dialCommand(ctx, []string{"sleep", "infinity"}); err != context.Canceled {
		t.Errorf("cancelled: %v", err)
	}
}
