package fetcher

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"hocker/fetcher/content"
	"hocker/fetcher/credential"
)

// redirectTests redirect a request after the registry has accepted it.
var redirectTests = []struct {
	name       string
	credential credential.Credential
	challenge  string // of the registry; the token is "t0ken" or Basic
}{
	{name: "anonymous"},
	{name: "token", credential: credential.Credential{Token: "hunter2"}},
	{name: "basic", credential: credential.Credential{Username: "me", Password: "hunter2"}, challenge: basicChallenge},
	{name: "token service", credential: credential.Credential{Username: "me", Password: "hunter2"}, challenge: `Bearer realm="REALM"`},
}

// Credentials are sent only to their registry: not to the target of a redirect, nor
// after a redirect back.
func TestRedirectToAnotherOrigin(t *testing.T) {
	for _, tt := range redirectTests {
		t.Run(tt.name, func(t *testing.T) {
			var registry *server
			storage := startServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				redirect(registry.URL+"/back?sig=hunter2").ServeHTTP(w, r)
			}))
			mux := http.NewServeMux()
			registry = startServer(t, mux)
			mux.Handle("/token", answer{body: `{"token":"hunter2"}`})
			mux.Handle("/back", hello)
			mux.HandleFunc("/v2/", func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Authorization") == "" && tt.challenge != "" {
					challenge(strings.ReplaceAll(tt.challenge, "REALM", registry.URL+"/token")).ServeHTTP(w, r)
					return
				}
				redirect(storage.URL+"/blob?sig=hunter2").ServeHTTP(w, r)
			})

			if got, err := fetchHello(t, static(registry.app(t), tt.credential), registry.app(t)); err != nil || got != "hello" {
				t.Errorf("got %q, %v", got, err)
			}
			checkNoSecrets(t, storage.asked()...)
			asked := registry.asked()
			checkNoSecrets(t, asked[len(asked)-1])
			if in := asked[len(asked)-2]; (in.Header.Get("Authorization") == "") != (tt.credential == credential.Credential{}) {
				t.Errorf("the registry itself got %v", in.Header)
			}
		})
	}
}

func checkNoSecrets(t *testing.T, requests ...*http.Request) {
	t.Helper()
	if len(requests) == 0 {
		t.Error("nothing was asked")
	}
	for _, r := range requests {
		for _, key := range []string{"Authorization", "Cookie", "Proxy-Authorization"} {
			if value := r.Header.Get(key); value != "" {
				t.Errorf("%s got %s: %s", r.URL.Path, key, value)
			}
		}
	}
}

// The target of a redirect may ask for a password, but receives none.
func TestRedirectToAChallenge(t *testing.T) {
	storage := startServer(t, challenge(basicChallenge))
	registry := startServer(t, redirect(storage.URL+"/blob?sig=hunter2"))
	c := static(registry.app(t), credential.Credential{Username: "me", Password: "hunter2"})
	_, err := fetchHello(t, c, registry.app(t))
	failure{
		kind: content.ErrDenied,
		text: "blob of HOST/org/app@" + string(helloDigest) + ": GET http://HOST/blob: 401 Unauthorized (UNAUTHORIZED authentication required)",
	}.check(t, err, registry.host(), storage.host())
	checkNoSecrets(t, storage.asked()...)
}

// The query of a redirect may be a signature. No error shows it.
func TestRedirectFailures(t *testing.T) {
	tests := []struct {
		name    string
		storage http.Handler // nil means connection refused
		failure
	}{
		{
			name: "expired signature", storage: answer{status: 403, body: `<Error>hunter2</Error>`},
			failure: failure{kind: content.ErrDenied, text: "blob of HOST/org/app@" + string(helloDigest) + ": GET http://HOST/blob: 403 Forbidden"},
		},
		{
			name: "lost", storage: answer{status: 404},
			failure: failure{kind: content.ErrNotFound, text: "blob of HOST/org/app@" + string(helloDigest) + ": GET http://HOST/blob: 404 Not Found"},
		},
		{
			name: "hangs up", storage: hangUp,
			failure: failure{kind: content.ErrUnavailable, text: "blob of HOST/org/app@" + string(helloDigest) + ": GET http://HOST/blob: EOF"},
		},
		{
			name:    "connection refused",
			failure: failure{kind: content.ErrUnavailable, text: "blob of HOST/org/app@" + string(helloDigest) + ": GET http://HOST/blob: dial tcp HOST: connect: connection refused"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			storage := refusing(t).Registry.Host
			if tt.storage != nil {
				storage = startServer(t, tt.storage).host()
			}
			registry := startServer(t, redirect("http://"+storage+"/blob?sig=hunter2"))
			_, err := fetchHello(t, &Client{}, registry.app(t))
			tt.check(t, err, registry.host(), storage)
		})
	}
}

func TestRedirectLoop(t *testing.T) {
	s := startServer(t, redirect("/v2/again?sig=hunter2"))
	_, err := fetchHello(t, &Client{Notice: func(line string) { t.Errorf("tried again: %s", line) }}, s.app(t))
	failure{kind: content.ErrUnavailable, text: "blob of HOST/org/app@" + string(helloDigest) + ": GET /v2/again: stopped after 10 redirects"}.check(t, err, s.host())
	if n := len(s.asked()); n != 11 {
		t.Errorf("%d requests, want 11", n)
	}
}

func TestTenRedirects(t *testing.T) {
	s := startServer(t, times(10, redirect("/v2/again"), hello))
	if got, err := fetchHello(t, &Client{}, s.app(t)); err != nil || got != "hello" {
		t.Errorf("got %q, %v", got, err)
	}
}

// Redirects from https to http are not followed.
func TestRedirectToPlainHTTP(t *testing.T) {
	plain := startServer(t, hello)
	for _, way := range []struct {
		name  string
		start func(s *server) http.Handler
		asked int
	}{
		{name: "at once", start: func(*server) http.Handler { return redirect(plain.URL + "/blob?sig=hunter2") }, asked: 1},
		{name: "over TLS first", start: func(*server) http.Handler {
			return inTurn(redirect("/more"), redirect(plain.URL+"/blob?sig=hunter2"))
		}, asked: 2},
	} {
		t.Run(way.name, func(t *testing.T) {
			s := startTLSServer(t, way.start(nil))
			c := &Client{Transport: s.transport()}
			_, err := fetchHello(t, c, s.app(t))
			text := "the registry redirects from https to http://" + plain.host() + ": not followed"
			if !errors.Is(err, content.ErrUnavailable) || !strings.HasSuffix(err.Error(), text) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("got %v, want … %s", err, text)
			}
			if len(s.asked()) != way.asked || len(plain.asked()) != 0 {
				t.Errorf("asked %d times, and %d times in the clear", len(s.asked()), len(plain.asked()))
			}
		})
	}
}

// A redirect does not send the previous URL in the Referer field: its query may be
// a signature.
func TestRedirectReferer(t *testing.T) {
	last := startServer(t, hello)
	middle := startServer(t, redirect(last.URL+"/blob"))
	registry := startServer(t, redirect(middle.URL+"/blob?sig=hunter2"))
	if _, err := fetchHello(t, &Client{}, registry.app(t)); err != nil {
		t.Fatal(err)
	}
	if referer := last.header("Referer")[0]; strings.Contains(referer, "hunter2") {
		t.Errorf("the next host received the Referer %s", referer)
	}
}

// net/http quotes malformed URLs. The error does not show them.
func TestRedirectToNowhere(t *testing.T) {
	for _, to := range []string{"http://[::1/blob?sig=hunter2", "HTTP://[::1/blob?sig=hunter2", "//[::1/blob?sig=hunter2", "/%zz/blob?sig=hunter2", "http://h/%zz?a=\"&sig=hunter2", "ftp://h/blob?sig=hunter2", "//me:hunter2@h:x/blob"} {
		s := startServer(t, redirect(to))
		if _, err := fetchHello(t, &Client{}, s.app(t)); !errors.Is(err, content.ErrUnavailable) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: got %v", to, err)
		}
	}
}
