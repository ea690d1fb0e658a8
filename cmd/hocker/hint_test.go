package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"hocker/fetcher"
	"hocker/fetcher/archive"
	"hocker/fetcher/content"
	"hocker/fetcher/credential"
	"hocker/fetcher/engine"
	"hocker/fetcher/image"
	"hocker/fetcher/lock"
	"hocker/fetcher/nix"
	"hocker/fetcher/reference"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

const (
	wantedDigest = digest.Digest("sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824")
	otherDigest  = digest.Digest("sha256:486ea46224d1bb4fb680f34f7c9ad96a8f24ec88be73ea8e5a6c65260e9cb8a7")
)

// fetching returns the error of a failed manifest fetch.
func fetching(err error) error {
	return &fetcher.FetchError{What: "manifest", From: "registry.example/app:1", Err: err}
}

func answered(status int) *fetcher.ResponseError {
	return &fetcher.ResponseError{Method: "GET", URL: "http://registry.example/v2/app/manifests/1", Status: status}
}

func mismatched(got digest.Digest, read, size int64) error {
	return &content.VerifyError{Want: wantedDigest, Got: got, Read: read, Size: size}
}

func uncertified(err error) error {
	return fetching(fmt.Errorf("GET https://registry.example/v2/: %w", &tls.CertificateVerificationError{Err: err}))
}

// hintTests are errors and their hints. The hint is empty if it could add
// nothing to the error.
var hintTests = []struct {
	name    string
	command string // hocker manifest if empty
	inNix   bool   // Nix runs the command
	err     error
	hint    string
}{
	{name: "full disk of an engine", command: "hocker load",
		err:  &engine.Error{Host: "unix:///sock", Request: "POST /images/load", Status: 200, Message: "write /layer.tar: no space left on device"},
		hint: "the engine's disk is full: docker system df shows what fills it, docker image prune removes images without a name"},
	{name: "engine stops during the transfer", command: "hocker load", err: &engine.UnavailableError{Host: "unix:///sock", Sent: 1000, Err: io.ErrUnexpectedEOF},
		hint: "was it restarted, or did it run out of memory? Run the same command again once the engine is up"},
	{name: "a silent engine", command: "hocker load", err: &engine.UnavailableError{Host: "unix:///sock", Sent: 1000, Err: &engine.SilentError{Limit: time.Hour}},
		hint: "it may still be working, or hang: see its log, then run the same command again, which sends only what it lacks"},
	{name: "forbidden socket", command: "hocker load", err: &engine.UnavailableError{Host: "unix:///nowhere/sock", Err: syscall.EACCES},
		hint: "run this as root, or name another engine with --host or DOCKER_HOST"},
	{name: "forbidden default socket", command: "hocker load",
		err: &engine.NoneError{Tried: []*engine.UnavailableError{
			{Host: "unix:///nowhere/podman", Err: syscall.ENOENT}, {Host: "unix:///nowhere/sock", Err: syscall.EACCES}}},
		hint: "run this as root, or name another engine with --host or DOCKER_HOST"},
	{name: "no engine", command: "hocker load", err: &engine.NoneError{Tried: []*engine.UnavailableError{{Host: "unix:///nowhere", Err: syscall.ENOENT}}},
		hint: "is it running (systemctl start docker, or podman.socket), and may this user talk to it? --host or DOCKER_HOST names another one"},
	{name: "the podman program", command: "hocker load", err: &engine.UnavailableError{Host: "/usr/bin/podman", Err: io.EOF},
		hint: "does podman info work for this user? --host or CONTAINER_HOST names another podman"},
	{name: "engine is not podman", command: "hocker load", err: &engine.NotPodmanError{Host: "unix:///sock"},
		hint: "leave --engine out, or name the socket of podman with --host"},
	{name: "podman's policy", command: "hocker load",
		err:  &engine.Error{Request: "POST /images/load", Message: "Source image rejected: Running image oci-archive:/x is rejected by policy."},
		hint: "podman's policy.json has to accept the transport docker for 127.0.0.1 or, which is slower, oci-archive: containers-policy.json(5)"},
	{name: "podman's disk is full", command: "hocker load",
		err:  &engine.Error{Request: "POST /v5.8.6/libpod/images/pull", Message: "write /var/tmp/storage1/1: no space left on device"},
		hint: "the disk is full where podman writes: layers go to TMPDIR first (default /var/tmp); podman system df shows what fills its storage"},
	{name: "no containerd", command: "hocker load", err: &engine.UnavailableError{Host: "unix:///nowhere/sock", Err: syscall.ENOENT, Containerd: true},
		hint: "is it running (systemctl start containerd, or k3s)? --host or CONTAINERD_ADDRESS names another one"},
	{name: "no containerd at the default sockets", command: "hocker load", err: &engine.NoneError{Tried: []*engine.UnavailableError{{Host: "unix:///nowhere/sock", Err: syscall.ENOENT, Containerd: true}}},
		hint: "is it running (systemctl start containerd, or k3s)? --host or CONTAINERD_ADDRESS names another one"},
	{name: "forbidden containerd", command: "hocker load", err: &engine.NoneError{Tried: []*engine.UnavailableError{
		{Host: "unix:///nowhere/sock", Err: syscall.ENOENT, Containerd: true}, {Host: "unix:///nowhere/k3s", Err: syscall.EACCES, Containerd: true}}},
		hint: "only root may use containerd: run hocker with sudo. --host or CONTAINERD_ADDRESS names another one"},
	{name: "full disk of containerd", command: "hocker load",
		err:  &engine.Error{Host: "unix:///sock", Request: "Diff/Apply", Message: "write /usr/x: no space left on device", Containerd: true},
		hint: "the disk of containerd is full: crictl rmi --prune, or nerdctl image prune, removes images that nothing uses"},
	{name: "a command line", command: "hocker lock add", err: usagef("what"), hint: "see hocker lock add --help"},
	{name: "a command line with its own hint", err: &usageError{err: errors.New("what"), hint: "so"}, hint: "so"},
	{name: "an ambiguous document", command: "hocker load", err: fmt.Errorf("x: %w", &image.AmbiguousError{Document: "manifest", Err: errors.New("what")}),
		hint: "other tools may read another image from it: ask whoever made it, and do not use it until then"},
	{name: "a signal", err: &signalError{signal: syscall.SIGINT}},

	// The server does not answer as a registry.
	{name: "plain http on a port of https", err: fetching(plainToTLS()), hint: "this registry requires https: write its address as https://HOST:PORT/v2/"},
	{name: "another 400", err: fetching(answered(400))},
	{name: "https on a port of plain http", inNix: true, err: fetching(http.ErrSchemeMismatch), hint: "this registry speaks plain http: write its address as http://HOST:PORT/v2/"},
	{name: "a private CA", err: uncertified(x509.UnknownAuthorityError{}), hint: "for a private CA, give its certificate with --ca-file"},
	{name: "a private CA, in a build", inNix: true, err: uncertified(x509.UnknownAuthorityError{}), hint: "for a private CA, set NIX_SSL_CERT_FILE and let that file into the sandbox with extra-sandbox-paths"},
	{name: "another server's certificate", err: uncertified(x509.HostnameError{Certificate: &x509.Certificate{}, Host: "x"}), hint: "the certificate is for another server: is the registry's address correct?"},
	{name: "an expired certificate", err: uncertified(x509.CertificateInvalidError{Cert: &x509.Certificate{}, Reason: x509.Expired}), hint: "has the certificate expired, or is this machine's clock wrong?"},

	// The registry does not answer, or is unavailable.
	{name: "connection refused", err: fetching(unavailable(&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED})), hint: "is the registry up, and can this machine reach it (network, proxy, address)?"},
	{name: "internal error of the registry", err: fetching(answered(503)), hint: "the registry, or a proxy in front of it, has an internal error: try again later"},
	{name: "too many requests", err: fetching(answered(429)), hint: "the registry limits the rate of requests: try again later, log in, or use a mirror (--mirror)"},
	{name: "too many requests, in a build", inNix: true, err: fetching(answered(429)), hint: "the registry limits the rate of requests: try again later, log in, or use a mirror (HOCKER_MIRRORS)"},
	{name: "a layer of unknown size", err: fetching(&content.LimitError{Limit: fetcher.DefaultMaxBlob}), hint: "name the layer by its number, such as --layer 0: then the manifest states its size"},
	{name: "a layer of unknown size, in a build", inNix: true, err: fetching(&content.LimitError{Limit: fetcher.DefaultMaxBlob}), hint: "if the layer is really that large, pass its size or a higher maxSize to fetchDockerLayer, in bytes"},
	{name: "a layer that unpacks to too much", command: "hocker-image", err: &archive.LayerError{Err: &archive.UnpackError{Err: &content.LimitError{}}}, hint: "if the layer is no bomb, give a higher --max-unpacked"},
	{name: "a layer that unpacks to too much, in a build", inNix: true, err: &archive.LayerError{Err: &archive.UnpackError{Err: &content.LimitError{}}}, hint: "if the layer is no bomb, pass a higher maxUnpacked to fetchdocker, in bytes"},
	{name: "the user's own limit", err: &timeError{}, hint: "allow more time with a longer --max-time, or leave it out"},
	{name: "the user's own limit, in a build", inNix: true, err: &timeError{}, hint: "allow more time with a longer HOCKER_MAX_TIME, or leave it out"},
	{name: "a redirect that is not followed", err: fetching(&fetcher.RedirectError{Reason: "stopped after 10 redirects"})},

	// The registry denies access.
	{name: "anonymous", err: denied(fetcher.DeniedError{Anonymous: true}, answered(401)), hint: "check the image's name; for a private one give --username and --password, --token or --credentials-file"},
	{name: "anonymous, with an anonymous token", err: denied(fetcher.DeniedError{Anonymous: true}, anonymously(403)), hint: "check the image's name; for a private one give --username and --password, --token or --credentials-file"},
	{name: "anonymous, from a file of images", command: "hocker prefetch", err: denied(fetcher.DeniedError{Anonymous: true}, answered(401)), hint: "check the image's name; for a private one give --registry registry.example with --username and --password, --token or --credentials-file"},
	{name: "anonymous, in a build", inNix: true, err: denied(fetcher.DeniedError{Anonymous: true}, answered(401)), hint: "set DOCKER_REGISTRY=registry.example with DOCKER_USER and DOCKER_PASS, or with DOCKER_TOKEN, where the build runs (the daemon's environment), or let /etc/nix-docker-credentials.txt into the sandbox"},
	{name: "with a credential", err: denied(fetcher.DeniedError{}, shown(401)), hint: "the credential was refused: is it correct, and may it read this image?"},
	{name: "with a credential, without a challenge", err: denied(fetcher.DeniedError{}, answered(403)), hint: "the registry did not ask for the credential that was given: is its address correct?"},
	{name: "with a credential, unknown challenge", err: denied(fetcher.DeniedError{}, &fetcher.ChallengeError{Schemes: []string{"Negotiate"}}), hint: "if you have a token for that registry, give --token"},
	{name: "with a token, password required", err: denied(fetcher.DeniedError{}, &fetcher.PasswordError{}), hint: "this registry accepts no token: give --username and --password"},
	{name: "anonymous, password required", err: denied(fetcher.DeniedError{Anonymous: true}, &fetcher.PasswordError{}), hint: "check the image's name; for a private one give --username and --password, --token or --credentials-file"},
	{name: "with a withheld credential", err: denied(fetcher.DeniedError{Anonymous: true, Withheld: &credential.WithheldError{Origin: credential.OriginVariable, Place: "DOCKER_TOKEN", Registry: registry}}, answered(401)), hint: "DOCKER_TOKEN does not say which registry it is for: set DOCKER_REGISTRY=registry.example"},
	{name: "denied after a redirect", err: denied(fetcher.DeniedError{Anonymous: true}, redirected(403)), hint: "the registry redirects there, and such an address expires: try again"},
	{name: "a helper that fails", err: fetching(&fetcher.CredentialError{Err: errors.New("docker-credential-x: exit status 1")}), hint: "fix that, or give the credential with --username and --password-stdin"},

	// Not found.
	{name: "not found, with a credential", err: fetching(shown(404)), hint: "check the registry, the image's name and its tag"},
	{name: "not in a layout", err: fmt.Errorf("oci: %w: %w", content.ErrNotFound, fs.ErrNotExist), hint: "the image is incomplete: write it again, with all of its layers"},
	{name: "not found, anonymous", err: fetching(anonymously(404)), hint: "check the registry, the image's name and its tag; if the image is private, log in or give --username"},
	{name: "not found, with a credential that was not requested", err: fetching(answered(404)), hint: "check the registry, the image's name and its tag"},
	{name: "a file name as tag", err: &fetcher.FetchError{What: "manifest", From: "registry.example/app:out.tar", Err: answered(404)}, hint: "the second argument is the image's tag: to write to a file, give --out out.tar"},
	{name: "a blob of a dotted repository", err: &fetcher.FetchError{What: "blob", From: "registry.example/out.tar@" + string(wantedDigest), Err: shown(404)}, hint: "the registry does not have this content under this name: is the name correct, or was the content deleted?"},
	{name: "no such layer", command: "hocker layer", err: &layerError{errors.New("debian:jessie has no layer 7: it has 3")}, hint: "hocker-manifest shows the layers; the lowest is number 0, the topmost -1"},
	{name: "no such hash, in a build", inNix: true, err: &fetcher.FetchError{What: "blob", From: "registry.example/app@" + string(wantedDigest), Err: anonymously(404)}, hint: "the registry has no content with this hash under this name: is the hash correct, was the content deleted, or is the image private?"},

	// The content is not what was requested.
	{name: "other content", err: fetching(mismatched(otherDigest, 5, 5)), hint: "the registry, or something between it and this machine, sent the wrong content"},
	{name: "the right content of another size", err: fetching(mismatched(wantedDigest, 5, 7)), hint: "the content matches its digest: the image is broken, because its manifest gives another size"},
	{name: "more than the manifest says", err: fetching(mismatched("", 8, 7)), hint: "either the image's manifest gives a wrong size, or the registry has other content under this digest"},
	{name: "a changed local file", err: fmt.Errorf("/nix/store/x: %w", mismatched(otherDigest, 5, content.SizeUnknown))},
	{name: "a layer that does not match its config", err: &archive.UnpackError{Err: mismatched(otherDigest, 5, content.SizeUnknown)}, hint: "the layer matches its digest, so the image itself is broken"},
	{name: "a truncated layer", err: &archive.UnpackError{Err: errors.New("unexpected EOF")}, hint: "the layer matches its digest, so the image itself is broken"},
	{name: "an xz layer", command: "hocker-layer", err: &archive.UnpackError{Err: &archive.PackingError{Packing: "xz"}}},
	{name: "an image with an xz layer", command: "hocker image", err: &archive.UnpackError{Err: &archive.PackingError{Packing: "xz"}}, hint: "--compressed leaves the layers packed as they are"},
	{name: "a layer that does not match its config, in a build", inNix: true, err: &archive.LayerError{Err: &archive.UnpackError{Err: mismatched(otherDigest, 5, content.SizeUnknown)}}, hint: "are these the layers of this config, the lowest first?"},
	{name: "an xz layer, in a build", inNix: true, err: &archive.LayerError{Err: &archive.UnpackError{Err: &archive.PackingError{Packing: "xz"}}}},
	{name: "an index", err: fetching(&image.KindMismatchError{Want: image.KindManifest, Got: image.KindIndex}), hint: "choose from it: hocker-manifest --platform OS/ARCH, or docker2nix --fetch with --platform or --all-platforms"},
	{name: "not an index", err: fetching(&image.KindMismatchError{Want: image.KindIndex, Got: image.KindManifest}), hint: "the image has a single platform: leave out --index"},
	{name: "no index, with docker2nix", command: "hocker docker2nix", err: fetching(&image.KindMismatchError{Want: image.KindIndex, Got: image.KindManifest}), hint: "the image has a single platform: leave out --all-platforms"},
	{name: "a web page", err: fetching(&image.KindMismatchError{Want: image.KindManifest, Got: image.KindHTML}), hint: "is this the address of a registry (https://HOST/v2/), without a login page in front of it?"},
	{name: "JSON of another kind", err: fetching(&image.KindMismatchError{Want: image.KindManifest, Got: image.KindOther})},

	{name: "an image for another platform", command: "hocker image", err: forArm(), hint: "leave out --platform to use the image as it is"},
	{name: "an image for another platform, to lock", command: "hocker lock add", err: failed(forArm()), hint: "lock it for its own platform: --platform linux/arm64"},
	{name: "an image for another platform, in a build", inNix: true, err: forArm(), hint: "to lock the image for that platform alone, run hocker lock add --platform linux/arm64"},

	{name: "a foreign layer", command: "hocker image", err: fetching(&image.ForeignError{}), hint: "give --foreign to fetch it from there"},
	{name: "a foreign layer, without --foreign", command: "hocker lock add", err: fetching(&image.ForeignError{})},

	// Failures on this machine.
	{name: "a full disk", err: &fs.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}, hint: "make room on the disk, then try again"},
	{name: "no Nix", err: &nix.StoreError{Err: &exec.Error{Name: "nix-instantiate", Err: exec.ErrNotFound}}, hint: "is Nix installed, and in PATH?"},
	{name: "another failure of Nix", err: &nix.StoreError{Err: errors.New("exit status 1")}},
	{name: "a missing file", err: &fs.PathError{Op: "open", Path: "x", Err: syscall.ENOENT}},

	// Several errors.
	{name: "two with the same hint", command: "hocker lock check", err: failed(shown(404), shown(404)), hint: "check the registry, the image's name and its tag"},
	{name: "two with different hints", command: "hocker lock check", err: failed(shown(404), answered(503))},
}

func forArm() error {
	return &image.WrongPlatformError{Have: ocispec.Platform{OS: "linux", Architecture: "arm64"}, Want: ocispec.Platform{OS: "linux", Architecture: "amd64"}}
}

func plainToTLS() error {
	answer := answered(400)
	answer.PlainToTLS = true
	return answer
}

// shown returns the error for an answer to a request with a credential.
func shown(status int) error {
	answer := answered(status)
	answer.Authorized = true
	return answer
}

// unavailable returns a connection error as the client returns it.
func unavailable(err error) error { return errors.Join(content.ErrUnavailable, err) }

// anonymously returns the error for an answer to a request without a
// credential.
func anonymously(status int) error {
	answer := answered(status)
	answer.Anonymous = true
	return answer
}

func redirected(status int) error {
	answer := answered(status)
	answer.Anonymous, answer.Redirected = true, true
	return answer
}

var registry = reference.Registry{Scheme: "https", Host: "registry.example"}

func denied(e fetcher.DeniedError, err error) error {
	e.Registry, e.Err = registry, err
	return fetching(&e)
}

func failed(errs ...error) error {
	all := &lock.FailuresError{Of: len(errs)}
	for i, err := range errs {
		all.Failures = append(all.Failures, lock.Failure{Name: fmt.Sprint("image", i), Err: fetching(err)})
	}
	return all
}

func TestHint(t *testing.T) {
	for _, tt := range hintTests {
		t.Run(tt.name, func(t *testing.T) {
			command := tt.command
			switch {
			case tt.inNix:
				command = "hocker fetch"
			case command == "":
				command = "hocker manifest"
			}
			if got := hint(command, tt.err); got != tt.hint {
				t.Errorf("%v\n got: %s\nwant: %s", tt.err, got, tt.hint)
			}
		})
	}
}
