package fetcher

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"hocker/fetcher/content"

	"oras.land/oras-go/v2/registry/remote/errcode"
)

// ResponseError is a response with a status other than success. By its status it
// matches [content.ErrDenied], [content.ErrNotFound], [content.ErrUnavailable]
// or none of them.
type ResponseError struct {
	Method string
	URL    string // without its query, which may hold a signature
	Status int
	Errors errcode.Errors // from the body, if it has any
	// Authorized reports whether the request carried a credential, or a token
	// obtained with one.
	Authorized bool
	// Anonymous reports whether the client has no credential for the registry. If
	// it has one, it still sends it only when the registry asks.
	Anonymous bool
	// Redirected reports whether another server sent the response, after a
	// redirect from the registry.
	Redirected bool
	// PlainToTLS reports whether an https server rejected a plain http request.
	PlainToTLS bool
	// RetryAfter is how long the registry asks to wait; zero if it does not say.
	RetryAfter time.Duration
	// ContentRange is the Content-Range field. With status 416 it states the size
	// of the content, as in "bytes */1000".
	ContentRange string
}

func (e *ResponseError) Error() string {
	msg := fmt.Sprintf("%s %s: %d %s", e.Method, e.URL, e.Status, http.StatusText(e.Status))
	if len(e.Errors) > 0 {
		msg += " (" + e.words() + ")"
	}
	if e.RetryAfter > 0 {
		msg += fmt.Sprintf(", retry after %s", e.RetryAfter.Round(time.Second))
	}
	return msg
}

// words joins the registry's error messages, cut to a sane length. It omits their
// details, which repeat the request.
func (e *ResponseError) words() string {
	words := make([]string, 0, len(e.Errors))
	for _, err := range e.Errors {
		words = append(words, strings.Join(strings.Fields(err.Code+" "+err.Message), " "))
	}
	s := strings.Join(words, "; ")
	if len(s) > 300 {
		s = s[:300] + "…"
	}
	return strings.ToValidUTF8(s, "?")
}

// Is reports whether target is the kind of failure that the response stands for.
func (e *ResponseError) Is(target error) bool {
	kind := statusKind(e.Status)
	if isLimit(e.Status, e.RetryAfter) {
		kind = content.ErrLimited
	}
	return errors.Is(kind, target)
}

// maxErrorBytes bounds the part of an error's body that is read. Registries send
// a few hundred bytes.
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
	// A truncated body may still hold a complete error document.
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

// plainToTLS lists what https servers reply to plain http requests: net/http (and
// so Traefik, Caddy, docker-registry), nginx, Apache, Tomcat and Jetty. Nothing
// but the text identifies these responses.
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
