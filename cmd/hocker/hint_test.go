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

// fetching is what failed while a manifest was fetched.
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

// hintTests are situations, and what is said about them: what is true then. An
// empty hint means that there is nothing to say that the error does not.
var hintTests = []struct {
	name    string
	command string // hocker manifest if empty
	inNix   bool   // the command is one that Nix runs
	err     error
	hint    string
}{
	{name: "full disk of an engine", command: "hocker load",
		err:  &engine.Error{Host: "unix:///sock", Request: "POST /images/load", Status: 200, Message: "write /layer.tar: no space left on device"},
		hint: "the engine's disk is full: docker system df shows what fills it, docker image prune removes images without a name"},
	{name: "engine that goes away", command: "hocker load", err: &engine.UnavailableError{Host: "unix:///sock", Sent: 1000, Err: io.ErrUnexpectedEOF},
		hint: "was it restarted, or did it run out of memory? Run the same command again once the engine is up"},
	{name: "socket of others", command: "hocker load", err: &engine.UnavailableError{Host: "unix:///nowhere/sock", Err: syscall.EACCES},
		hint: "run this as root, or name another engine with --host or DOCKER_HOST"},
	{name: "usual socket of others", command: "hocker load",
		err: &engine.NoneError{Tried: []*engine.UnavailableError{
			{Host: "unix:///nowhere/podman", Err: syscall.ENOENT}, {Host: "unix:///nowhere/sock", Err: syscall.EACCES}}},
		hint: "run this as root, or name another engine with --host or DOCKER_HOST"},
	{name: "no engine", command: "hocker load", err: &engine.NoneError{Tried: []*engine.UnavailableError{{Host: "unix:///nowhere", Err: syscall.ENOENT}}},
		hint: "is it running (systemctl start docker, or podman.socket), and may this user talk to it? --host or DOCKER_HOST names another one"},
	{name: "the podman program", command: "hocker load", err: &engine.UnavailableError{Host: "/usr/bin/podman", Err: io.EOF},
		hint: "does podman info work for this user? --host or CONTAINER_HOST names another podman"},
	{name: "another engine than podman", command: "hocker load", err: &engine.NotPodmanError{Host: "unix:///sock"},
		hint: "leave --engine out, or name the socket of podman with --host"},
	{name: "podman's policy", command: "hocker load",
		err:  &engine.Error{Request: "POST /images/load", Message: "Source image rejected: Running image oci-archive:/x is rejected by policy."},
		hint: "podman's policy.json has to accept the transport docker for 127.0.0.1 or, which is slower, oci-archive: containers-policy.json(5)"},
	{name: "podman's disk is full", command: "hocker load",
		err:  &engine.Error{Request: "POST /v5.8.6/libpod/images/pull", Message: "write /var/tmp/storage1/1: no space left on device"},
		hint: "the disk is full where podman writes: layers go to TMPDIR first (default /var/tmp); podman system df shows what fills its storage"},
	{name: "no containerd", command: "hocker load", err: &engine.UnavailableError{Host: "unix:///nowhere/sock", Err: syscall.ENOENT, Containerd: true},
		hint: "is it running (systemctl start containerd, or k3s)? --host or CONTAINERD_ADDRESS names another one"},
	{name: "no usual containerd", command: "hocker load", err: &engine.NoneError{Tried: []*engine.UnavailableError{{Host: "unix:///nowhere/sock", Err: syscall.ENOENT, Containerd: true}}},
		hint: "is it running (systemctl start containerd, or k3s)? --host or CONTAINERD_ADDRESS names another one"},
	{name: "a containerd of others", command: "hocker load", err: &engine.NoneError{Tried: []*engine.UnavailableError{
		{Host: "unix:///nowhere/sock", Err: syscall.ENOENT, Containerd: true}, {Host: "unix:///nowhere/k3s", Err: syscall.EACCES, Containerd: true}}},
		hint: "only root may use containerd: run hocker with sudo. --host or CONTAINERD_ADDRESS names another one"},
	{name: "full disk of containerd", command: "hocker load",
		err:  &engine.Error{Host: "unix:///sock", Request: "Diff/Apply", Message: "write /usr/x: no space left on device", Containerd: true},
		hint: "the disk of containerd is full: crictl rmi --prune, or nerdctl image prune, removes images that nothing uses"},
	{name: "a command line", command: "hocker lock add", err: usagef("what"), hint: "see hocker lock add --help"},
	{name: "a command line with a way out of its own", err: &usageError{err: errors.New("what"), hint: "so"}, hint: "so"},
	{name: "a signal", err: &signalError{signal: syscall.SIGINT}},

	// Where the answer is none that a registry gives.
	{name: "plain http on a port of https", err: fetching(plainToTLS()), hint: "this registry requires https: write its address as https://HOST:PORT/v2/"},
	{name: "another 400", err: fetching(answered(400))},
	{name: "https on a port of plain http", inNix: true, err: fetching(http.ErrSchemeMismatch), hint: "this registry speaks plain http: write its address as http://HOST:PORT/v2/"},
	{name: "a private authority", err: uncertified(x509.UnknownAuthorityError{}), hint: "for a private CA, give its certificate with --ca-file"},
	{name: "a private authority, in a build", inNix: true, err: uncertified(x509.UnknownAuthorityError{}), hint: "for a private CA, set NIX_SSL_CERT_FILE and let that file into the sandbox with extra-sandbox-paths"},
	{name: "another server's certificate", err: uncertified(x509.HostnameError{Certificate: &x509.Certificate{}, Host: "x"}), hint: "the certificate is for another server: is the registry's address correct?"},
	{name: "a certificate of last year", err: uncertified(x509.CertificateInvalidError{Cert: &x509.Certificate{}, Reason: x509.Expired}), hint: "has the certificate expired, or is this machine's clock wrong?"},

	// Where there is no answer.
	{name: "nobody listens", err: fetching(unavailable(&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED})), hint: "is the registry up, and can this machine reach it (network, proxy, address)?"},
	{name: "trouble of the registry's", err: fetching(answered(503)), hint: "the registry, or a proxy in front of it, has an internal error: try again later"},
	{name: "too many requests", err: fetching(answered(429)), hint: "the registry limits the rate of requests: try again later, log in, or use a mirror (--mirror)"},
	{name: "too many requests, in a build", inNix: true, err: fetching(answered(429)), hint: "the registry limits the rate of requests: try again later, log in, or use a mirror (HOCKER_MIRRORS)"},
	{name: "the user's own limit", err: &timeError{}, hint: "allow more time with a longer --max-time, or leave it out"},
	{name: "a redirect that is not followed", err: fetching(&fetcher.RedirectError{Reason: "stopped after 10 redirects"})},

	// Where the registry refuses. A user name is asked for where there is none.
	{name: "anonymous", err: denied(fetcher.DeniedError{Anonymous: true}, answered(401)), hint: "check the image's name; for a private one give --username and --password, --token or --credentials-file"},
	{name: "anonymous, with the token that everybody gets", err: denied(fetcher.DeniedError{Anonymous: true}, anonymously(403)), hint: "check the image's name; for a private one give --username and --password, --token or --credentials-file"},
	{name: "anonymous, from a file of images", command: "hocker prefetch", err: denied(fetcher.DeniedError{Anonymous: true}, answered(401)), hint: "check the image's name; for a private one give --registry registry.example with --username and --password, --token or --credentials-file"},
	{name: "anonymous, in a build", inNix: true, err: denied(fetcher.DeniedError{Anonymous: true}, answered(401)), hint: "set DOCKER_REGISTRY=registry.example with DOCKER_USER and DOCKER_PASS, or with DOCKER_TOKEN, where the build runs (the daemon's environment), or let /etc/nix-docker-credentials.txt into the sandbox"},
	{name: "with a credential", err: denied(fetcher.DeniedError{}, shown(401)), hint: "the credential was refused: is it correct, and may it read this image?"},
	{name: "with a credential that it did not want to see", err: denied(fetcher.DeniedError{}, answered(403)), hint: "the registry did not ask for the credential that was given: is its address correct?"},
	{name: "with a credential that can answer no challenge of its", err: denied(fetcher.DeniedError{}, &fetcher.ChallengeError{Schemes: []string{"Negotiate"}}), hint: "if you have a token for that registry, give --token"},
	{name: "with a token, for a password", err: denied(fetcher.DeniedError{}, &fetcher.PasswordError{}), hint: "this registry accepts no token: give --username and --password"},
	{name: "with nothing, for a password", err: denied(fetcher.DeniedError{Anonymous: true}, &fetcher.PasswordError{}), hint: "check the image's name; for a private one give --username and --password, --token or --credentials-file"},
	{name: "with a credential that is withheld", err: denied(fetcher.DeniedError{Anonymous: true, Withheld: &credential.WithheldError{Origin: credential.OriginVariable, Place: "DOCKER_TOKEN", Registry: registry}}, answered(401)), hint: "DOCKER_TOKEN does not say which registry it is for: set DOCKER_REGISTRY=registry.example"},
	{name: "by where it leads to", err: denied(fetcher.DeniedError{Anonymous: true}, redirected(403)), hint: "the registry redirects there, and such an address expires: try again"},
	{name: "a helper that fails", err: fetching(&fetcher.CredentialError{Err: errors.New("docker-credential-x: exit status 1")}), hint: "fix that, or give the credential with --username and --password-stdin"},

	// Where there is no such thing.
	{name: "not found by somebody", err: fetching(shown(404)), hint: "check the registry, the image's name and its tag"},
	{name: "not in a layout", err: fmt.Errorf("oci: %w: %w", content.ErrNotFound, fs.ErrNotExist), hint: "the image is incomplete: write it again, with all of its layers"},
	{name: "not found by nobody", err: fetching(anonymously(404)), hint: "check the registry, the image's name and its tag; if the image is private, log in or give --username"},
	{name: "not found by somebody who was not asked", err: fetching(answered(404)), hint: "check the registry, the image's name and its tag"},
	{name: "a file's name for a tag", err: &fetcher.FetchError{What: "manifest", From: "registry.example/app:out.tar", Err: answered(404)}, hint: "the second argument is the image's tag: to write to a file, give --out out.tar"},
	{name: "a blob of a dotted repository", err: &fetcher.FetchError{What: "blob", From: "registry.example/out.tar@" + string(wantedDigest), Err: shown(404)}, hint: "the registry does not have this content under this name: is the name correct, or was the content deleted?"},
	{name: "no such layer in an image", command: "hocker layer", err: &layerError{errors.New("debian:jessie has no layer 7: it has 3")}, hint: "hocker-manifest shows the layers; the lowest is number 0, the topmost -1"},
	{name: "nothing of that hash, in a build", inNix: true, err: &fetcher.FetchError{What: "blob", From: "registry.example/app@" + string(wantedDigest), Err: anonymously(404)}, hint: "the registry has no content with this hash under this name: is the hash correct, was the content deleted, or is the image private?"},

	// Where something else came.
	{name: "other content", err: fetching(mismatched(otherDigest, 5, 5)), hint: "the registry, or something between it and this machine, sent the wrong content"},
	{name: "the right content of another size", err: fetching(mismatched(wantedDigest, 5, 7)), hint: "the content matches its digest: the image is broken, because its manifest gives another size"},
	{name: "more than the manifest says", err: fetching(mismatched("", 8, 7)), hint: "either the image's manifest gives a wrong size, or the registry has other content under this digest"},
	{name: "a file here that has changed", err: fmt.Errorf("/nix/store/x: %w", mismatched(otherDigest, 5, content.SizeUnknown))},
	{name: "a layer that does not fit its config", err: &archive.UnpackError{Err: mismatched(otherDigest, 5, content.SizeUnknown)}, hint: "the layer matches its digest, so the image itself is broken"},
	{name: "a layer that breaks off", err: &archive.UnpackError{Err: errors.New("unexpected EOF")}, hint: "the layer matches its digest, so the image itself is broken"},
	{name: "a layer by xz", command: "hocker-layer", err: &archive.UnpackError{Err: &archive.PackingError{Packing: "xz"}}},
	{name: "an image with a layer by xz", command: "hocker image", err: &archive.UnpackError{Err: &archive.PackingError{Packing: "xz"}}, hint: "--compressed leaves the layers packed as they are"},
	{name: "a layer in Nix that does not fit its config", inNix: true, err: &archive.LayerError{Err: &archive.UnpackError{Err: mismatched(otherDigest, 5, content.SizeUnknown)}}, hint: "are these the layers of this config, the lowest first?"},
	{name: "a layer in Nix by xz", inNix: true, err: &archive.LayerError{Err: &archive.UnpackError{Err: &archive.PackingError{Packing: "xz"}}}},
	{name: "an index", err: fetching(&image.KindMismatchError{Want: image.KindManifest, Got: image.KindIndex}), hint: "choose from it: hocker-manifest --platform OS/ARCH, or docker2nix --fetch with --platform or --all-platforms"},
	{name: "no index", err: fetching(&image.KindMismatchError{Want: image.KindIndex, Got: image.KindManifest}), hint: "the image has a single platform: leave out --index"},
	{name: "no index for docker2nix", command: "hocker docker2nix", err: fetching(&image.KindMismatchError{Want: image.KindIndex, Got: image.KindManifest}), hint: "the image has a single platform: leave out --all-platforms"},
	{name: "a web page", err: fetching(&image.KindMismatchError{Want: image.KindManifest, Got: image.KindHTML}), hint: "is this the address of a registry (https://HOST/v2/), without a login page in front of it?"},
	{name: "JSON of another kind", err: fetching(&image.KindMismatchError{Want: image.KindManifest, Got: image.KindOther})},

	{name: "an image for another platform", command: "hocker image", err: forArm(), hint: "leave out --platform to use the image as it is"},
	{name: "an image for another platform, to lock", command: "hocker lock add", err: failed(forArm()), hint: "lock it for its own platform: --platform linux/arm64"},
	{name: "an image for another platform, in a build", inNix: true, err: forArm(), hint: "to lock the image for that platform alone, run hocker lock add --platform linux/arm64"},

	{name: "a foreign layer", command: "hocker image", err: fetching(&image.ForeignError{}), hint: "give --foreign to fetch it from there"},
	{name: "a foreign layer for what has no --foreign", command: "hocker lock add", err: fetching(&image.ForeignError{})},

	// This machine.
	{name: "a full disk", err: &fs.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}, hint: "make room on the disk, then try again"},
	{name: "no Nix", err: &nix.StoreError{Err: &exec.Error{Name: "nix-instantiate", Err: exec.ErrNotFound}}, hint: "is Nix installed, and in PATH?"},
	{name: "another failure of Nix's", err: &nix.StoreError{Err: errors.New("exit status 1")}},
	{name: "a file that is not there", err: &fs.PathError{Op: "open", Path: "x", Err: syscall.ENOENT}},

	// Several at once.
	{name: "two of a kind", command: "hocker lock check", err: failed(shown(404), shown(404)), hint: "check the registry, the image's name and its tag"},
	{name: "two of two kinds", command: "hocker lock check", err: failed(shown(404), answered(503))},
}

func forArm() error {
	return &image.WrongPlatformError{Have: ocispec.Platform{OS: "linux", Architecture: "arm64"}, Want: ocispec.Platform{OS: "linux", Architecture: "amd64"}}
}

func plainToTLS() error {
	answer := answered(400)
	answer.PlainToTLS = true
	return answer
}

// shown is the answer to a request that showed a credential.
func shown(status int) error {
	answer := answered(status)
	answer.Authorized = true
	return answer
}

// unavailable is the error of a connection as the client has it.
func unavailable(err error) error { return errors.Join(content.ErrUnavailable, err) }

// anonymously is the answer where there is no credential.
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
