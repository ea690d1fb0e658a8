package fetcher

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"hocker/fetcher/content"
	"hocker/fetcher/credential"
	"hocker/fetcher/reference"
)

// witness records the credentials sent to each host, and challenges requests
// without one.
type witness struct {
	challenges map[string]string // by host, for anonymous requests
	mu         sync.Mutex
	sent       []string
}

func (w *witness) RoundTrip(req *http.Request) (*http.Response, error) {
	shown, _, _ := strings.Cut(req.Header.Get("Authorization"), " ")
	if req.Body != nil {
		shown += "form"
		req.Body.Close()
	}
	w.mu.Lock()
	w.sent = append(w.sent, strings.TrimSpace(req.URL.Scheme+"://"+req.URL.Host+" "+shown))
	w.mu.Unlock()
	resp := &http.Response{StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{}, Request: req}
	body := "hello"
	switch challenge := w.challenges[req.URL.Host]; {
	case req.URL.Path == "/token":
		body = `{"token":"t0ken","access_token":"t0ken"}`
	case challenge != "" && shown == "":
		resp.StatusCode, body = http.StatusUnauthorized, ""
		resp.Header.Set("WWW-Authenticate", challenge)
	}
	resp.Body, resp.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
	return resp, nil
}

// bearer returns a Bearer challenge.
func bearer(realm string) string { return `Bearer realm="` + realm + `",service="s"` }

var plainHTTPTests = []struct {
	name      string
	registry  string
	mirror    string
	find      credential.Func
	challenge string // of every host
	sent      []string
	withheld  *credential.WithheldError // in the error, or nil
	err       error
}{
	{
		name: "TLS", registry: "https://ghcr.io", find: from(me), challenge: basicChallenge,
		sent: []string{"https://ghcr.io", "https://ghcr.io Basic"},
	},
	{
		name: "plain http", registry: "http://ghcr.io", find: from(me), challenge: basicChallenge,
		sent:     []string{"http://ghcr.io"},
		withheld: &credential.WithheldError{Registry: reference.Registry{Scheme: "http", Host: "ghcr.io"}, PlainHTTP: true}, err: content.ErrDenied,
	},
	{
		name: "plain http of its own entry", registry: "http://ghcr.io", find: from(credential.Credential{Username: "me", Password: "pass", PlainHTTP: true}), challenge: basicChallenge,
		sent: []string{"http://ghcr.io", "http://ghcr.io Basic"},
	},
	{
		name: "plain http on this machine", registry: "http://127.0.0.1:5000", find: from(me), challenge: basicChallenge,
		sent: []string{"http://127.0.0.1:5000", "http://127.0.0.1:5000 Basic"},
	},
	{
		name: "a token, unasked", registry: "http://ghcr.io", find: from(credential.Credential{Token: "t0ken"}),
		sent: []string{"http://ghcr.io"},
	},
	{
		name: "a token over TLS", registry: "https://ghcr.io", find: from(credential.Credential{Token: "t0ken"}),
		sent: []string{"https://ghcr.io Bearer"},
	},
	{
		name: "of no host", registry: "https://ghcr.io", find: withholds(&credential.WithheldError{Registry: ghcr, Origin: credential.OriginVariable, Place: "DOCKER_TOKEN"}), challenge: basicChallenge,
		sent:     []string{"https://ghcr.io"},
		withheld: &credential.WithheldError{Registry: ghcr, Origin: credential.OriginVariable, Place: "DOCKER_TOKEN"}, err: content.ErrDenied,
	},
	{
		name: "token service", registry: "https://ghcr.io", find: from(me), challenge: bearer("https://auth.example/token"),
		sent: []string{"https://ghcr.io", "https://auth.example Basic", "https://ghcr.io Bearer"},
	},
	{
		name: "token service over plain http, anonymous", registry: "http://ghcr.io", find: from(credential.Credential{}), challenge: bearer("http://auth.example/token"),
		sent: []string{"http://ghcr.io", "http://auth.example", "http://ghcr.io Bearer"},
	},
	{
		name: "token service over plain http, withheld", registry: "http://ghcr.io", find: from(me), challenge: bearer("http://auth.example/token"),
		sent: []string{"http://ghcr.io", "http://auth.example", "http://ghcr.io Bearer"},
	},
	{
		name: "token service over plain http, for a registry on this machine", registry: "http://localhost:5000", find: from(me), challenge: bearer("http://auth.example/token"),
		sent:     []string{"http://localhost:5000"},
		withheld: &credential.WithheldError{Registry: local, PlainHTTP: true}, err: content.ErrDenied,
	},
	{
		name: "the same for an identity token", registry: "http://localhost:5000", find: from(credential.Credential{IdentityToken: "id"}), challenge: bearer("http://auth.example/token"),
		sent:     []string{"http://localhost:5000"},
		withheld: &credential.WithheldError{Registry: local, PlainHTTP: true}, err: content.ErrDenied,
	},
	{
		name: "an identity token", registry: "https://ghcr.io", find: from(credential.Credential{IdentityToken: "id"}), challenge: bearer("https://auth.example/token"),
		sent: []string{"https://ghcr.io", "https://auth.example form", "https://ghcr.io Bearer"},
	},
	{
		name: "a mirror of another host", registry: "https://ghcr.io", mirror: "https://mirror.example", find: credential.Static(ghcr, credential.Credential{Token: "t0ken"}),
		sent: []string{"https://mirror.example"},
	},
	{
		name: "a mirror of the same host over plain http", registry: "https://ghcr.io", mirror: "http://ghcr.io", find: credential.Static(ghcr, credential.Credential{Token: "t0ken"}),
		sent: []string{"http://ghcr.io"},
	},
}

// from returns the same credential for every registry.
func from(c credential.Credential) credential.Func {
	return func(_ context.Context, _ reference.Repository) (credential.Credential, error) { return c, nil }
}

// withholds withholds the credential from every registry.
func withholds(why *credential.WithheldError) credential.Func {
	return func(context.Context, reference.Repository) (credential.Credential, error) {
		return credential.Credential{}, why
	}
}

// A credential is sent over TLS, to this machine, or where its entry allows plain
// http. The same applies to the token service.
func TestCredentialNeedsTLS(t *testing.T) {
	for _, tt := range plainHTTPTests {
		t.Run(tt.name, func(t *testing.T) {
			repo := app(t, tt.registry)
			w := &witness{challenges: map[string]string{repo.Registry.Host: tt.challenge}}
			c := &Client{Transport: w, Credential: tt.find}
			if tt.mirror != "" {
				c.Mirrors = []Mirror{{"*", app(t, tt.mirror).Registry}}
			}
			_, err := fetchHello(t, c, repo)
			if (err == nil) != (tt.err == nil) || !errors.Is(err, tt.err) {
				t.Errorf("got error %v, want %v", err, tt.err)
			}
			if !slices.Equal(w.sent, tt.sent) {
				t.Errorf("sent\n got: %q\nwant: %q", w.sent, tt.sent)
			}
			var withheld *credential.WithheldError
			if errors.As(err, &withheld) != (tt.withheld != nil) || withheld != nil && *withheld != *tt.withheld {
				t.Errorf("withheld\n got: %+v\nwant: %+v", withheld, tt.withheld)
			}
			var denied *DeniedError
			if err != nil && (!errors.As(err, &denied) || denied.Registry != repo.Registry) {
				t.Errorf("%v does not say who denied it", err)
			}
		})
	}
}
