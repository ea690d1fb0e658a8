package main

import (
	"errors"

	"hocker/fetcher/engine"
)

// isContainerdError reports whether err is about a containerd that does not respond.
func isContainerdError(err error) bool {
	var silent *engine.UnavailableError
	if errors.As(err, &silent) {
		return silent.Containerd
	}
	var none *engine.NoneError
	return errors.As(err, &none) && len(none.Tried) > 0 && none.Tried[0].Containerd
}

// containerdHint returns a way out of an error for which isContainerdError is true.
func containerdHint(err error) string {
	if forbiddenSocket(err) != "" {
		return "only root may use containerd: run hocker with sudo. --host or CONTAINERD_ADDRESS names another one"
	}
	return "is it running (systemctl start containerd, or k3s)? --host or CONTAINERD_ADDRESS names another one"
}

const fullContainerdHint = "the disk of containerd is full: crictl rmi --prune, or nerdctl image prune, removes images that nothing uses"
