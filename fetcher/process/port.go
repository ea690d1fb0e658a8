package process

import (
	"slices"
	"strconv"
	"strings"
)

// BindsPrivileged reports whether the process listens on a port that only root may bind.
func (p Process) BindsPrivileged() bool { return slices.ContainsFunc(p.Ports, isPrivileged) }

// isPrivileged reports whether only root may bind a port: 80/tcp, 80-90/tcp.
func isPrivileged(port string) bool {
	digits := port[:len(port)-len(strings.TrimLeft(port, "0123456789"))]
	n, err := strconv.Atoi(digits)
	return err == nil && n < 1024
}
