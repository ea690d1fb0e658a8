package engine

import (
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// sockets returns the usual sockets of engines on Linux and macOS: Docker's before
// podman's, and those of the system before those of the user.
func sockets(getenv func(string) string, uid int) []string {
	home, runtime := getenv("HOME"), getenv("XDG_RUNTIME_DIR")
	if runtime == "" {
		runtime = filepath.Join("/run/user", strconv.Itoa(uid))
	}
	found := []string{"/var/run/docker.sock", filepath.Join(runtime, "docker.sock")}
	if home != "" { // Docker Desktop on macOS and on Linux
		found = append(found, filepath.Join(home, ".docker/run/docker.sock"), filepath.Join(home, ".docker/desktop/docker.sock"))
	}
	found = append(found, "/run/podman/podman.sock", filepath.Join(runtime, "podman/podman.sock"))
	if dir := getenv("TMPDIR"); dir != "" { // podman machine, since 5.0
		found = append(found, filepath.Join(dir, "podman/podman-machine-default-api.sock"))
	}
	if home != "" { // podman machine before 5.0
		found = append(found, filepath.Join(home, ".local/share/containers/podman/machine/podman.sock"))
	}
	return found
}

// isPodmanSocket reports whether one of the usual sockets is podman's.
func isPodmanSocket(path string) bool { return strings.HasPrefix(filepath.Base(path), "podman") }

// podmanSockets returns the usual sockets of podman.
func podmanSockets(getenv func(string) string, uid int) []string {
	return slices.DeleteFunc(sockets(getenv, uid), func(path string) bool { return !isPodmanSocket(path) })
}
