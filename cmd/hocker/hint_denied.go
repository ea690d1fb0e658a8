package main

import (
	"errors"
	"fmt"
	"strings"

	"hocker/fetcher"
	"hocker/fetcher/content"
	"hocker/fetcher/credential"
)

// deniedHint returns a way out if a registry denies access.
func deniedHint(command string, err error, inNix bool) string {
	var (
		answer   *fetcher.ResponseError
		denied   *fetcher.DeniedError
		withheld *credential.WithheldError
	)
	host := "HOST"
	if errors.As(err, &denied) {
		host = denied.Registry.Name()
	}
	switch {
	case errors.As(err, new(*fetcher.CredentialError)):
		return pick(inNix, "", "fix that, or give the credential with --username and --password-stdin")
	case errors.As(err, &answer) && answer.Redirected:
		return "the registry redirects there, and such an address expires: try again"
	case wasAuthorized(err):
		return "the credential was refused: is it correct, and may it read this image?"
	case errors.As(err, &withheld):
		return withheldHint(withheld)
	case denied != nil && !denied.Anonymous && errors.As(err, new(*fetcher.PasswordError)):
		return "this registry accepts no token: give " + pick(inNix, "DOCKER_USER and DOCKER_PASS", "--username and --password")
	case denied != nil && !denied.Anonymous:
		return "the registry did not ask for the credential that was given: is its address correct?"
	case inNix:
		return fmt.Sprintf("set DOCKER_REGISTRY=%s with DOCKER_USER and DOCKER_PASS, or with DOCKER_TOKEN, where the build runs (the daemon's environment), or let /etc/nix-docker-credentials.txt into the sandbox", host)
	case readsImages(command):
		return fmt.Sprintf("check the image's name; for a private one give --registry %s with --username and --password, --token or --credentials-file", host)
	}
	return "check the image's name; for a private one give --username and --password, --token or --credentials-file"
}

// readsImages reports whether a command reads the names of images from a file.
func readsImages(command string) bool {
	return strings.HasSuffix(command, " prefetch") || strings.HasSuffix(command, " check") || strings.HasSuffix(command, " update")
}

// withheldHint says what to set so that a withheld credential is sent.
func withheldHint(e *credential.WithheldError) string {
	host := e.Registry.Name()
	switch {
	case e.PlainHTTP:
		return fmt.Sprintf("there is a credential for %s, which is not sent over plain http: write https:// in the address, or set DOCKER_REGISTRY=http://%s if others may read it", host, host)
	case e.Origin == credential.OriginVariable:
		return fmt.Sprintf("%s does not say which registry it is for: set DOCKER_REGISTRY=%s", e.Place, host)
	case e.Origin == credential.OriginFile:
		return fmt.Sprintf("%s does not say which registry its credential is for: add the line REGISTRY=%s", e.Place, host)
	case e.Origin == credential.OriginNetrc:
		return fmt.Sprintf("%s has a login for `default` only, which is not a host: add one for `machine %s`", e.Place, host)
	}
	return ""
}

// wasAuthorized reports whether the registry denied access to a request with a
// credential.
func wasAuthorized(err error) bool {
	var answer *fetcher.ResponseError
	return errors.Is(err, content.ErrDenied) && errors.As(err, &answer) && answer.Authorized
}
