package fetcher

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"

	"hocker/fetcher/internal/transfer"
	"hocker/fetcher/reference"

	"oras.land/oras-go/v2/registry/remote/auth"
	"oras.land/oras-go/v2/registry/remote/errcode"
)

// maxErrorBytes bounds what is read of an error's body: the registry's own
// words are a few hundred bytes.
const maxErrorBytes = 8 << 10

func responseError(resp *http.Response) error {
	e := &ResponseError{
		Method: resp.Request.Method,
		URL:    bareURL(resp.Request.URL),
		Status: resp.StatusCode,
	}
	e.Authorized = resp.Request.Header.Get("Authorization") != ""
	e.Redirected = resp.Request.Response != nil
	e.RetryAfter, _ = retryAfter(resp, time.Now())
	e.ContentRange = resp.Header.Get("Content-Range")
	// What breaks off is still the answer's beginning.
	text, _ := io.ReadAll(io.LimitReader(resp.Body, maxErrorBytes))
	var body struct {
		Errors errcode.Errors `json:"errors"`
	}
	if json.NewDecoder(bytes.NewReader(text)).Decode(&body) == nil {
		e.Errors = body.Errors
	}
	e.PlainToTLS = resp.Request.URL.Scheme == "http" && resp.StatusCode == http.StatusBadRequest && saysPlainToTLS(text)
	return e
}

// plainToTLS are the words of servers of https to who speaks plain http: net/http
// (and with it Traefik, Caddy, docker-registry), nginx, Apache, Tomcat, Jetty.
// There is nothing else to know them by.
var plainToTLS = []string{
	"client sent an http request to an https server",
	"the plain http request was sent to https port",
	"you're speaking plain http to an ssl-enabled server port",
	"this combination of host and port requires tls",
}

func saysPlainToTLS(text []byte) bool {
	lower := bytes.ToLower(text)
	return slices.ContainsFunc(plainToTLS, func(words string) bool { return bytes.Contains(lower, []byte(words)) })
}

// bareURL prints u without what may be secret in it: a query can hold a
// signature.
func bareURL(u *url.URL) string {
	bare := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}
	return bare.String()
}

// requestError makes the error of a request that got no answer one that a
// caller can classify and a person can read.
func requestError(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var answer *errcode.ErrorResponse
	if errors.As(err, &answer) { // the token service's
		return fmt.Errorf("token service: %w", &ResponseError{
			Method: answer.Method, URL: bareURL(answer.URL), Status: answer.StatusCode, Errors: answer.Errors,
		})
	}
	var unanswered *ChallengeError
	if errors.As(err, &unanswered) {
		return unanswered
	}
	if errors.Is(err, auth.ErrBasicCredentialNotFound) {
		return &PasswordError{}
	}
	// A *url.Error names method and whole URL once more.
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = fmt.Errorf("%s %s: %w", strings.ToUpper(wrapped.Op), withoutQuery(wrapped.URL), wrapped.Err)
	}
	switch {
	case isRefusal(err):
		return &refusedError{&bareError{err}}
	case isConnectionError(err):
		return &kindError{ErrUnavailable, &bareError{err}}
	}
	return &bareError{err}
}

// isRefusedRedirect knows the errors of net/http and of oras-go, which have no type.
func isRefusedRedirect(text string) bool {
	return strings.Contains(text, unreadableRedirect) ||
		strings.Contains(text, "redirect of token request rejected") ||
		strings.Contains(text, "refusing to resend a token request body")
}

// refusedError is a connection, a redirect or a way through a proxy that there is
// none of, and another attempt does not change that. It is [ErrUnavailable].
type refusedError struct{ error }

func (e *refusedError) Unwrap() error        { return e.error }
func (e *refusedError) Is(target error) bool { return target == ErrUnavailable }

func isRefusal(err error) bool {
	var (
		certificate *tls.CertificateVerificationError
		noTLS       tls.RecordHeaderError
		redirect    *RedirectError
		proxy       *ProxyError
	)
	return errors.As(err, &certificate) || errors.As(err, &noTLS) || errors.Is(err, http.ErrSchemeMismatch) ||
		errors.As(err, &redirect) || isRefusedRedirect(err.Error()) ||
		errors.As(err, &proxy) && proxy.Status != 0 && !proxy.retryable()
}

// bareError leaves the queries out of the URLs in an error's text, where they
// are not of our making: they may hold a key or a signature.
type bareError struct{ error }

// unreadableRedirect stands in the error of net/http for a redirect to what is no
// address.
const unreadableRedirect = "failed to parse Location header"

var urlQuery = regexp.MustCompile(`(https?://[^\s"?]*)\?[^\s"]*`)

func (e *bareError) Error() string {
	msg := e.error.Error()
	// net/http quotes a redirect's address that it cannot read: anything may
	// stand in it.
	if before, _, ok := strings.Cut(msg, unreadableRedirect); ok {
		return before + "the address of a redirect cannot be read"
	}
	return reference.Redact(urlQuery.ReplaceAllString(msg, "$1"))
}
func (e *bareError) Unwrap() error { return e.error }

func withoutQuery(s string) string {
	u, err := url.Parse(s)
	if err != nil {
		return "(unreadable URL)"
	}
	return bareURL(u)
}

// isConnectionError reports whether err says that the other side could not be
// reached or broke off, rather than that it answered something wrong.
func isConnectionError(err error) bool {
	var netErr net.Error
	var file *fs.PathError
	if errors.As(err, &file) { // its errno looks like one of the network
		return false
	}
	var stream streamError
	return errors.As(err, &netErr) || errors.As(err, &stream) || errors.Is(err, transfer.ErrStalled) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// streamError is HTTP/2's, which net/http keeps to itself, but lets be known by
// its fields.
type streamError struct {
	StreamID uint32
	Code     uint32
	Cause    error
}

func (streamError) Error() string { return "stream error" }
