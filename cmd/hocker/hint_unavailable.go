package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"

	"hocker/fetcher"
	"hocker/fetcher/content"
)

// unavailableHint returns a way out if a registry could not be reached or gave
// an unexpected answer.
func unavailableHint(err error, inNix bool) string {
	var answer *fetcher.ResponseError
	switch {
	case errors.As(err, new(*timeError)):
		return pick(inNix, "allow more time with a longer HOCKER_MAX_TIME, or leave it out", "allow more time with a longer --max-time, or leave it out")
	case !errors.As(err, &answer):
		return "is the registry up, and can this machine reach it (network, proxy, address)?"
	case errors.Is(err, content.ErrLimited):
		return "the registry limits the rate of requests: try again later, log in, or use a mirror (" + pick(inNix, "HOCKER_MIRRORS", "--mirror") + ")"
	}
	return "the registry, or a proxy in front of it, has an internal error: try again later"
}

// isPlainToTLS reports whether an answer is that of an https server to a
// request over plain http.
func isPlainToTLS(err error) bool {
	var answer *fetcher.ResponseError
	return errors.As(err, &answer) && answer.PlainToTLS
}

func isCertificateError(err error) bool {
	var (
		unknown      x509.UnknownAuthorityError
		hostname     x509.HostnameError
		invalid      x509.CertificateInvalidError
		verification *tls.CertificateVerificationError
	)
	return errors.As(err, &unknown) || errors.As(err, &hostname) || errors.As(err, &invalid) || errors.As(err, &verification)
}

// certificateHint says why a certificate may not be trusted.
func certificateHint(err error, inNix bool) string {
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, new(x509.HostnameError)):
		return "the certificate is for another server: is the registry's address correct?"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "has the certificate expired, or is this machine's clock wrong?"
	case inNix:
		return "for a private CA, set NIX_SSL_CERT_FILE and let that file into the sandbox with extra-sandbox-paths"
	}
	return "for a private CA, give its certificate with --ca-file"
}
