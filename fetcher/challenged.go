package fetcher

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"hocker/fetcher/content"
)

// ChallengeError is a registry that asks for credentials in no way that this
// client knows. It is [content.ErrDenied].
type ChallengeError struct {
	Method  string
	URL     string   // without its query
	Schemes []string // as the registry names them: Negotiate, Digest
	// Realm is the one of a Bearer challenge, where that is at fault: it is not
	// the address of a token service.
	Realm string
}

func (e *ChallengeError) Error() string {
	at := e.Method + " " + e.URL + ": "
	if !slices.ContainsFunc(e.Schemes, func(s string) bool { return strings.EqualFold(s, "Bearer") }) {
		return fmt.Sprintf("%sthe registry asks for a login by %.100s, hocker knows Basic and Bearer", at, strings.Join(e.Schemes, ", "))
	}
	if e.Realm == "" {
		return at + "the registry asks for a token and does not say where to get one: its Bearer challenge has no realm"
	}
	return fmt.Sprintf("%sthe registry asks for a token of %.100q, which is not the address of a token service", at, e.Realm)
}

func (e *ChallengeError) Is(target error) bool { return target == content.ErrDenied }

// challengedTransport reduces what a 401 asks for to the one challenge that can be
// answered: the auth client above it reads the first one only, and by a grammar of
// its own.
type challengedTransport struct{ http.RoundTripper }

const challengeField = "Www-Authenticate"

func (t challengedTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := t.RoundTripper.RoundTrip(req)
	if err != nil || resp.StatusCode != http.StatusUnauthorized {
		return resp, err
	}
	challenges := parseChallenges(resp.Header.Values(challengeField))
	if len(challenges) == 0 {
		resp.Header.Del(challengeField)
		return resp, nil
	}
	if c, ok := answerable(challenges); ok {
		resp.Header.Set(challengeField, c.String())
		return resp, nil
	}
	if req.Header.Get("Authorization") != "" {
		// What was shown was refused: that is what there is to say.
		resp.Header.Del(challengeField)
		return resp, nil
	}
	resp.Body.Close()
	return nil, unanswerable(req, challenges)
}

// answerable chooses a challenge: a token, which is good for less than the
// password, rather than the password.
func answerable(challenges []authChallenge) (authChallenge, bool) {
	for _, c := range challenges {
		if c.is("Bearer") && isTokenService(c.parameters["realm"]) {
			c.scheme = "Bearer"
			return c, true
		}
	}
	for _, c := range challenges {
		if c.is("Basic") {
			return authChallenge{scheme: "Basic"}, true
		}
	}
	return authChallenge{}, false
}

// isTokenService reports whether a realm is an address that can be asked. Whether
// it may be asked, the auth client checks.
func isTokenService(realm string) bool {
	u, err := url.Parse(realm)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil
}

func unanswerable(req *http.Request, challenges []authChallenge) *ChallengeError {
	e := &ChallengeError{Method: req.Method, URL: bareURL(req.URL)}
	for _, c := range challenges {
		e.Schemes = append(e.Schemes, c.scheme)
		// A password may stand before an @, a key behind a ?.
		realm, _, _ := strings.Cut(c.parameters["realm"], "?")
		if c.is("Bearer") && e.Realm == "" && !strings.Contains(realm, "@") {
			e.Realm = realm
		}
	}
	return e
}
