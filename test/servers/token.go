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
	Account   Account // who may pull and push
	Anonymous bool    // anybody may pull
	Uses      int     // requests for which the registry takes a token that may only pull; 0 for any number
	ExpiresIn int     // what expires_in says, in seconds; 0 means tokenLifetime, -1 leaves it out
	Field     string  // "token", "access_token" or "" for both
	Realm     string  // the URL in the registry's challenges, if it is not the service's own
	Service   string  // the registry's name for its token service; "" means hocker-tests
	Identity  bool    // give a login an identity token, as docker login asks for it
}

// identityToken is what stands for the account after a login.
const identityToken = "identity-of-the-account"

// TokenService gives out the bearer tokens of one docker-registry, in the two
// ways that registries know: GET with basic auth, and OAuth2's POST.
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

// Log is empty: the service has nothing to say beyond its requests.
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

// account finds out who asks: given says whether they say so, known whether it
// is true.
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

// answer is the token in the fields that the options ask for.
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

// grant turns the requested scopes ("repository:NAME:ACTION,ACTION", several
// in one parameter or in several) into what is granted: everything to whom we
// know, pull to anybody else.
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
