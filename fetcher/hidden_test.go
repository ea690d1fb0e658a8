package fetcher

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"

	"hocker/fetcher/content"
	"hocker/fetcher/credential"
	"hocker/fetcher/reference"
)

// secretive is a registry that sends an answer to anonymous requests, and a
// challenge only for /v2/.
func secretive(how string, hidden answer) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, pass, ok := r.BasicAuth()
		known := ok && user == "me" && pass == "pass"
		switch {
		case r.URL.Path == "/token" && known:
			io.WriteString(w, `{"token":"t0ken"}`)
		case known, r.Header.Get("Authorization") == "Bearer t0ken":
			hello.ServeHTTP(w, r)
		case r.URL.Path == "/v2/" && how == "":
		case r.URL.Path == "/v2/" && how == "Bearer":
			challenge(`Bearer realm="http://`+r.Host+`/token",service="registry"`).ServeHTTP(w, r)
		case r.URL.Path == "/v2/":
			challenge(how).ServeHTTP(w, r)
		default:
			hidden.ServeHTTP(w, r)
		}
	})
}

var (
	me       = credential.Credential{Username: "me", Password: "pass"}
	nowhere  = answer{status: http.StatusNotFound}
	blobPath = "/v2/org/app/blobs/" + string(helloDigest)
	tagPath  = "/v2/org/app/manifests/1"
)

var hiddenTests = []struct {
	name       string
	registry   http.Handler
	credential credential.Credential
	asked      []string // by a fetch of the blob, of the manifest, and by a HEAD
	kind       error
}{
	{
		name: "404", registry: secretive(basicChallenge, nowhere), credential: me,
		asked: []string{"GET " + blobPath, "GET /v2/", "GET " + blobPath, "GET " + tagPath, "HEAD " + tagPath},
	},
	{
		name: "403", registry: secretive(basicChallenge, answer{status: http.StatusForbidden}), credential: me,
		asked: []string{"GET " + blobPath, "GET /v2/", "GET " + blobPath, "GET " + tagPath, "HEAD " + tagPath},
	},
	{
		name: "401 without a challenge", registry: secretive(basicChallenge, answer{status: http.StatusUnauthorized}), credential: me,
		asked: []string{"GET " + blobPath, "GET /v2/", "GET " + blobPath, "GET " + tagPath, "HEAD " + tagPath},
	},
	{
		name: "token", registry: secretive("Bearer", nowhere), credential: me,
		asked: []string{"GET " + blobPath, "GET /v2/", "GET /token", "GET " + blobPath, "GET " + tagPath, "HEAD " + tagPath},
	},
	{
		name: "wrong password", registry: secretive(basicChallenge, nowhere), credential: credential.Credential{Username: "me", Password: "hunter2"}, kind: content.ErrNotFound,
		asked: []string{"GET " + blobPath, "GET /v2/", "GET " + blobPath, "GET " + tagPath, "HEAD " + tagPath, "GET " + tagPath},
	},
	{
		name: "no credential", registry: secretive(basicChallenge, nowhere), kind: content.ErrNotFound,
		asked: []string{"GET " + blobPath, "GET " + tagPath, "HEAD " + tagPath, "GET " + tagPath},
	},
	{
		name: "nothing is hidden", registry: secretive("", nowhere), credential: me, kind: content.ErrNotFound,
		asked: []string{"GET " + blobPath, "GET /v2/", "GET " + tagPath, "HEAD " + tagPath, "GET " + tagPath},
	},
	{
		name: "unsupported challenge", registry: secretive("Negotiate", nowhere), credential: me, kind: content.ErrNotFound,
		asked: []string{"GET " + blobPath, "GET /v2/", "GET " + tagPath, "HEAD " + tagPath, "GET " + tagPath},
	},
}

func TestHidden(t *testing.T) {
	for _, tt := range hiddenTests {
		t.Run(tt.name, func(t *testing.T) {
			s := startServer(t, tt.registry)
			c := static(s.app(t), tt.credential)
			ref := reference.Reference{Repository: s.app(t), Tag: "1"}
			_, blobErr := fetchHello(t, c, s.app(t))
			_, manifestErr := c.Manifest(t.Context(), ref)
			_, headErr := c.ManifestHead(t.Context(), ref)
			for _, err := range []error{blobErr, manifestErr, headErr} {
				if !errors.Is(err, tt.kind) {
					t.Errorf("got %v, want %v", err, tt.kind)
				}
			}
			var asked []string
			for _, r := range s.asked() {
				asked = append(asked, r.Method+" "+r.URL.Path)
			}
			// Without a digest of the server's own, HEAD is followed by GET.
			if headErr == nil {
				tt.asked = append(tt.asked, "GET "+tagPath)
			}
			if fmt.Sprint(asked) != fmt.Sprint(tt.asked) {
				t.Errorf("asked\n%q, want\n%q", asked, tt.asked)
			}
		})
	}
}

// A mirror that hides repositories receives its own credential; the registry none.
func TestHiddenMirror(t *testing.T) {
	mirror := startServer(t, secretive(basicChallenge, nowhere))
	registry := startServer(t, nowhere)
	c := static(mirror.app(t), me)
	c.Mirrors = []Mirror{{"*", mirror.app(t).Registry}}
	if got, err := fetchHello(t, c, registry.app(t)); err != nil || got != "hello" {
		t.Errorf("got %q, %v", got, err)
	}
	if len(registry.asked()) != 0 {
		t.Errorf("%d requests to the registry", len(registry.asked()))
	}
}

// The response of a redirect target does not cause a request for /v2/.
func TestHiddenBehindARedirect(t *testing.T) {
	storage := startServer(t, nowhere)
	s := startServer(t, redirect(storage.URL+"/blob"))
	if _, err := fetchHello(t, static(s.app(t), me), s.app(t)); !errors.Is(err, content.ErrNotFound) {
		t.Error(err)
	}
	if len(s.asked()) != 1 || len(storage.asked()) != 1 || storage.header("Authorization")[0] != "" {
		t.Errorf("asked %d and %d times", len(s.asked()), len(storage.asked()))
	}
}

// Concurrent fetches request /v2/ once.
func TestHiddenFromMany(t *testing.T) {
	s := startServer(t, secretive(basicChallenge, nowhere))
	c := static(s.app(t), me)
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			if got, err := fetchHello(t, c, s.app(t)); err != nil || got != "hello" {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
	wg.Wait()
	pings := 0
	for _, r := range s.asked() {
		if r.URL.Path == "/v2/" {
			pings++
		}
	}
	if pings != 1 {
		t.Errorf("%d requests for /v2/", pings)
	}
}

// A 404 may be due to the withheld credential.
func TestHiddenAndWithheld(t *testing.T) {
	s := startServer(t, secretive(basicChallenge, nowhere))
	withheld := &credential.WithheldError{Registry: s.app(t).Registry, Origin: credential.OriginVariable}
	c := &Client{Credential: func(context.Context, reference.Repository) (credential.Credential, error) {
		return credential.Credential{}, withheld
	}}
	_, err := fetchHello(t, c, s.app(t))
	if !errors.Is(err, content.ErrNotFound) || errors.Is(err, content.ErrDenied) || !errors.Is(err, withheld) {
		t.Errorf("got %v", err)
	}
}
