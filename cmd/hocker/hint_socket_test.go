package main

import (
	"net"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// The hint names the group that may use the socket.
func TestSocketHint(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sock")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	group, err := user.LookupGroup("daemon")
	if err != nil {
		t.Skip(err)
	}
	gid, err := strconv.Atoi(group.Gid)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(path, -1, gid); err != nil {
		t.Skip(err) // not root
	}
	for _, tt := range []struct {
		mode os.FileMode
		want string // prefix
	}{
		{0o660, "only root and the group daemon may use it: add this user to the group (sudo usermod -aG daemon USER,"},
		{0o600, "run this as root, or name another engine"},
	} {
		if err := os.Chmod(path, tt.mode); err != nil {
			t.Fatal(err)
		}
		if got := socketHint(path); !strings.HasPrefix(got, tt.want) {
			t.Errorf("mode %o: %q, want %q", tt.mode, got, tt.want)
		}
	}
	if err := os.Chown(path, -1, 54321); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o660); err != nil {
		t.Fatal(err)
	}
	if got := socketHint(path); !strings.HasPrefix(got, "only the group 54321 may use it: run this as root") {
		t.Errorf("a group without a name: %q", got)
	}
}
