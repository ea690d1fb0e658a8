package fetcher

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"hocker/fetcher/content"

	"oras.land/oras-go/v2/registry/remote/auth"
	"oras.land/oras-go/v2/registry/remote/errcode"
)

// requestError turns the error of a request without a response into one that
// callers can classify and people can read.
func requestError(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var answer *errcode.ErrorResponse
	if errors.As(err, &answer) { // from the token service
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
	// A *url.Error repeats the whole URL, with its query.
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = fmt.Errorf("%s %s: %w", strings.ToUpper(wrapped.Op), withoutQuery(wrapped.URL), wrapped.Err)
	}
	switch {
	case isRefusal(err):
		return &refusedError{&bareError{err}}
	case isConnectionError(err):
		return &kindError{content.ErrUnreachable, &bareError{err}}
	case errors.As(err, new(*json.SyntaxError)), errors.As(err, new(*json.UnmarshalTypeError)): // from the token service
		return &kindError{content.ErrUnavailable, &bareError{err}}
	}
	return &bareError{err}
}

// isRefusedRedirect recognizes untyped errors of net/http and oras-go by their
// text.
func isRefusedRedirect(text string) bool {
	return strings.Contains(text, malformedRedirect) ||
		strings.Contains(text, "redirect of token request rejected") ||
		strings.Contains(text, "refusing to resend a token request body")
}

// refusedError is a connection, redirect, proxy or range failure that a retry would not
// change. It matches [content.ErrUnreachable].
type refusedError struct{ error }

func (e *refusedError) Unwrap() error        { return e.error }
func (e *refusedError) Is(target error) bool { return unreachable(target) }

// mayPass reports whether the failure of a request may be temporary.
func mayPass(err error) bool {
	return errors.Is(err, content.ErrUnavailable) && !errors.As(err, new(*refusedError))
}

func isRefusal(err error) bool {
	var (
		certificate *tls.CertificateVerificationError
		noTLS       tls.RecordHeaderError
		redirect    *RedirectError
		proxy       *ProxyError
	)
	return errors.As(err, new(*ReachError)) || errors.As(err, &certificate) || errors.As(err, &noTLS) || errors.Is(err, http.ErrSchemeMismatch) ||
		errors.As(err, &redirect) || isRefusedRedirect(err.Error()) ||
		errors.As(err, &proxy) && proxy.Status != 0 && !retryableStatus(proxy.Status)
}
