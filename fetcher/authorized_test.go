package fetcher_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"hocker/fetcher"
	"hocker/fetcher/credential"
	"hocker/fetcher/reference"
)

// An error reports whether a credential was used. An anonymous token does not
// count.
func TestAuthorized(t *testing.T) {
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	defer server.Close()
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }))
	defer other.Close()
	mux.HandleFunc("/token", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"token":"x"}`) })
	mux.HandleFunc("/v2/token/manifests/1", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		w.Header().Set("WWW-Authenticate", `Bearer realm="`+server.URL+`/token",service="x"`)
		w.WriteHeader(http.StatusUnauthorized)
	})
	mux.HandleFunc("/v2/silent/manifests/1", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) })
	mux.HandleFunc("/v2/away/manifests/1", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL, http.StatusTemporaryRedirect)
	})

	type state struct{ authorized, anonymous, redirected bool }
	for _, tt := range []struct {
		repository string
		credential credential.Credential
		want       state
	}{
		{"token", credential.Credential{}, state{anonymous: true}},
		{"token", credential.Credential{Username: "me", Password: "secret"}, state{authorized: true}},
		{"silent", credential.Credential{}, state{anonymous: true}},
		{"silent", credential.Credential{Username: "me", Password: "secret"}, state{}},
		{"silent", credential.Credential{Token: "x"}, state{authorized: true}},
		{"away", credential.Credential{}, state{anonymous: true, redirected: true}},
		{"away", credential.Credential{Token: "x"}, state{redirected: true}},
	} {
		ref, err := reference.Parse(server.Listener.Addr().String() + "/" + tt.repository + ":1")
		if err != nil {
			t.Fatal(err)
		}
		client := &fetcher.Client{Credential: func(context.Context, reference.Repository) (credential.Credential, error) { return tt.credential, nil }}
		_, err = client.Manifest(t.Context(), ref)
		var answer *fetcher.ResponseError
		if !errors.As(err, &answer) {
			t.Fatalf("%s: got %v, want an answer", tt.repository, err)
		}
		if got := (state{answer.Authorized, answer.Anonymous, answer.Redirected}); got != tt.want {
			t.Errorf("%s with %+v: got %+v, want %+v", tt.repository, tt.credential, got, tt.want)
		}
		var denied *fetcher.DeniedError
		if !errors.As(err, &denied) || denied.Anonymous != tt.want.anonymous {
			t.Errorf("%s with %+v: got %#v", tt.repository, tt.credential, denied)
		}
	}
}
