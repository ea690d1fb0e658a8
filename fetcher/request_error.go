package fetcher

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

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
