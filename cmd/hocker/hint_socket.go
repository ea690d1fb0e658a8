package main

import (
	"errors"
	"io/fs"
	"os"
	"os/user"
	"strconv"
	"strings"
	"syscall"

	"hocker/fetcher/engine"
)

// forbiddenSocket returns the first socket that this user may not use, or "".
func forbiddenSocket(err error) string {
	var (
		silent *engine.UnavailableError
		none   *engine.NoneError
		tried  []*engine.UnavailableError
	)
	switch {
	case errors.As(err, &none):
		tried = none.Tried
	case errors.As(err, &silent):
		tried = append(tried, silent)
	}
	for _, silent := range tried {
		path, found := strings.CutPrefix(silent.Host, "unix://")
		if found && errors.Is(silent.Err, fs.ErrPermission) {
			return path
		}
	}
	return ""
}

// socketHint says who may use the socket of an engine.
func socketHint(path string) string {
	const others = "run this as root, or name another engine with --host or DOCKER_HOST"
	info, err := os.Stat(path)
	if err != nil {
		return others
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok || info.Mode().Perm()&0o020 == 0 || owner.Gid == 0 {
		return others
	}
	gid := strconv.FormatUint(uint64(owner.Gid), 10)
	group, err := user.LookupGroupId(gid)
	if err != nil {
		return "only the group " + gid + " may use it: " + others
	}
	return "only root and the group " + group.Name + " may use it: add this user to the group (sudo usermod -aG " + group.Name + " USER, then log in again), or run this as root"
}
