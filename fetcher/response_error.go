package fetcher

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"oras.land/oras-go/v2/registry/remote/errcode"
)

// ResponseError is an answer of a registry that is not the content asked for.
// It is [content.ErrDenied], [content.ErrNotFound] or [content.ErrUnavailable] by its status.
type ResponseError struct {
	Method string
	URL    string // without its query, which may hold a signature
	Status int
	Errors errcode.Errors // the registry's own words, if it had any
	// Authorized says that the request showed a credential, or a token that was
	// had for one.
	Authorized bool
	// Anonymous says that there was no credential to show. Where there was one, a
	// registry that does not ask for it is not shown it.
	Anonymous bool
	// Redirected says that this is the answer of another server, to which the
	// registry leads.
	Redirected bool
	// PlainToTLS says that this is what a server of https has to say to plain http.
	PlainToTLS bool
	// RetryAfter is how long the registry wants to be left alone, if it said so.
	RetryAfter time.Duration
	// ContentRange says, under a 416, how much there is: bytes */1000.
	ContentRange string
}

func (e *ResponseError) Error() string {
	msg := fmt.Sprintf("%s %s: %d %s", e.Method, e.URL, e.Status, http.StatusText(e.Status))
	if len(e.Errors) > 0 {
		msg += " (" + e.words() + ")"
	}
	if e.RetryAfter > 0 {
		msg += fmt.Sprintf(", to be asked again in %s", e.RetryAfter.Round(time.Second))
	}
	return msg
}

// words joins what the registry said, without the details, which repeat the
// request, and within bounds, since anything may stand there.
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

// Is puts the status into one of the three kinds of failure.
func (e *ResponseError) Is(target error) bool { return target == statusKind(e.Status) }

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
