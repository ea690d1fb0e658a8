package servers

import (
	"cmp"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"
)

// tokenIssuer is the iss claim of the tokens.
const tokenIssuer = "hocker-tests-issuer"

// tokenLifetime is longer than any test.
const tokenLifetime = 3 * time.Hour

// TokenOptions says how a token service behaves.
type TokenOptions struct {
	Account   Account // the account that may pull and push
	Anonymous bool    // pulling requires no login
	Uses      int     // number of requests that a pull token is valid for; 0 for no limit
	ExpiresIn int     // expires_in in seconds; 0 means tokenLifetime, -1 omits it
	Field     string  // "token", "access_token" or "" for both
	Realm     string  // the URL in the registry's challenges, if it is not the service's own
	Service   string  // the registry's name for its token service; "" means hocker-tests
	Identity  bool    // issue identity tokens, as docker login requests them
}

// identityToken replaces the account after a login.
const identityToken = "identity-of-the-account"

// TokenService issues the bearer tokens of a docker-registry in the two usual ways: GET
// with basic auth, and OAuth2's POST.
type TokenService struct {
	record
	options TokenOptions
	signer  *signer
	addr    string
	server  *http.Server
	wear    wear
}

// StartTokenService starts a token service with a new key.
func StartTokenService(options TokenOptions) (*TokenService, error) {
	signer, err := newSigner()
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &TokenService{options: options, signer: signer, addr: listener.Addr().String()}
	s.server = &http.Server{Handler: s.handler(http.HandlerFunc(s.serve))}
	go s.server.Serve(listener)
	return s, nil
}

// Addr is the service's host:port.
func (s *TokenService) Addr() string { return s.addr }

// Realm is the URL that the registry's challenges name.
func (s *TokenService) Realm() string {
	return cmp.Or(s.options.Realm, "http://"+s.addr+"/token")
}

// Service is what the registry's challenges call the service.
func (s *TokenService) Service() string { return cmp.Or(s.options.Service, realmName) }

// Certificate is the PEM certificate that the registry checks tokens with.
func (s *TokenService) Certificate() []byte { return s.signer.pem }

// Log is empty: the service logs only its requests.
func (s *TokenService) Log() string { return "" }

// Stop ends the service.
func (s *TokenService) Stop() error { return s.server.Close() }

// serve answers one token request.
func (s *TokenService) serve(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/token" {
		http.NotFound(w, r)
		return
	}
	username, known, given := s.account(r)
	if given && !known || !given && !s.options.Anonymous {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusUnauthorized)
		io.WriteString(w, `{"errors":[{"code":"UNAUTHORIZED","message":"incorrect username or password"}]}`)
		return
	}
	if err := r.ParseForm(); err != nil { // scopes come in the query or in the form
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	access := grant(r.Form["scope"], known)
	token, err := s.sign(username, access)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	answer := s.answer(token)
	if s.options.Identity && known && r.Form.Get("offline_token") == "true" {
		answer["refresh_token"] = identityToken
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(answer)
}

// account checks the credentials of a request: given reports whether there are any,
// known whether they are right.
func (s *TokenService) account(r *http.Request) (username string, known, given bool) {
	username, password, given := r.BasicAuth()
	if r.Method == http.MethodPost {
		switch r.PostFormValue("grant_type") {
		case "password":
			username, password, given = r.PostFormValue("username"), r.PostFormValue("password"), true
		case "refresh_token":
			known := s.options.Identity && r.PostFormValue("refresh_token") == identityToken
			return s.options.Account.Username, known, true
		}
	}
	return username, Account{username, password} == s.options.Account, given
}

// answer has the token in the fields that the options name.
func (s *TokenService) answer(token string) map[string]any {
	answer := map[string]any{"issued_at": time.Now().UTC().Format(time.RFC3339)}
	if s.options.Field != "access_token" {
		answer["token"] = token
	}
	if s.options.Field != "token" {
		answer["access_token"] = token
	}
	switch {
	case s.options.ExpiresIn > 0:
		answer["expires_in"] = s.options.ExpiresIn
	case s.options.ExpiresIn == 0:
		answer["expires_in"] = int(tokenLifetime.Seconds())
	}
	return answer
}

// accessEntry is one entry of a token's access claim.
type accessEntry struct {
	Type    string   `json:"type"`
	Name    string   `json:"name"`
	Actions []string `json:"actions"`
}

// grant returns the access for the requested scopes ("repository:NAME:ACTION,ACTION",
// several in one parameter or in several): all actions for a known account, otherwise
// pull.
func grant(scopes []string, known bool) []accessEntry {
	access := []accessEntry{}
	for _, scope := range strings.Fields(strings.Join(scopes, " ")) {
		kind, rest, _ := strings.Cut(scope, ":")
		last := strings.LastIndex(rest, ":")
		if last < 0 {
			continue
		}
		actions := strings.Split(rest[last+1:], ",")
		if !known {
			actions = slices.DeleteFunc(actions, func(a string) bool { return a != "pull" })
		}
		access = append(access, accessEntry{Type: kind, Name: rest[:last], Actions: actions})
	}
	return access
}
