package main

import (
	"errors"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"syscall"

	"hocker/fetcher/engine"
)

// isEngineError reports whether err comes from a container engine or from the
// connection to it.
func isEngineError(err error) bool {
	return errors.As(err, new(*engine.UnavailableError)) || errors.As(err, new(*engine.NotPodmanError)) || errors.As(err, new(*engine.NoneError)) ||
		errors.As(err, new(*engine.ContextError)) || errors.As(err, new(*engine.CertificateError)) ||
		errors.As(err, new(*engine.Error))
}

// isFull reports whether an engine's message is about a full disk.
func isFull(message string) bool {
	return strings.Contains(message, syscall.ENOSPC.Error())
}

// engineHint returns a way out of an engine's error, or "".
func engineHint(err error) string {
	var (
		silent *engine.UnavailableError
		answer *engine.Error
		remote *net.OpError
	)
	switch {
	case errors.As(err, new(*engine.ContextError)):
		return "docker context ls shows the contexts; DOCKER_CONTEXT=default or DOCKER_HOST names another engine"
	case errors.As(err, &answer):
		if answer.Status == http.StatusBadRequest && strings.Contains(answer.Message, "HTTP request to an HTTPS server") {
			return "this engine requires TLS: set DOCKER_TLS_VERIFY=1, and DOCKER_CERT_PATH to the folder with ca.pem, cert.pem and key.pem"
		}
		if strings.Contains(answer.Message, "rejected by policy") {
			return "podman's policy.json has to accept the transport docker for 127.0.0.1 or, which is slower, oci-archive: containers-policy.json(5)"
		}
		if isFull(answer.Message) {
			if answer.Containerd {
				return fullContainerdHint
			}
			if answer.Podman() {
				return "the disk is full where podman writes: layers go to TMPDIR first (default /var/tmp); podman system df shows what fills its storage"
			}
			return "the engine's disk is full: docker system df shows what fills it, docker image prune removes images without a name"
		}
		return ""
	case errors.Is(err, http.ErrSchemeMismatch):
		return "this engine does not speak TLS: is the port right, or should DOCKER_TLS_VERIFY be unset?"
	case isCertificateError(err), errors.As(err, new(*engine.CertificateError)):
		return "DOCKER_CERT_PATH names the folder with the ca.pem of the engine's authority, and cert.pem and key.pem of your own"
	case errors.As(err, &remote) && remote.Op == "remote error": // a TLS alert
		return "the engine refused the certificate, or wants one: DOCKER_CERT_PATH names the folder with cert.pem and key.pem"
	case errors.As(err, new(*engine.SilentError)):
		return "it may still be working, or hang: see its log, then run the same command again, which sends only what it lacks"
	case errors.As(err, &silent) && silent.Sent > 0:
		return "was it restarted, or did it run out of memory? Run the same command again once the engine is up"
	case isContainerdError(err):
		return containerdHint(err)
	case forbiddenSocket(err) != "":
		return socketHint(forbiddenSocket(err))
	case errors.As(err, new(*engine.NotPodmanError)):
		return "leave --engine out, or name the socket of podman with --host"
	case errors.As(err, &silent) && filepath.IsAbs(silent.Host): // the podman program
		return "does podman info work for this user? --host or CONTAINER_HOST names another podman"
	case errors.As(err, &silent) && strings.HasPrefix(silent.Host, "ssh:"):
		return "does ssh connect to the host without a prompt, and is docker or podman installed there?"
	}
	return "is it running (systemctl start docker, or podman.socket), and may this user talk to it? --host or DOCKER_HOST names another one"
}
