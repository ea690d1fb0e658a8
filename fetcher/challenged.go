package fetcher

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"hocker/fetcher/content"
)

// ChallengeError is returned if a registry's challenges name no authentication
// scheme that the client supports. It matches [content.ErrDenied].
type ChallengeError struct {
	Method  string
	URL     string   // without its query
	Schemes []string // as the registry spells them, such as Negotiate
	// Realm is the realm of a Bearer challenge if it is not the URL of a token
	// service.
	Realm string
}

func (e *ChallengeError) Error() string {
	at := e.Method + " " + e.URL + ": "
	if !slices.ContainsFunc(e.Schemes, func(s string) bool { return strings.EqualFold(s, "Bearer") }) {
		return fmt.Sprintf("%sthe registry asks for %.100s authentication; hocker supports Basic and Bearer", at, strings.Join(e.Schemes, ", "))
	}
	if e.Realm == "" {
		return at + "the registry asks for a token but does not name its token service: the Bearer challenge has no realm"
	}
	return fmt.Sprintf("%sthe registry names the token service %.100q, which is not an http or https URL", at, e.Realm)
}

func (e *ChallengeError) Is(target error) bool { return target == content.ErrDenied }

// challengedTransport reduces the challenges of a 401 to one that the client
// supports: the auth client above it reads only the first one, and not by the
// grammar of the RFC.
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
		// The registry rejected the credential. That is the error to report.
		resp.Header.Del(challengeField)
		return resp, nil
	}
	resp.Body.Close()
	return nil, unanswerable(req, challenges)
}

// answerable chooses a challenge. It prefers Bearer: a token gives less access
// than the password.
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

// isTokenService reports whether a realm is an http or https URL. Whether it may
// be contacted is for the auth client to check.
func isTokenService(realm string) bool {
	u, err := url.Parse(realm)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil
}

func unanswerable(req *http.Request, challenges []authChallenge) *ChallengeError {
	e := &ChallengeError{Method: req.Method, URL: bareURL(req.URL)}
	for _, c := range challenges {
		e.Schemes = append(e.Schemes, c.scheme)
		// A password may precede an @, and a key may follow a ?.
		realm, _, _ := strings.Cut(c.parameters["realm"], "?")
		if c.is("Bearer") && e.Realm == "" && !strings.Contains(realm, "@") {
			e.Realm = realm
		}
	}
	return e
}
