package fetcher

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"hocker/fetcher/content"
	"hocker/fetcher/credential"
	"hocker/fetcher/reference"
)

// needs accepts one Authorization and challenges other requests.
func needs(authorization, how string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != authorization {
			challenge(how).ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

const basicChallenge = `Basic realm="registry"`

func static(repo reference.Repository, c credential.Credential) *Client {
	return &Client{Credential: credential.Static(repo.Registry, c)}
}

var basicAuthTests = []struct {
	name       string
	credential credential.Credential
	sent       []string // Authorization of each request
	failure
}{
	{name: "right", credential: credential.Credential{Username: "me", Password: "p:ss"}, sent: []string{"", "Basic " + basic("me:p:ss"), "Basic " + basic("me:p:ss")}},
	{
		name: "wrong", credential: credential.Credential{Username: "me", Password: "hunter2"}, sent: []string{"", "Basic " + basic("me:hunter2")},
		failure: failure{kind: content.ErrDenied, text: "blob of HOST/org/app@" + string(helloDigest) + ": GET http://HOST/v2/org/app/blobs/" + string(helloDigest) + ": 401 Unauthorized (UNAUTHORIZED authentication required)"},
	},
	{
		name: "anonymous", sent: []string{""},
		failure: failure{kind: content.ErrDenied, text: "blob of HOST/org/app@" + string(helloDigest) + ": the registry asks for a user name and a password, but none were given"},
	},
	{
		name: "token", credential: credential.Credential{Token: "hunter2"}, sent: []string{"Bearer hunter2"},
		failure: failure{kind: content.ErrDenied, text: "blob of HOST/org/app@" + string(helloDigest) + ": GET http://HOST/v2/org/app/blobs/" + string(helloDigest) + ": 401 Unauthorized (UNAUTHORIZED authentication required)"},
	},
}

func TestBasicAuth(t *testing.T) {
	for _, tt := range basicAuthTests {
		t.Run(tt.name, func(t *testing.T) {
			s := startServer(t, needs("Basic "+basic("me:p:ss"), basicChallenge, hello))
			c := static(s.app(t), tt.credential)
			_, err := fetchHello(t, c, s.app(t))
			if err == nil {
				// It is kept for the next request.
				_, err = fetchHello(t, c, s.app(t))
			}
			tt.check(t, err, s.host())
			if got := s.header("Authorization"); fmt.Sprint(got) != fmt.Sprint(tt.sent) {
				t.Errorf("sent %q, want %q", got, tt.sent)
			}
		})
	}
}

// Two repositories on the same host may have different credentials, as in auth files
// with a key for each namespace. A cache by host would send the first repository's
// credential for the second, and a 403 is not retried.
func TestBasicAuthOfTwoRepositories(t *testing.T) {
	s := startServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, _, ok := r.BasicAuth()
		switch {
		case !ok:
			challenge(basicChallenge).ServeHTTP(w, r)
		case !strings.HasPrefix(r.URL.Path, "/v2/"+user+"/"):
			answer{status: 403}.ServeHTTP(w, r)
		default:
			hello.ServeHTTP(w, r)
		}
	}))
	registry := s.app(t).Registry
	c := &Client{Credential: func(_ context.Context, repo reference.Repository) (credential.Credential, error) {
		org, _ := repo.Split()
		return credential.Credential{Username: org, Password: "pass"}, nil
	}}
	for _, org := range []string{"mine", "yours"} {
		if _, err := fetchHello(t, c, reference.Repository{Registry: registry, Path: org + "/app"}); err != nil {
			t.Error(err)
		}
	}
}

func TestStaticToken(t *testing.T) {
	s := startServer(t, needs("Bearer t0ken", `Bearer realm="http://127.0.0.1:1/token",service="s"`, hello))
	if _, err := fetchHello(t, static(s.app(t), credential.Credential{Token: "t0ken"}), s.app(t)); err != nil {
		t.Error(err)
	}
	_, err := fetchHello(t, static(s.app(t), credential.Credential{Token: "hunter2"}), s.app(t))
	failure{
		kind: content.ErrDenied,
		text: "blob of HOST/org/app@" + string(helloDigest) + ": GET http://HOST/v2/org/app/blobs/" + string(helloDigest) + ": 401 Unauthorized (UNAUTHORIZED authentication required)",
	}.check(t, err, s.host())
	if got := s.header("Authorization"); fmt.Sprint(got) != "[Bearer t0ken Bearer hunter2]" {
		t.Errorf("sent %q", got)
	}
}

func TestCredentialFailure(t *testing.T) {
	s := startServer(t, hello)
	locked := errors.New("the keychain is locked")
	c := &Client{Credential: func(context.Context, reference.Repository) (credential.Credential, error) {
		return credential.Credential{}, locked
	}}
	_, err := fetchHello(t, c, s.app(t))
	failure{kind: content.ErrDenied, text: "blob of HOST/org/app@" + string(helloDigest) + ": the keychain is locked"}.check(t, err, s.host())
	if !errors.Is(err, locked) || len(s.asked()) != 0 {
		t.Errorf("%v after %d requests", err, len(s.asked()))
	}
}

// A credential helper may prompt the user, so it runs once for each repository.
func TestCredentialIsFoundOnce(t *testing.T) {
	s := startServer(t, needs("Basic "+basic("me:pass"), basicChallenge, hello))
	asked := 0
	c := &Client{Credential: func(context.Context, reference.Repository) (credential.Credential, error) {
		asked++
		return credential.Credential{Username: "me", Password: "pass"}, nil
	}}
	for range 3 {
		if _, err := fetchHello(t, c, s.app(t)); err != nil {
			t.Fatal(err)
		}
	}
	if asked != 1 {
		t.Errorf("%d calls", asked)
	}
}

// The error of a canceled call is not cached.
func TestCredentialOfACancelledCall(t *testing.T) {
	s := startServer(t, hello)
	c := &Client{Credential: func(ctx context.Context, _ reference.Repository) (credential.Credential, error) {
		return credential.Credential{}, ctx.Err()
	}}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Manifest(ctx, reference.Reference{Repository: s.app(t), Tag: "1"}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if _, err := c.Manifest(t.Context(), reference.Reference{Repository: s.app(t), Tag: "1"}); err != nil {
		t.Error(err)
	}
}

// A client is safe for concurrent use, and keeps the credentials of repositories apart.
func TestManyAtOnce(t *testing.T) {
	service := &tokenService{user: "me", pass: "pass"}
	s := service.start(t)
	c := static(s.app(t), credential.Credential{Username: "me", Password: "pass"})
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			repo := reference.Repository{Registry: s.app(t).Registry, Path: fmt.Sprintf("org/app%d", i%4)}
			if got, err := fetchHello(t, c, repo); err != nil || got != "hello" {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
	wg.Wait()
}

func TestUserAgent(t *testing.T) {
	for agent, want := range map[string]string{"": "hocker", "hocker/1.2": "hocker/1.2"} {
		s := (&tokenService{}).start(t)
		if _, err := fetchHello(t, &Client{UserAgent: agent}, s.app(t)); err != nil {
			t.Fatal(err)
		}
		if got := s.header("User-Agent"); fmt.Sprint(got) != fmt.Sprint([]string{want, want, want}) {
			t.Errorf("requests by %q, want %q", got, want)
		}
	}
}
